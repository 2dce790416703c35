"""Draws into the columns that tables show, and judged ranges into draws."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl
import scipy

from pipelines.draws import QUANTILES


def quantiles(values: np.ndarray, prefix: str) -> dict[str, np.ndarray]:
    """Columns `prefix_q05` … `prefix_mean` of an array (rows, draws)."""
    points = np.quantile(values, list(QUANTILES.values()), axis=1)
    out = {f"{prefix}_{name}": points[row] for row, name in enumerate(QUANTILES)}
    out[f"{prefix}_mean"] = values.mean(axis=1)
    return out


def beta_or_lognormal(
    value: float, low: float, high: float, draws: int, rng: np.random.Generator, *, share: bool
) -> np.ndarray:
    """Draws whose central 80% is about [low, high]: normal on the logit, or on the log.

    Equal ends give the value itself.
    """
    if low == high:
        return np.full(draws, value)
    z = scipy.stats.norm.ppf(0.9)
    noise = rng.standard_normal(draws)
    if not share:
        spread = (np.log(high) - np.log(low)) / (2 * z)
        return np.exp(np.log(value) + spread * noise)
    middle, lower, upper = (np.log(x / (1 - x)) for x in (value, low, high))
    return 1 / (1 + np.exp(-(middle + (upper - lower) / (2 * z) * noise)))


def jeffreys(hits: np.ndarray, size: np.ndarray | int) -> tuple[np.ndarray, np.ndarray]:
    """Ends of Jeffreys' 90% interval of a share; none may be nothing, and all may be all."""
    low = scipy.stats.beta.ppf(0.05, hits + 0.5, size - hits + 0.5)
    high = scipy.stats.beta.ppf(0.95, hits + 0.5, size - hits + 0.5)
    return np.where(hits == 0, 0.0, low), np.where(hits == size, 1.0, high)


def quantile_names(*prefixes: str) -> list[str]:
    """The columns that `quantiles` makes, prefix by prefix."""
    return [f"{prefix}_{name}" for prefix in prefixes for name in (*QUANTILES, "mean")]


def quantile_row(values: np.ndarray, prefix: str) -> dict[str, float]:
    """The columns that `quantiles` makes of one row of draws."""
    return {name: float(one[0]) for name, one in quantiles(values[None, :], prefix).items()}


def stacked(rows: Iterable[np.ndarray]) -> np.ndarray:
    """Rows of draws as (rows, draws), also where there is none."""
    held = list(rows)
    return np.array(held) if held else np.zeros((0, 1))


def evenly(draws: int, wanted: int) -> np.ndarray:
    """Places of `wanted` evenly spaced draws among `draws`, or of all where there are fewer."""
    return np.unique(np.linspace(0, draws - 1, min(wanted, draws)).astype(int))


def replaced_share(
    replaceability: pl.DataFrame,
    horizon_months: tuple[float, float, float],
    types: Sequence[str],
    draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Share of a removed party's business that is back within the horizon, averaged over it.

    After t months a share r(1 - exp(-t/T)) is back; over a horizon h the average of that is
    r(1 - (1 - exp(-h/T)) T/h), the part of the income over the horizon that is not cut.

    Args:
        replaceability: judged r and T in months, by node_type.
        horizon_months: judged: value, low, high.
        types: node type per node.

    Returns:
        (nodes, draws).
    """
    drawn = {}
    for row in replaceability.sort("node_type").iter_rows(named=True):
        share, months = (
            beta_or_lognormal(
                row[name], row[f"{name}_low"], row[f"{name}_high"], draws, rng,
                share=name == "share",
            )
            for name in ("share", "months")
        )  # fmt: skip
        drawn[row["node_type"]] = share, months
    horizon = beta_or_lognormal(*horizon_months, draws, rng, share=False)
    back = {}
    for name, (share, months) in drawn.items():
        ratio = horizon / months
        back[name] = share * (1 - (1 - np.exp(-ratio)) / ratio)
    return np.array([back[name] for name in types]).reshape(len(types), draws)
