"""Draws of overseas labor as arrays, what they say of a published figure, and their long frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.estimates.labor_figures import WORLD, LaborFigures

BEYOND_90 = (0.05, 0.95)


@dataclass(frozen=True)
class LaborDraws:
    """What a labor estimator returns.

    Attributes:
        draws: draw, month, host_iso3, headcount, wage_usd_per_month, state_share,
            gross_wages_usd, state_take_usd.
        figures: observation_id, is_used, reason_not_used, posterior_quantile (where the figure
            falls in the draws), model_q05, model_q95, for every row of the stream.
        support_monthly: month, n_origins, is_prior_driven.
        support_annual: year, n_origins, is_prior_driven, is_partial_year.
    """

    draws: pl.DataFrame
    figures: pl.DataFrame
    support_monthly: pl.DataFrame
    support_annual: pl.DataFrame


@dataclass(frozen=True)
class World:
    """Joint draws by host and month, each array (draws, hosts, months).

    Attributes:
        hosts: labels of the second axis.
        headcount: persons abroad.
        wage: gross pay in USD per person and paid month.
        share: part of gross pay the state takes.
        paid: part of the months that are paid, (draws,).
    """

    hosts: tuple[str, ...]
    headcount: np.ndarray
    wage: np.ndarray
    share: np.ndarray
    paid: np.ndarray

    @property
    def gross(self) -> np.ndarray:
        """Gross wages, USD per month."""
        return self.headcount * self.wage * self.paid[:, None, None]

    @property
    def take(self) -> np.ndarray:
        """What the state takes, USD per month."""
        return self.gross * self.share


def predict(world: World, figures: LaborFigures, row: int) -> np.ndarray | None:
    """The draws of what one figure speaks of, (draws,); None where the model has no such thing.

    A headcount is the mean stock over its window, pay and shares are means weighted by workers, a
    total is a yearly rate.
    """
    quantity, host, is_part = figures.frame.row(row)[2:5]
    weights = figures.windows[row]
    inside = np.flatnonzero(weights)
    if inside.size == 0 or (is_part and quantity in ("headcount", "state_take_usd")):
        return None
    months = slice(inside[0], inside[-1] + 1)
    weight = weights[months] / weights[months].sum()
    if host == WORLD:
        hosts = slice(None)
    elif host in world.hosts:
        at = world.hosts.index(host)
        hosts = slice(at, at + 1)
    else:
        return None
    people = world.headcount[:, hosts, months]
    if quantity == "headcount":
        return people.sum(axis=1) @ weight
    wage = world.wage[:, hosts, months]
    share = world.share[:, hosts, months]
    value = {
        "gross_wage": lambda: wage,
        "worker_take_home": lambda: wage * (1 - share),
        "fee": lambda: wage * share,
    }
    if quantity in value:
        return _mean(value[quantity](), people, weight)
    if quantity == "state_share":
        # of the money, so weighted by pay as well
        return _mean(share, people * wage, weight)
    pay = people * wage * world.paid[:, None, None]
    if quantity == "gross_wages_usd":
        return 12 * (pay.sum(axis=1) @ weight)
    if quantity == "state_take_usd":
        return 12 * ((pay * share).sum(axis=1) @ weight)
    return None


def _mean(value: np.ndarray, by: np.ndarray, weight: np.ndarray) -> np.ndarray:
    amount = (value * by).sum(axis=1) @ weight
    return amount / (by.sum(axis=1) @ weight)


def judge_figures(
    world: World, figures: LaborFigures, used: set[int], reasons: dict[int, str]
) -> pl.DataFrame:
    """What became of each figure and where it falls in the draws.

    Args:
        used: rows that entered the estimate.
        reasons: row to why not, for rows the estimator itself passed over.
    """
    frame = figures.frame
    quantile: list[float | None] = []
    ends: list[tuple[float | None, float | None]] = []
    for row, reason in frame.select("row", "reason").iter_rows():
        # a repeat is compared like the statement it repeats; a part or a plan with nothing
        is_comparable = reason is None or reason.startswith("repeats ")
        sample = predict(world, figures, row) if is_comparable else None
        value = frame["value"][row]
        if sample is None or value is None:
            quantile.append(None)
            ends.append((None, None))
        else:
            quantile.append(float((sample < value).mean()))
            low, high = np.quantile(sample, BEYOND_90)
            ends.append((float(low), float(high)))
    stated = frame["reason"].to_list()
    final: list[str | None] = []
    for row, reason in enumerate(stated):
        if row in used:
            final.append(None)
        else:
            fallback = "no rule of this estimate reads this kind of figure"
            final.append(reason or reasons.get(row, fallback))
    return pl.DataFrame(
        {
            "observation_id": frame["observation_id"],
            "is_used": [reason is None for reason in final],
            "reason_not_used": pl.Series(final, dtype=pl.String),
            "posterior_quantile": pl.Series(quantile, dtype=pl.Float64),
            "model_q05": pl.Series([low for low, _ in ends], dtype=pl.Float64),
            "model_q95": pl.Series([high for _, high in ends], dtype=pl.Float64),
        }
    )


def support(
    figures: LaborFigures, used: set[int], is_prior_driven: np.ndarray
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Origins behind each month and year; a year is prior-driven when most of its months are.

    Args:
        used: rows that entered the estimate.
        is_prior_driven: (months,).
    """
    months = figures.months
    origin = figures.frame["origin_id"].to_list()
    covers = figures.windows > 0
    year = np.array([month.year for month in months])

    def count(columns: np.ndarray) -> int:
        return len({origin[row] for row in used if covers[row][columns].any()})

    monthly = pl.DataFrame(
        {
            "month": months,
            "n_origins": [count(np.array([t])) for t in range(len(months))],
            "is_prior_driven": is_prior_driven,
        }
    )
    years = sorted(set(year.tolist()))
    annual = pl.DataFrame(
        {
            "year": years,
            "n_origins": [count(np.flatnonzero(year == y)) for y in years],
            "is_prior_driven": [bool(is_prior_driven[year == y].mean() > 0.5) for y in years],
            "is_partial_year": [bool((year == y).sum() < 12) for y in years],
        }
    )
    return monthly, annual


def is_far_from_counts(
    world: World, figures: LaborFigures, used: set[int], *, reach: int = 6
) -> np.ndarray:
    """Months in which no used headcount, within ``reach`` months, speaks for most workers.

    Returns:
        (months,): True where assumption rather than evidence sets the total.
    """
    size = len(figures.months)
    typical = np.median(world.headcount, axis=0)
    is_near = np.zeros((len(world.hosts), size), dtype=bool)
    frame = figures.frame
    for row, quantity, host, is_part in frame.select("row", "quantity", "host", "is_part").rows():
        if row not in used or quantity != "headcount" or is_part:
            continue
        if host != WORLD and host not in world.hosts:
            continue
        inside = np.flatnonzero(figures.windows[row])
        if inside.size == 0:
            continue
        near = slice(max(inside[0] - reach, 0), inside[-1] + reach + 1)
        if host == WORLD:
            is_near[:, near] = True
        else:
            is_near[world.hosts.index(host), near] = True
    known = (typical * is_near).sum(axis=0) / typical.sum(axis=0)
    return known < 0.5


def long_frame(world: World, months: Sequence[object]) -> pl.DataFrame:
    """The joint draws, one row per draw, host and month, sorted so."""
    draws, n_hosts, size = world.headcount.shape
    hosts = pl.Series(world.hosts, dtype=pl.Enum(list(world.hosts)))
    block = pl.DataFrame(
        {
            "month": pl.Series(months).gather(np.tile(np.arange(size), n_hosts)),
            "host_iso3": hosts.gather(np.repeat(np.arange(n_hosts), size)).cast(pl.String),
        }
    )
    index = np.tile(np.arange(size * n_hosts, dtype=np.uint32), draws)
    gross = world.gross
    return pl.DataFrame(
        {
            "draw": np.repeat(np.arange(draws, dtype=np.int64), size * n_hosts),
            "month": block["month"].gather(index),
            "host_iso3": block["host_iso3"].gather(index),
            "headcount": world.headcount.ravel(),
            "wage_usd_per_month": world.wage.ravel(),
            "state_share": world.share.ravel(),
            "gross_wages_usd": gross.ravel(),
            "state_take_usd": (gross * world.share).ravel(),
        }
    )
