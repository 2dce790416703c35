"""Made-up worlds with known coal exports, seen by a made-up satellite.

`python -m benchmarks.satellite_world` draws worlds in which what left is known, lets radar look at
the berths as Sentinel-1 does, reads the detections through the project's own parsers and converts
them with its own model, which is told of customs to September 2017 alone. Two tables come out:

1. how often the interval holds the truth, and how far the middle is off, by era;
2. how wide a year's interval is without and with the radar, beside the width that the assumptions
   alone promised before any detection was drawn, in a small ledger of the kind that exists since
   the ban: no figure for 2018, two for 2019, one a year from 2020, errors common to their class;
3. with `--work data/work.duckdb`, the database of a run: what radar would leave of the width of a
   year's income as the present evidence has it.

The makers of the world and of the model are not the same: stays are single ships' own, queues come
in spells, ships are seen by their length, and the background follows fishing seasons.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from dataclasses import dataclass

import duckdb
import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from pipelines.sources.gfw_sar import read as sar
from pipelines.sources.gfw_sar.loadings import (
    Assumptions,
    as_observations,
    estimate_loadings,
    load_assumptions,
    presence,
    together,
)

FIRST, MONTHS = dt.date(2017, 1, 1), 120
QUIET = tuple(dt.date(2017, month, 1) for month in (4, 5, 6, 7))
KNOWN = tuple(dt.date(2017, month, 1) for month in (1, 2, 8, 9))
LAST_KNOWN = KNOWN[-1]
ZONE = "taedong"
LOT_T = 8_000.0
YEARS = range(2018, 2027)


@dataclass(frozen=True)
class World:
    """What left, and what was seen.

    Attributes:
        months: first days of the months.
        tonnes: exported by month: the truth.
        passes: zone_id, platform, orbit, passed_on, covered_share.
        counts: ships seen on each pass.
    """

    months: list[dt.date]
    tonnes: np.ndarray
    passes: pl.DataFrame
    counts: np.ndarray


def month_at(number: int) -> dt.date:
    """First day of the nth month from the first."""
    year, month = divmod(FIRST.month - 1 + number, 12)
    return dt.date(FIRST.year + year, month + 1, 1)


def make_world(seed: int, *, queue_after_2020: float = 1.0) -> World:
    """Draw a world.

    Args:
        seed: same seed, same world.
        queue_after_2020: factor on every stay from 2020 on: a lasting change that no known month
            shows.
    """
    rng = np.random.default_rng(seed)
    months = [month_at(number) for number in range(MONTHS)]
    tonnes = np.empty(MONTHS)
    tonnes[:9] = (1.44e6, 1.23e6, 6.3e3, 2e3, 2e3, 2e3, 2e3, 1.64e6, 0.5e6)
    level = np.log(rng.lognormal(np.log(2.5e5), 0.6))
    for place in range(9, MONTHS):
        if place % 6 == 0:
            level += rng.normal(0, 0.35)
        level += 0.05 * (np.log(2.5e5) - level)
        tonnes[place] = np.exp(level + rng.normal(0, 0.2))

    # ship by ship: when it came, how long it stayed, how long it is
    came, left, length = [], [], []
    stay = 6.0 * np.exp(0.25 * rng.standard_normal())
    seen_by = 25.0 * np.exp(0.2 * rng.standard_normal())
    queue = 0.0
    for place, month in enumerate(months):
        start = (month - FIRST).days
        days = (month_at(place + 1) - month).days
        queue = 0.6 * queue + rng.normal(0, 0.2)
        longer = queue_after_2020 if month.year >= 2020 else 1.0
        ships = rng.poisson(tonnes[place] / LOT_T)
        arrived = start + days * rng.random(ships)
        came.append(arrived)
        left.append(arrived + rng.gamma(2.0, stay * longer * np.exp(queue) / 2.0, ships))
        length.append(rng.normal(110, 20, ships))
        # others: fishing boats by season, coasters
        seen_by *= np.exp(rng.normal(0, 0.03))
        season = 1 + 0.25 * np.sin(2 * np.pi * (month.month - 4) / 12)
        others = rng.poisson(seen_by * season * days / 4.0)
        arrived = start + days * rng.random(others)
        came.append(arrived)
        left.append(arrived + rng.exponential(4.0, others))
        length.append(rng.normal(45, 15, others))
    came, left, length = (np.concatenate(one) for one in (came, left, length))
    chance = 1 / (1 + np.exp(-(np.log(np.maximum(length, 10)) - np.log(30)) / 0.25))

    looked, day = [], 3.0
    last = (month_at(MONTHS) - FIRST).days
    while day < last:
        looked.append(int(day))
        year = (FIRST + dt.timedelta(days=int(day))).year
        # one of two satellites failed at the end of 2021; its successor came in 2025
        day += 12.0 if 2022 <= year <= 2024 else 6.0
    counts = np.array(
        [int((rng.random(came.size) < chance)[(came <= at) & (at < left)].sum()) for at in looked]
    )
    passes = pl.DataFrame(
        {
            "zone_id": [ZONE] * len(looked),
            "platform": ["S1A"] * len(looked),
            "orbit": list(range(1, len(looked) + 1)),
            "passed_on": [FIRST + dt.timedelta(days=at) for at in looked],
            "covered_share": [1.0] * len(looked),
        }
    )
    return World(months, tonnes, passes, counts)


def reports_of(world: World) -> list[tuple[str, bytes]]:
    """The world's detections as the service would send them: (name, report) by year."""
    out = []
    days = world.passes["passed_on"].to_list()
    for year in sorted({day.year for day in days}):
        cells = [
            {"date": day.isoformat(), "detections": int(count), "lat": 38.725, "lon": 125.415}
            for day, count in zip(days, world.counts, strict=True)
            if day.year == year and count
        ]
        name = sar.Window(ZONE, dt.date(year, 1, 1), dt.date(year, 12, 31), "all").name()
        out.append((name, json.dumps({"entries": [{f"{sar.DATASET}:v4.0": cells}]}).encode()))
    return out


def convert(
    world: World, *, draws: int = 2_000, seed: int = 1, assumed: Assumptions | None = None
) -> tuple[pl.DataFrame, np.ndarray, pl.DataFrame]:
    """The project's own reading of a world: (months, tonnes by draw, rows for the ledger)."""
    detections = pl.concat([sar.parse(report, name).kept for name, report in reports_of(world)])
    present = presence(
        detections, world.passes, sar.zones().filter(pl.col("zone_id") == ZONE), ("west",)
    )
    assumed = assumed or load_assumptions()
    months = together(present, assumed)
    declared = {month: float(world.tonnes[world.months.index(month)]) for month in KNOWN}
    _, tonnes, _ = estimate_loadings(
        months, declared, QUIET, draws=draws, seed=seed, assumed=assumed
    )
    rows = as_observations(
        months,
        tonnes,
        after=LAST_KNOWN,
        retrieved_at=dt.datetime(2026, 12, 31),  # noqa: DTZ001 (the ledger keeps UTC without saying so)
        dataset_version=f"{sar.DATASET}:v4.0",
    )
    return months, tonnes, rows


def truth_of(world: World, start: dt.date, end: dt.date) -> float:
    """Tonnes that left in a window of whole months."""
    return float(
        sum(t for month, t in zip(world.months, world.tonnes, strict=True) if start <= month <= end)
    )


# --- a small ledger of the kind that exists since the ban

HALVES = [(year, half) for year in YEARS for half in (0, 1)]
# year of a figure to the standard deviation of its logarithm, class error apart
FIGURES = {2019: (0.25, 0.25), **dict.fromkeys(range(2020, 2027), (0.45,))}
CLASS_SD = {"said": 0.35, "observer": 0.3}
LEVEL_SD, STEP_SD = 1.0, 0.45


def yearly_width(satellite_sd: dict[tuple[int, int], float] | None) -> dict[int, float]:
    """Width of each year's 90% interval (log), by exact Gaussian conditioning.

    Args:
        satellite_sd: half-year to the sd of its radar figure's logarithm; None without radar.
            Half of its variance is common to all: they share one conversion.
    """
    n = len(HALVES)
    order = np.arange(n)
    latent = LEVEL_SD**2 + STEP_SD**2 * np.minimum.outer(order, order)
    rows, error = [], []
    for year, sds in FIGURES.items():
        for sd in sds:
            rows.append([0.5 if half[0] == year else 0.0 for half in HALVES])
            error.append(("said", sd**2))
    own: list[float] = []
    if satellite_sd is not None:
        for half, sd in satellite_sd.items():
            rows.append([1.0 if one == half else 0.0 for one in HALVES])
            error.append(("observer", sd**2))
            own.append(sd)
    design = np.array(rows)
    kinds = [kind for kind, _ in error]
    noise = np.diag([variance for _, variance in error])
    for kind, sd in CLASS_SD.items():
        mine = np.array([one == kind for one in kinds], dtype=float)
        noise += sd**2 * np.outer(mine, mine)
    gain = latent @ design.T @ np.linalg.inv(design @ latent @ design.T + noise)
    left = latent - gain @ design @ latent
    out = {}
    for year in YEARS:
        mine = np.array([0.5 if half[0] == year else 0.0 for half in HALVES])
        out[year] = float(2 * 1.645 * np.sqrt(mine @ left @ mine))
    return out


def sd_of_rows(rows: pl.DataFrame) -> dict[tuple[int, int], float]:
    """Half-year to the sd of the logarithm that a row's 10 and 90% quantiles tell."""
    told = rows.filter(pl.col("kind") == "interval").filter(pl.col("low") > 0)
    return {
        (start.year, int(start.month > 6)): float(np.log(high / low) / 2.563)
        for start, low, high in told.select("window_start_on", "low", "high").iter_rows()
        if start.year >= YEARS[0]
    }


def promised_sd(
    assumed: Assumptions, *, tonnes_a_month: float = 2.5e5, others_present: float = 25.0
) -> dict[tuple[int, int], float]:
    """What the assumptions alone say of each half-year's figure, before any detection.

    The rate's level from four months, its scatter over six, its walk since 2017; the walk of the
    background and the counting of ships, both over the ships that coal adds.

    Args:
        assumed: what is assumed of the conversion.
        tonnes_a_month, others_present: how much is expected to leave, beside how many other ships.
    """
    rate = np.exp(assumed.log_rate)
    coal_present = tonnes_a_month / 30.4 / rate
    known = assumed.month_sd**2 / len(KNOWN)
    out = {}
    for year, half in HALVES:
        years = year + 0.25 + 0.5 * half - 2017.67
        passes = 6 * (2.5 if 2022 <= year <= 2024 else 5.0)
        counting = (others_present + coal_present) / passes / coal_present**2
        background = (assumed.background_sd * others_present / coal_present) ** 2 * years
        variance = known + assumed.month_sd**2 / 6 + assumed.walk_sd**2 * years
        out[year, half] = float(np.sqrt(variance + counting + background))
    return out


def score(worlds: int, *, queue_after_2020: float = 1.0, draws: int = 2_000) -> pl.DataFrame:
    """Half-years of many worlds: truth, quantiles told, and whether the interval holds."""
    found = []
    for seed in range(worlds):
        world = make_world(seed, queue_after_2020=queue_after_2020)
        months, tonnes, rows = convert(world, draws=draws, seed=seed)
        place = {month: at for at, month in enumerate(months["month"])}
        for start, end in rows.select("window_start_on", "window_end_on").iter_rows():
            at = [place[month] for month in place if start <= month <= end]
            total = tonnes[at].sum(axis=0)
            true = truth_of(world, start, end)
            low, middle, high = np.quantile(total, (0.05, 0.5, 0.95))
            found.append((seed, start, true, float(low), float(middle), float(high)))
    return pl.DataFrame(
        found, schema=["seed", "start", "true", "low", "middle", "high"], orient="row"
    ).with_columns(
        era=pl.when(pl.col("start").dt.year() <= 2018)
        .then(pl.lit("2017-18"))
        .when(pl.col("start").dt.year() <= 2021)
        .then(pl.lit("2019-21"))
        .otherwise(pl.lit("2022-26")),
        holds=pl.col("true").is_between("low", "high"),
        off=(pl.col("middle").clip(1.0) / pl.col("true")).log(),
        wide=(pl.col("high") - pl.col("low")) / pl.col("middle").clip(1.0),
    )


def expected_widths(
    draws: pl.DataFrame,
    sds: list[dict[tuple[int, int], float]],
    *,
    truths: int = 300,
    seed: int = 1,
) -> dict[int, float]:
    """Width expected of a year's 90% interval of income with that year's radar, over its width now.

    Each truth is one draw of the posterior: radar tells its half-years with the errors that came
    out of made-up worlds, and the draws are weighed by how well they fit what it told. A half-year
    told as an upper bound only tells nothing here.

    Args:
        draws: draw, month, tonnes, gross_fob_usd.
        sds: half-year to the error of log tonnes, one table a made-up world.
        truths: draws taken for the truth, one after the other.
    """
    generator = np.random.default_rng(seed)
    halves = (
        draws.group_by(
            "draw", year=pl.col("month").dt.year(), half=(pl.col("month").dt.month() > 6).cast(int)
        )
        .agg(pl.col("tonnes", "gross_fob_usd").sum())
        .sort("year", "draw", "half")
    )
    out = {}
    for year in sorted({year for year, _ in HALVES} & set(halves["year"])):
        mine = halves.filter(pl.col("year") == year)
        tonnes = np.log(mine["tonnes"].to_numpy().reshape(-1, 2))
        income = mine["gross_fob_usd"].to_numpy().reshape(-1, 2).sum(axis=1)
        told = [[one[year, half] for one in sds if (year, half) in one] for half in (0, 1)]
        precision = np.array(
            [np.median(one) if len(one) > len(sds) / 2 else np.inf for one in told]
        )
        precision = 1 / precision**2
        order = np.argsort(income)
        now, left = np.subtract(*np.quantile(income, [0.95, 0.05])), []
        for truth in generator.choice(len(income), truths, replace=False):
            noise = generator.standard_normal(2) / np.sqrt(np.maximum(precision, 1e-12))
            off = tonnes - (tonnes[truth] + np.where(precision > 0, noise, 0.0))
            weight = np.exp(-0.5 * (off**2 * precision).sum(axis=1))[order].cumsum()
            low, high = np.searchsorted(weight / weight[-1], [0.05, 0.95])
            left.append(income[order[high]] - income[order[low]])
        out[year] = float(np.mean(left) / now)
    return out


def main() -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=40)
    parser.add_argument("--work", help="work database of a run, for the third table")
    chosen = parser.parse_args()
    console = Console(width=110)
    kinds = {
        1.0: "stays as in the known months, with spells",
        3.0: "every stay three times as long from 2020: not in the model",
    }
    for factor, name in kinds.items():
        table = Table(title=f"90% intervals of half-years, {chosen.worlds} worlds; {name}")
        for column in (
            "era",
            "half-years",
            "hold the truth",
            "median of log(middle/truth)",
            "width over middle",
        ):
            table.add_column(column, justify="right")
        scored = score(chosen.worlds, queue_after_2020=factor)
        for era, mine in sorted(scored.group_by("era"), key=lambda one: str(one[0])):
            table.add_row(
                str(era[0]), str(mine.height), f"{mine['holds'].mean():.2f}",
                f"{mine['off'].median():+.2f}", f"{mine['wide'].median():.2f}",
            )  # fmt: skip
        console.print(table)
    sds = [
        sd_of_rows(convert(make_world(seed), seed=seed)[2])
        for seed in range(min(chosen.worlds, 20))
    ]
    widths = [yearly_width(one) for one in sds]
    without, promised = yearly_width(None), yearly_width(promised_sd(load_assumptions()))
    table = Table(
        title="Width of a year's 90% interval, as a factor high/low (small ledger, no data of ours)"
    )
    for column in (
        "year",
        "without radar",
        "promised with it",
        "came out",
        "share of log width left",
    ):
        table.add_column(column, justify="right")
    for year in YEARS:
        came = float(np.median([one[year] for one in widths]))
        left, wanted = came / without[year], promised[year] / without[year]
        factors = (f"x{np.exp(one):.1f}" for one in (without[year], promised[year], came))
        table.add_row(str(year), *factors, f"{left:.2f} (promised {wanted:.2f})")
    console.print(table)
    if chosen.work:
        with duckdb.connect(chosen.work, read_only=True) as connection:
            draws = connection.sql(
                "select draw, month, tonnes, gross_fob_usd from estimates.coal_draws"
            ).pl()
        table = Table(title="Width of a year's coal income with its radar, over its width now")
        table.add_column("year", justify="right")
        table.add_column("with radar / now", justify="right")
        for year, left in expected_widths(draws, sds).items():
            table.add_row(str(year), f"{left:.2f}")
        console.print(table)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
