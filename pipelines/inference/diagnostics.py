"""Has sampling converged, and to how many digits."""

from __future__ import annotations

import numpy as np
import polars as pl

LEAST_ESS = 1_000
HIGHEST_RHAT = 1.02
MOST_DIVERGENT = 40
# shape of a weight's tail above which draws that were reweighted are not believed
HIGHEST_K = 0.7
SCHEMA = pl.Schema(
    {
        "stream": pl.String,
        "measure": pl.String,
        "year": pl.Int64,
        "rhat": pl.Float64,
        "ess_bulk": pl.Float64,
        "ess_tail": pl.Float64,
        "mcse_q05": pl.Float64,
        "mcse_q50": pl.Float64,
        "mcse_q95": pl.Float64,
    }
)


def diagnose(stream: str, measure: str, years: np.ndarray, values: np.ndarray) -> pl.DataFrame:
    """Convergence of a yearly quantity.

    Args:
        years: (years,).
        values: (chains, draws, years).

    Returns:
        A row a year, columns of ``SCHEMA``: rank-normalised split R-hat, bulk and tail effective
        draws (Vehtari and others 2021, Bayesian Analysis 16), and the Monte Carlo error of the
        median and of both ends of the 90% interval in the quantity's unit.
    """
    from arviz_stats.base import array_stats  # loading it takes seconds

    rows = []
    for at, year in enumerate(years):
        x = values[..., at]
        mcse = [
            float(array_stats.mcse(x, method="quantile", prob=level)) for level in (0.05, 0.5, 0.95)
        ]
        rows.append(
            (
                stream,
                measure,
                int(year),
                float(array_stats.rhat(x)),
                float(array_stats.ess(x, method="bulk")),
                float(array_stats.ess(x, method="tail", prob=(0.05, 0.95))),
                *mcse,
            )
        )
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def troubles(
    diagnostics: pl.DataFrame,
    n_divergent: int,
    *,
    least: float = LEAST_ESS,
    highest: float = HIGHEST_RHAT,
) -> list[str]:
    """What, if anything, forbids publishing the draws; one sentence a trouble."""
    named = pl.format("{} {} {}", "stream", "measure", "year")
    told = [
        f"{what}: {', '.join(names[:6])}"
        for rule, what in (
            (pl.col("rhat").is_nan() | pl.col("rhat").is_null(), "no spread at all"),
            (pl.col("rhat") > highest, f"split R-hat above {highest}"),
            (
                pl.min_horizontal("ess_bulk", "ess_tail") < least,
                f"under {least:.0f} effective draws",
            ),
        )
        if (names := diagnostics.filter(rule).select(named).to_series().to_list())
    ]
    if n_divergent > MOST_DIVERGENT:
        told.append(f"{n_divergent} divergent transitions: the sampler met ground it cannot follow")
    return told
