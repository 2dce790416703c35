"""Has sampling converged, and to how many digits."""

from typing import Any

import numpy as np
import polars as pl

LEAST_ESS = 1_000
HIGHEST_RHAT = 1.02
MOST_DIVERGENT = 40
# shape of a weight's tail above which draws that were reweighted are not believed
HIGHEST_K = 0.7


def diagnose(stream: str, measure: str, years: np.ndarray, values: np.ndarray) -> pl.DataFrame:
    """Convergence of a yearly quantity.

    Args:
        years: (years,).
        values: (chains, draws, years).

    Returns:
        stream, measure, year; rhat, ess_bulk, ess_tail: rank-normalised split R-hat, bulk and tail
        effective draws (Vehtari and others 2021, Bayesian Analysis 16); mcse_q05, mcse_q50,
        mcse_q95: Monte Carlo error of the median and both ends of the 90% interval.
    """
    from arviz_stats.base import array_stats  # loading it takes seconds

    axes: Any = {"chain_axis": 0, "draw_axis": 1}
    return pl.DataFrame(
        {
            "stream": stream,
            "measure": measure,
            "year": years.astype(np.int64),
            "rhat": array_stats.rhat(values, **axes),
            "ess_bulk": array_stats.ess(values, method="bulk", **axes),
            "ess_tail": array_stats.ess(values, method="tail", prob=(0.05, 0.95), **axes),
            **{
                f"mcse_q{level:02}": array_stats.mcse(
                    values, method="quantile", prob=level / 100, **axes
                )
                for level in (5, 50, 95)
            },
        }
    )


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
