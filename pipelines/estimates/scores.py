"""How good a predictive sample was, once the truth is seen.

CRPS and the weighted interval score (WIS) are proper scores in the unit of the outcome (lower
is better); coverage counts how often an interval held the outcome and carries its own
uncertainty. Definitions: Gneiting & Raftery (2007), JASA 102; Bracher et al. (2021), PLoS
Computational Biology 17(2).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from scipy.stats import beta

LEVELS: tuple[float, ...] = (0.5, 0.8, 0.9)
SHOWN = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}


def crps(samples: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    """Continuous ranked probability score, mean|x-y| - mean|x-x'|/2, by sorting.

    Args:
        samples: (cases, draws).
        outcomes: (cases,).

    Returns:
        (cases,), in the unit of the outcome; 0 is perfect.
    """
    ordered = np.sort(samples, axis=1)
    n = ordered.shape[1]
    rank = 2 * np.arange(1, n + 1) - n - 1
    spread = ordered @ rank / (n * n)
    return np.abs(samples - outcomes[:, None]).mean(axis=1) - spread


def interval_score(
    low: np.ndarray, high: np.ndarray, outcomes: np.ndarray, level: float
) -> np.ndarray:
    """Width of the central ``level`` interval plus the penalty for missing it."""
    alpha = 1 - level
    missed = np.maximum(low - outcomes, 0) + np.maximum(outcomes - high, 0)
    return (high - low) + 2 / alpha * missed


def wis(samples: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    """Weighted interval score over the 50, 80 and 90% intervals and the median.

    Weights are the standard ones (1/2 for the median, alpha/2 for an interval), which make the
    score approach the CRPS as intervals are added. Shapes as in :func:`crps`.
    """
    total = 0.5 * np.abs(np.median(samples, axis=1) - outcomes)
    for level in LEVELS:
        low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2], axis=1)
        total = total + (1 - level) / 2 * interval_score(low, high, outcomes, level)
    return total / (len(LEVELS) + 0.5)


def is_covered(samples: np.ndarray, outcomes: np.ndarray, level: float) -> np.ndarray:
    """Whether the central ``level`` interval of each case holds its outcome."""
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2], axis=1)
    return (low <= outcomes) & (outcomes <= high)


def jeffreys(hits: int, n: int, *, level: float = 0.95) -> tuple[float, float]:
    """Interval of a proportion under Jeffreys' prior, Beta(hits + 1/2, misses + 1/2).

    The end is 0 when nothing was hit and 1 when nothing was missed (Brown, Cai & DasGupta
    2001, Statistical Science 16).

    Raises:
        ValueError: ``hits`` outside 0..n.
    """
    if not 0 <= hits <= n or n == 0:
        raise ValueError(f"{hits} hits of {n} cases is not a proportion")
    shape = (hits + 0.5, n - hits + 0.5)
    low = 0.0 if hits == 0 else float(beta.ppf((1 - level) / 2, *shape))
    high = 1.0 if hits == n else float(beta.ppf((1 + level) / 2, *shape))
    return low, high


def score_case(
    samples: np.ndarray,
    outcomes: np.ndarray,
    to_unit: Callable[[np.ndarray], np.ndarray] = np.exp,
) -> pl.DataFrame:
    """Score every case: ``crps``, ``wis``, ``is_covered_50 _80 _90``, ``quantile``.

    Beside the scores stand ``stated`` and the prediction's ``q05 q25 q50 q75 q95``, in the
    figure's own unit.

    Args:
        samples: (cases, draws) of the predictive distribution.
        outcomes: (cases,).
        to_unit: from the scored scale back to the figure's unit, over a last axis of cases.

    Raises:
        ValueError: shapes disagree or a value is not finite.
    """
    samples, outcomes = np.atleast_2d(samples), np.atleast_1d(outcomes)
    if samples.shape[0] != outcomes.shape[0]:
        raise ValueError(f"{samples.shape[0]} samples for {outcomes.shape[0]} outcomes")
    if not (np.isfinite(samples).all() and np.isfinite(outcomes).all()):
        raise ValueError("a sample or an outcome is not a finite number")
    expected = to_unit(np.quantile(samples, list(SHOWN.values()), axis=1))
    return pl.DataFrame(
        {
            "crps": crps(samples, outcomes),
            "wis": wis(samples, outcomes),
            **{
                f"is_covered_{round(100 * level)}": is_covered(samples, outcomes, level)
                for level in LEVELS
            },
            "quantile": (samples < outcomes[:, None]).mean(axis=1)
            + 0.5 * (samples == outcomes[:, None]).mean(axis=1),
            "stated": to_unit(outcomes),
            **dict(zip(SHOWN, expected, strict=True)),
        }
    )


def backtest_table(cases: pl.DataFrame) -> pl.DataFrame:
    """Average scored cases into the published ``backtest_scores``.

    Args:
        cases: ``stream, test, model`` and the columns of :func:`score_case`.

    Returns:
        Grain stream, test, model: ``n, crps, wis, coverage_50, coverage_80, coverage_90`` and the
        95% Jeffreys interval of the last, ``coverage_90_low, coverage_90_high``.
    """
    table = (
        cases.group_by("stream", "test", "model")
        .agg(
            n=pl.len().cast(pl.Int64),
            crps=pl.col("crps").mean(),
            wis=pl.col("wis").mean(),
            coverage_50=pl.col("is_covered_50").mean(),
            coverage_80=pl.col("is_covered_80").mean(),
            coverage_90=pl.col("is_covered_90").mean(),
            hits=pl.col("is_covered_90").sum(),
        )
        .sort("stream", "test", "wis", "model")
    )
    bands = [jeffreys(hits, n) for hits, n in table.select("hits", "n").iter_rows()]
    return table.drop("hits").with_columns(
        coverage_90_low=pl.Series([low for low, _ in bands], dtype=pl.Float64),
        coverage_90_high=pl.Series([high for _, high in bands], dtype=pl.Float64),
    )
