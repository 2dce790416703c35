"""The plain estimate of overseas IT workers: a stream of its own, never folded into labor.

Two readings of the same income are drawn side by side: workers times earnings times the state's
share, and the yearly totals the UN Panel and governments state. A draw believes one of them all
through; where the two disagree the interval shows it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import expit

from pipelines import draws as algebra
from pipelines.estimates import labor_figures as labor
from pipelines.estimates.baseline_labor import Arguments, pooled_path, read_values
from pipelines.estimates.labor_world import World, is_far_from_counts, judge_figures, support

STREAM = "it_workers"


@dataclass(frozen=True)
class ItWorkerDraws:
    """What an estimator of IT workers returns.

    Attributes:
        draws: draw, month, headcount, gross_wages_usd, state_take_usd.
        figures: observation_id, is_used, reason_not_used, posterior_quantile, model_q05,
            model_q95, for every row of the stream.
        support_monthly: month, n_origins, is_prior_driven.
        support_annual: year, n_origins, is_prior_driven, is_partial_year.
    """

    draws: pl.DataFrame
    figures: pl.DataFrame
    support_monthly: pl.DataFrame
    support_annual: pl.DataFrame


def first_evidence(observations: pl.DataFrame, through: dt.date) -> dt.date:
    """January of the first year any usable figure of the stream speaks of.

    Raises:
        ValueError: there is none before ``through``.
    """
    usable = observations.filter(
        pl.col("stream") == STREAM, "is_used", pl.col("window_start_on") <= through
    )
    if usable.is_empty():
        raise ValueError("no usable figure on IT workers; cannot estimate them")
    years = usable["window_start_on"].dt.year().to_list()
    return dt.date(max(min(years), labor.FIRST_MONTH.year), 1, 1)


def estimate_it_workers_baseline(
    observations: pl.DataFrame,
    *,
    draws: int,
    seed: int,
    through: dt.date,
    priors: pl.DataFrame | None = None,
) -> ItWorkerDraws:
    """Draw IT workers abroad, their gross earnings and the state's take by month, plainly.

    Args:
        observations: the ledger (``facts.observations``); rows not ``is_used`` are passed over.
        draws: joint draws.
        seed: same seed, same numbers.
        through: the last month estimated.
        priors: table of ``labor_priors.csv``; None takes the project's own.

    Returns:
        Draws from January of the first year with evidence through ``through``.

    Raises:
        ValueError: headcount, earnings or the state's share is stated nowhere.
    """
    figures = labor.read_labor_figures(
        observations, STREAM, first=first_evidence(observations, through), through=through
    )
    world, used, reasons = draw_it_world(figures, labor.prior_arguments(priors), draws, seed)
    monthly, annual = support(figures, used, is_far_from_counts(world, figures, used))
    return ItWorkerDraws(
        it_long_frame(world, figures.months),
        judge_figures(world, figures, used, reasons),
        monthly,
        annual,
    )


def it_long_frame(world: World, months: list[dt.date]) -> pl.DataFrame:
    """draw, month, headcount, gross_wages_usd, state_take_usd of a one-host world."""
    return algebra.to_long(
        months,
        headcount=world.headcount[:, 0],
        gross_wages_usd=world.gross[:, 0],
        state_take_usd=world.take[:, 0],
    )


def draw_it_world(
    figures: labor.LaborFigures, stated: Arguments, draws: int, seed: int
) -> tuple[World, set[int], dict[int, str]]:
    """The plain world of IT workers (one host, the world), rows used, and why others were not."""
    size = len(figures.months)
    readings = read_values(figures, stated, draws, seed, STREAM)
    step_sd = np.full(size, stated["it_change_sd"][0])
    used: set[int] = set()

    def path(rows: pl.DataFrame, name: str, values: np.ndarray) -> np.ndarray:
        used.update(rows["row"])
        return pooled_path(
            rows.select("row", "middle", "origin_id").rows(),
            values,
            size=size,
            step_sd=step_sd,
            persistence=stated["persistence"][0],
            pick=algebra.named_generator(seed, f"{STREAM}.{name}_origin").uniform(size=draws),
            generator=algebra.named_generator(seed, f"{STREAM}.{name}_walk"),
        )

    readable = figures.frame.filter(pl.col("reason").is_null())
    whole = (pl.col("host") == labor.WORLD) & ~pl.col("is_part")
    is_bound = pl.col("kind").is_in(["lower_bound", "upper_bound"])
    counts = _totals_else_bounds(readable.filter(pl.col("quantity") == "headcount", whole))
    pay = readable.filter(pl.col("quantity") == "gross_wage", ~is_bound)
    fees = readable.filter(pl.col("quantity") == "fee", ~is_bound)
    shares = readable.filter(pl.col("quantity") == "state_share", ~is_bound)
    for rows, what in ((counts, "how many there are"), (pay, "what they earn"), (shares, "share")):
        if rows.is_empty():
            raise ValueError(f"no figure on IT workers states {what}; cannot estimate them")
    share = _share(shares, readings, stated, draws, seed)
    used.update(shares["row"])
    factor = algebra.named_generator(seed, "labor.wage_factor").normal(
        0, stated["wage_factor_sd"][0], size=(draws, 1)
    )
    values = readings.copy()
    # what is owed per worker is earnings times share: the draw's share gives the earnings
    values[:, fees["row"].to_numpy()] -= np.log(share)[:, None]
    headcount = np.exp(path(counts, "headcount", values))
    wage = np.exp(path(pl.concat([pay, fees]), "wage", values) + factor)
    paid = algebra.named_generator(seed, "labor.paid_fraction").beta(
        *algebra.beta_of_mean(*stated["paid_fraction"]), size=draws
    )
    totals = readable.filter(pl.col("quantity").is_in(["state_take_usd", "gross_wages_usd"]), whole)
    totals = _totals_else_bounds(totals)
    if totals.height:
        is_gross = totals.filter(pl.col("quantity") == "gross_wages_usd")["row"].to_numpy()
        values[:, is_gross] += np.log(share)[:, None]
        take = np.exp(path(totals, "total", values)) / 12
        implied = take / (headcount * share[:, None] * paid[:, None])
        believes = algebra.named_generator(seed, f"{STREAM}.believes_totals").uniform(
            size=(draws, 1)
        )
        wage = np.where(believes < stated["it_stated_total_weight"][0], implied, wage)
    world = World(
        (labor.WORLD,),
        headcount[:, None, :],
        wage[:, None, :],
        np.broadcast_to(share[:, None, None], (draws, 1, size)),
        paid,
    )
    reasons = {
        row: "a floor or ceiling beside fuller figures, or one part of the workers"
        for row in readable["row"]
        if row not in used
    }
    return world, used, reasons


def _totals_else_bounds(rows: pl.DataFrame) -> pl.DataFrame:
    """Totals, and floors or ceilings in years without one."""
    is_bound = pl.col("kind").is_in(["lower_bound", "upper_bound"])
    year = pl.col("window_start_on").dt.year()
    totals = rows.filter(~is_bound)
    years = totals["window_start_on"].dt.year().to_list()
    return pl.concat([totals, rows.filter(is_bound, ~year.is_in(years))])


def _share(
    rows: pl.DataFrame, readings: np.ndarray, stated: Arguments, draws: int, seed: int
) -> np.ndarray:
    """(draws,): one origin's share per draw, with the spread of what is counted as taken."""
    origins = rows["origin_id"].unique().sort().to_list()
    pick = algebra.named_generator(seed, f"{STREAM}.share_origin").integers(
        len(origins), size=draws
    )
    value = np.zeros(draws)
    for number, origin in enumerate(origins):
        mine = rows.filter(pl.col("origin_id") == origin)["row"].to_numpy()
        value = np.where(pick == number, readings[:, mine].mean(axis=1), value)
    # the same standard normal as for other labor: the state squeezes all its workers alike
    common = algebra.named_generator(seed, "labor.state_share").normal(size=draws)
    return expit(value + stated["share_spread_sd"][0] * common)
