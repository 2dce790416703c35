"""Overseas labor: the ledger's rows as the arrays `model.py` reads, and its draws as tables."""

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.draws import to_long
from pipelines.inference.joint import Evidence
from pipelines.inference.windows import month_grid
from pipelines.streams import people
from pipelines.streams.labor.model import (
    FREE,
    HOSTS,
    LEAVING,
    RECRUITING,
    REOPENED,
    SHUT,
    TRADES,
    model,
)
from pipelines.warehouse import select_from

FIRST_MONTH = dt.date(2009, 1, 1)
REFERENCE_DAY = dt.date(2016, 7, 1)
# in its third year of war Russia recruits on its own account
RUSSIA_RECRUITS = dt.date(2024, 1, 1)
# the day that the one level told as a percentage is a percentage of
RATIO_TO = dt.date(2017, 8, 15)
SMALL_STRIDE = 4  # half-years
# what stands for several hosts
_GROUPS = {
    "WLD": HOSTS,
    "XCR": ("CHN", "RUS"),
    "XME": ("KWT", "QAT", "ARE"),
    # hosts' reports to the Council together left China out
    "WLD-CHN": HOSTS[1:],
}
MASKS = {host: [float(host == other) for other in HOSTS] for host in HOSTS} | {
    name: [float(host in members) for host in HOSTS] for name, members in _GROUPS.items()
}
SITES = (*people.GROUPS["headcount"], "per_worker", "share", "total", "part_of_total")
# series that data to be had might answer
ANSWERING = {f"headcount {host}" for host in HOSTS}
ANSWERING |= {f"{of} {host}" for of in people.RATES for host in ("CHN", "RUS", "WLD")}
# as what each figure enters the density
SQL_FILE = Path(__file__).with_name("figures.sql")
# counts of one town: observation_id, place, why
PLACES_FILE = Path(__file__).with_name("places.csv")


def evidence(
    observations: pl.DataFrame,
    priors: people.Priors,
    *,
    through: dt.date,
    halts: pl.DataFrame,
    rates: pl.DataFrame,
) -> Evidence:
    """Read the ledger for the labor model.

    Args:
        observations: rows of ``facts.observations`` of the stream.
        priors: parameter to arguments.
        through: last month estimated.
        halts: ``kind`` (permits_end, repatriation, border_shut, border_open), ``start_on``,
            ``end_on``.
        rates: ``month, currency, per_usd``: staged monthly means.
    """
    months = month_grid(FIRST_MONTH, through)
    dates = {kind: (start, end) for kind, start, end in halts["kind", "start_on", "end_on"].rows()}
    rows = placed(observations, months, priors, halts=halts, rates=rates)
    # once all workers were to be gone no register counts them: whom a count covers is a guess
    is_guess = (pl.col("site") == "headcount") & (
        pl.col("window_start_on") > dates["repatriation"][1]
    )
    unregistered = pl.when(is_guess).then(priors["error.no_register"][0]).otherwise(0.0)
    rows = rows.with_columns(error=(pl.col("error") ** 2 + unregistered**2).sqrt())
    knots = people.knots_of(months)
    data = people.arrays(rows, SITES, knots, MASKS)
    for name in ("arrivals", "sent_home"):
        # what a stock gained between the ends of the window: a year, or in all
        mine = rows.filter(pl.col("site") == name).sort("at")
        start, end = mine["start"].to_numpy(), mine["end"].to_numpy()
        change = people.line(end, end, knots) - people.line(start, start, knots)
        years = (end - start)[:, None] / 2 if name == "arrivals" else 1.0
        data[name]["change"] = people.spread(data[name]["hosts"], change / years)
    then = np.full(len(data["ratio"]["value"]), people.at(RATIO_TO, FIRST_MONTH))
    before = people.line(then, then, knots)
    data["ratio"]["before"] = people.spread(data["ratio"]["hosts"], before)
    sectors = rows.filter(pl.col("site") == "per_worker").sort("at")["sector"]
    data["per_worker"]["trade"] = people.one_hot(sectors, TRADES)
    return Evidence(
        stream="labor",
        months=months,
        model=model,
        data=data | grid(months, dates, rates),
        priors=priors,
        rows=people.rows(rows),
        finish=partial(
            people.outcome,
            months=months,
            hosts=HOSTS,
            apart={" CHN": [0], " RUS": [1], " other": list(range(2, len(HOSTS)))},
            wanted=ANSWERING | set(rows["measure"].drop_nulls()),
            table=draws_frame,
        ),
        meanings=people.MEANINGS,
    )


def placed(
    observations: pl.DataFrame,
    months: Sequence[dt.date],
    priors: people.Priors,
    *,
    halts: pl.DataFrame,
    rates: pl.DataFrame,
) -> pl.DataFrame:
    """Say as what each row enters the density (``site``), or why none does."""
    tables = {
        "readable": people.read(observations, months, rates, priors),
        "places": pl.read_csv(PLACES_FILE),
        "labels": pl.DataFrame({"label": list(MASKS)}),
    }
    opens = halts.filter(pl.col("kind") == "border_open")["start_on"][0]
    rows = select_from(SQL_FILE, tables, opens=opens)
    return people.settled(rows, ("part", "part_of_total", "place"), HOSTS)


def grid(
    months: Sequence[dt.date],
    dates: Mapping[str, tuple[dt.date, dt.date]],
    rates: pl.DataFrame,
) -> dict[str, np.ndarray]:
    """What every density over these months shares, whatever the figures say.

    Args:
        dates: kind of halt to its first and last day.

    Returns:
        ``regime`` (hosts, steps); ``own``, ``fall`` (hosts, steps) and ``common`` (steps,), which
        innovation moves a step, with ``own_scale``, ``fall_each``, ``common_scale`` one a piece;
        ``elapsed`` (knots,), of the time to the deadline; ``yuan`` (knots,), log dollars per yuan
        against the reference day; ``reopened`` (knots,), of the year and a half since; and what
        `people.grid` gives.
    """
    knots = people.knots_of(months)
    middle = np.arange(knots - 1) + 0.5
    at = partial(people.at, first=FIRST_MONTH)
    regime = np.full(knots - 1, FREE)
    # a step belongs to the regime in which most of it lies
    permits_end, deadline = at(dates["permits_end"][0]), at(dates["repatriation"][1])
    opens = at(dates["border_open"][0])
    regime[middle >= permits_end - 0.5] = LEAVING
    regime[middle >= at(dates["border_shut"][0])] = SHUT
    regime[middle >= opens] = REOPENED
    by_host = np.tile(regime, (len(HOSTS), 1))
    by_host[HOSTS.index("RUS"), middle >= at(RUSSIA_RECRUITS)] = RECRUITING
    # the small hosts move in longer strides than China and Russia: fewer figures tell of them
    strides = [1 if host in ("CHN", "RUS") else SMALL_STRIDE for host in HOSTS]
    own, own_scale = _innovations(by_host, strides, by_host != SHUT)
    strides = [1 if stride == 1 else knots for stride in strides]
    fall, fall_scale = _innovations(by_host, strides, by_host == SHUT)
    common, common_scale = _innovations(regime[None, :], [2], regime[None, :] != SHUT)
    reference = round(at(REFERENCE_DAY))
    knot = np.arange(knots)
    yuan = (
        pl.DataFrame({"month": list(months)})
        .join(rates.filter(pl.col("currency") == "CNY"), on="month", how="left")
        .sort("month")["per_usd"]
        .forward_fill()
        .backward_fill()
        .log()
        .to_numpy()[np.minimum(knot * people.KNOT_MONTHS, len(months) - 1)]
    )
    return people.grid(months, REFERENCE_DAY) | {
        "regime": by_host,
        "own": own,
        "own_scale": own_scale,
        "fall": fall,
        "fall_each": np.ones_like(fall_scale),
        "common": common[0],
        "common_scale": common_scale,
        "elapsed": np.clip((knot - permits_end) / (deadline - permits_end), 0, 1),
        "yuan": yuan[reference] - yuan,
        "reopened": np.clip(knot - opens, 0, 3) / 3,
    }


def _innovations(
    regime: np.ndarray, strides: Sequence[int], moves: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Which standard normal moves each step, (hosts, steps), and how it is shared out among them.

    Steps of one stride within one regime move together, each by 1/sqrt(their number).
    """
    label = np.zeros(regime.shape, int)
    steps = np.arange(regime.shape[1])
    for host, stride in enumerate(strides):
        begins = np.flatnonzero(np.diff(regime[host], prepend=-1))
        run = np.searchsorted(begins, steps, side="right") - 1
        label[host] = host * 10_000 + run * 100 + (steps - begins[run]) // stride
    _, inverse, count = np.unique(label[moves], return_inverse=True, return_counts=True)
    index = np.zeros(regime.shape, int)
    index[moves] = inverse
    return index, 1 / np.sqrt(count)


def draws_frame(by_host: dict[str, np.ndarray], months: Sequence[dt.date]) -> pl.DataFrame:
    """Joint draws by month and host, sorted by draw, host and month.

    Args:
        by_host: ``people``, ``wage`` and `people.MEASURES` (draws, hosts, months).

    Returns:
        ``draw, month, host_iso3, headcount, wage_usd_per_month, state_share, gross_wages_usd,
        state_take_usd, remitted_usd``.
    """
    names = {
        "headcount": by_host["people"],
        "wage_usd_per_month": by_host["wage"],
        "state_share": by_host["state_take_usd"] / by_host["gross_wages_usd"],
        **{of: by_host[of] for of in people.MEASURES},
    }
    cells = pl.DataFrame({"month": months}).join(
        pl.DataFrame({"host_iso3": HOSTS}), how="cross", maintain_order="right_left"
    )
    flat = {name: values.reshape(len(values), -1) for name, values in names.items()}
    return to_long(cells.to_struct(), period="cell", **flat).unnest("cell")
