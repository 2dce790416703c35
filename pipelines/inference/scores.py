"""How good a predictive sample was, once the truth is seen, by era and quantity.

CRPS and the weighted interval score (WIS) are proper scores of logarithms (lower is better);
coverage counts how often an interval held the outcome. Figures of one root origin rise and fall
together, so intervals of coverage come from drawing roots, not figures, with replacement.
Definitions: Gneiting & Raftery (2007), JASA 102; Bracher et al. (2021), PLoS Comput Biol 17(2).
"""

import datetime as dt
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import beta, binom

from pipelines.draws import named_generator

LEVELS: tuple[float, ...] = (0.5, 0.8, 0.9)
SHOWN = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}
# Resolutions 2371 and 2375 ended what was recorded; the border closed and, by degrees, opened
ERAS = {
    "before_ban": dt.date(2009, 1, 1),
    "ban": dt.date(2017, 10, 1),
    "border_closed": dt.date(2020, 2, 1),
    "since_reopening": dt.date(2023, 9, 1),
}
# eras read together; none reaches over the ban
POOLED = {
    "after_ban": ("ban", "border_closed", "since_reopening"),
    "after_closure": ("border_closed", "since_reopening"),
}
EVERY_QUANTITY = "all"
FEWEST_ROOTS = 8
RESAMPLES = 2_000
# the bar of the record-stop, in shares of cells: at least so many in 90%, so many in 50%
STOP_90, STOP_50 = 0.8, (0.3, 0.7)
TOO_FEW = "too few to judge"
WIDER = "wider than needed"
# made-up worlds that catch an interval 30% too narrow four times in five, among five quantities
FEWEST_WORLDS = 80
# chance at which a true calibration fails, over all quantities of a stream
LEVEL = 0.05
AS_PUBLISHED = "as published"
_POINTS = np.arange(1, 20) / 20


def era_of(day: pl.Expr) -> pl.Expr:
    """Name of the era a day lies in."""
    out = pl.lit(next(iter(ERAS)))
    for name, first in ERAS.items():
        out = pl.when(day >= first).then(pl.lit(name)).otherwise(out)
    return out.alias("era")


def crps(samples: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    """Continuous ranked probability score of samples (cases, draws), (cases,); 0 is perfect."""
    # imported where used: it costs seconds
    from scoringrules import crps_ensemble

    return np.asarray(crps_ensemble(outcomes, samples, backend="numpy"))


def wis(samples: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    """Weighted interval score over the 50, 80 and 90% intervals and the median, (cases,).

    Weights are the standard ones (1/2 for the median, alpha/2 for an interval). Summed here: the
    library's own sum weighs the median itself, not its distance from the outcome (0.10.0).
    """
    from scoringrules import interval_score

    total = 0.5 * np.abs(np.median(samples, axis=1) - outcomes)
    for level in LEVELS:
        alpha = 1 - level
        low, high = np.quantile(samples, [alpha / 2, 1 - alpha / 2], axis=1)
        total += alpha / 2 * np.asarray(interval_score(outcomes, low, high, alpha, backend="numpy"))
    return total / (len(LEVELS) + 0.5)


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
        to_unit: from the scored scale to the figure's unit, over a last axis of cases.

    Raises:
        ValueError: shapes disagree or a value is not finite.
    """
    samples, outcomes = np.atleast_2d(samples), np.atleast_1d(outcomes)
    if samples.shape[0] != outcomes.shape[0]:
        raise ValueError(f"{samples.shape[0]} samples for {outcomes.shape[0]} outcomes")
    if not (np.isfinite(samples).all() and np.isfinite(outcomes).all()):
        raise ValueError("a sample or an outcome is not a finite number")
    covered = {}
    for level in LEVELS:
        low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2], axis=1)
        covered[f"is_covered_{round(100 * level)}"] = (low <= outcomes) & (outcomes <= high)
    shown = np.quantile(samples, list(SHOWN.values()), axis=1)
    # a scale that runs downwards in the unit turns the points round
    points = np.sort(to_unit(shown), axis=0)
    return pl.DataFrame(
        {
            "crps": crps(samples, outcomes),
            "wis": wis(samples, outcomes),
            **covered,
            "quantile": (samples < outcomes[:, None]).mean(axis=1)
            + 0.5 * (samples == outcomes[:, None]).mean(axis=1),
            "stated": to_unit(outcomes),
            **dict(zip(SHOWN, points, strict=True)),
        }
    )


def coverage_interval(hits: np.ndarray, n: np.ndarray) -> tuple[float, float]:
    """95% interval of the share covered, by bootstrap over roots.

    Where every figure or none is covered resampling shows no spread; there it is Jeffreys'
    interval over as many trials as there are roots.

    Args:
        hits: figures covered, by root.
        n: figures, by root.
    """
    roots, share = len(n), hits.sum() / n.sum()
    if share in (0.0, 1.0):
        edge = float(beta.ppf(0.025, roots + 0.5, 0.5))
        return (edge, 1.0) if share else (0.0, 1 - edge)
    times = _resamples(roots)
    low, high = np.quantile((times @ hits) / (times @ n), [0.025, 0.975])
    return float(low), float(high)


@cache
def _resamples(roots: int) -> np.ndarray:
    """How often each of some roots is drawn with replacement, (resamples, roots)."""
    return named_generator(1, "coverage").multinomial(
        roots, np.full(roots, 1 / roots), size=RESAMPLES
    )


def _verdict(test: str, n_roots: int, coverage: dict[str, float]) -> str:
    """What a group of cases says of the 90% interval, or that it cannot say."""
    if n_roots < FEWEST_ROOTS:
        return TOO_FEW
    if test == "record_stop":
        if coverage["coverage_90"] < STOP_90 or coverage["coverage_50"] < STOP_50[0]:
            return "misses the bar"
        return "meets the bar" if coverage["coverage_50"] <= STOP_50[1] else WIDER
    if coverage["coverage_90_high"] < LEVELS[-1]:
        return "too narrow"
    return "too wide" if coverage["coverage_90_low"] > LEVELS[-1] else "holds"


def backtest_table(cases: pl.DataFrame) -> pl.DataFrame:
    """Average scored cases into the published ``backtest_scores``.

    Args:
        cases: ``stream, test, fold, model, observation_id, era, quantity, root_id`` and columns of
            `score_case`.

    Returns:
        Grain stream, test, era, quantity, model: ``n, n_not_made, n_roots, crps, wis``,
        ``coverage_50 _80 _90``, each with the ``_low`` and ``_high`` of its 95% interval,
        ``verdict``. ``n_not_made`` counts figures of the group that another model predicts and
        this one does not. Eras of ``POOLED`` and the quantity ``all`` gather what stands beside
        them.
    """
    grain = ["stream", "test", "era", "quantity", "model"]
    also = {era: [era, *(name for name, of in POOLED.items() if era in of)] for era in ERAS}
    wide = (
        cases.with_columns(
            era=pl.col("era").replace_strict(also, return_dtype=pl.List(pl.String)),
            quantity=pl.concat_list(pl.col("quantity"), pl.lit(EVERY_QUANTITY)),
        )
        .explode("era")
        .explode("quantity")
        .rename(lambda name: name.replace("is_covered", "coverage"))
    )
    names = [f"coverage_{round(100 * level)}" for level in LEVELS]
    asked = wide.group_by(grain[:-1]).agg(
        asked=pl.struct("fold", "observation_id").n_unique().cast(pl.Int64)
    )
    rows = []
    for key, group in wide.group_by(grain, maintain_order=True):
        roots = group.group_by("root_id", maintain_order=True).agg(pl.len(), pl.col(names).sum())
        n = roots["len"].to_numpy()
        row = dict(zip(grain, key, strict=True)) | {"n": group.height, "n_roots": roots.height}
        row |= {name: group[name].mean() for name in ("crps", "wis")}
        for name in names:
            hits = roots[name].to_numpy()
            row[name] = float(hits.sum() / n.sum())
            row[f"{name}_low"], row[f"{name}_high"] = coverage_interval(hits, n)
        rows.append(row | {"verdict": _verdict(str(row["test"]), roots.height, row)})
    numbers = ["crps", "wis", *(f"{name}{end}" for name in names for end in ("", "_low", "_high"))]
    schema: dict[str, Any] = dict.fromkeys(grain, pl.String)
    schema |= dict.fromkeys(["n", "n_roots"], pl.Int64)
    schema |= dict.fromkeys(numbers, pl.Float64) | {"verdict": pl.String}
    return (
        pl.DataFrame(rows, schema=schema)
        .join(asked, on=grain[:-1], how="left")
        .with_columns(n_not_made=pl.col("asked") - pl.col("n"))
        .drop("asked")
        .sort("stream", "test", "era", "quantity", "wis", "model")
    )


def unevenness(ranks: np.ndarray) -> np.ndarray:
    """Least pointwise chance of two ECDFs of ranks (sets, worlds), (sets,).

    Of the ranks, which tells lean, and of their distance from the middle, which tells width; held
    against their own distribution this is a simultaneous band (Säilynoja et al. 2022, Stat Comput).
    """
    least = np.ones(len(ranks))
    n = ranks.shape[1]
    for shares in (ranks, np.abs(2 * ranks - 1)):
        counts = (shares[:, :, None] <= _POINTS).sum(axis=1)
        sides = binom.cdf(counts, n, _POINTS), binom.sf(counts - 1, n, _POINTS)
        least = np.minimum(least, 2 * np.minimum(*sides).min(axis=1))
    return least


@cache
def _null(worlds: int) -> np.ndarray:
    generator = named_generator(1, f"calibration.null.{worlds}")
    return np.sort(unevenness(generator.uniform(size=(RESAMPLES, worlds))))


def p_value(ranks: np.ndarray) -> float:
    """Chance of ranks at least as uneven as these, (worlds,), if they were uniform."""
    null = _null(len(ranks))
    below = np.searchsorted(null, unevenness(ranks[None, :])[0] * (1 + 1e-9), side="right")
    return float((below + 1) / (len(null) + 1))


def uniformity(ranks: pl.DataFrame) -> pl.DataFrame:
    """Whether ranks fill the unit interval evenly.

    Returns:
        Grain fit, quantity: ``n_worlds``, ``p_value``, ``is_even``: whether the chance passes
        ``LEVEL`` shared among the quantities of the fit; ``verdict``, of a control whether it was
        found out, of fewer than ``FEWEST_WORLDS`` even worlds that they are too few.
    """
    rows = [
        (*key, group.height, p_value(group["rank"].to_numpy()))
        for key, group in ranks.group_by("fit", "quantity", maintain_order=True)
    ]
    schema = {"fit": pl.String, "quantity": pl.String, "n_worlds": pl.Int64, "p_value": pl.Float64}
    return (
        pl.DataFrame(rows, schema=schema, orient="row")
        .with_columns(is_even=pl.col("p_value") >= LEVEL / pl.len().over("fit"))
        .with_columns(
            verdict=pl.when(pl.col("fit") != AS_PUBLISHED)
            .then(pl.when("is_even").then(pl.lit("not found out")).otherwise(pl.lit("found out")))
            .when(~pl.col("is_even"))
            .then(pl.lit("uneven"))
            .when(pl.col("n_worlds") < FEWEST_WORLDS)
            .then(pl.lit(TOO_FEW))
            .otherwise(pl.lit("holds"))
        )
        .sort("fit", "p_value", "quantity")
    )
