"""From ships that radar saw to tonnes that left: presence, then a flow, fixed on known months.

A picture shows a stock of ships, and a stock is not a flow: by Little's law loadings a day are
ships present over days a ship stays, and how long it stays changes with queues, quotas and weather.
That stay is never seen here. So the whole chain from a ship present to a tonne exported (chance of
being seen, days of stay, load, deadweight) is one unknown rate, tonnes a ship and day, fixed on the
months in which customs and radar overlap; from there it wanders, month by month around its level
and as a walk in its level, and the interval widens as the known months recede.

Not every ship seen exports coal. What was there in months when customs declared none is background,
but for an unknown tonnage that left undeclared; the background is taken off every month first.

Symbols in the code follow equations 8 to 12 of the field's usual notation: n detections, m passes,
B ships present, V tonnes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from pipelines.paths import REFERENCE_DIR
from pipelines.reference_tables import read_table
from pipelines.schemas.figures import OBSERVATION_SCHEMA, FeedPriors

# the levels that quantiles are told at: an estimator reads a range as its central 80 %
LEVELS = (0.1, 0.5, 0.9)
_LEAST_PASSES = 1.0
_ROUNDS = 6
_MINE = "radar."


@dataclass(frozen=True)
class Assumptions:
    """What is assumed about the conversion; each value is cited in feed_priors.csv.

    Names that end in _sd are standard deviations of logarithms.

    Attributes:
        lot_t, stay_days: a ship's load over its days in sight: tonnes a ship present stands for in
            a day, before any overlap is seen.
        rate_sd: error of that rate; wide, so that the overlap decides.
        month_sd: month to month, how the rate scatters around its level.
        walk_sd: how far the level wanders in a year.
        quiet_t, quiet_sd: tonnes that left undeclared in a quiet month, and their error.
        background_sd: how far the presence of other ships wanders in a year.
        dispersion: of presence between passes, where too few passes tell it.
    """

    lot_t: float
    stay_days: float
    rate_sd: float
    month_sd: float
    walk_sd: float
    quiet_t: float
    quiet_sd: float
    background_sd: float
    dispersion: float

    @property
    def log_rate(self) -> float:
        """Logarithm of tonnes a ship present stands for in a day."""
        return float(np.log(self.lot_t / self.stay_days))


def load_assumptions(table: pl.DataFrame | None = None) -> Assumptions:
    """The assumptions from rows parameter, args, of which those named radar.… are these.

    Args:
        table: `staged.feed_priors`; None for the table the repository carries.

    Raises:
        ValueError: one is missing, or there is one nobody reads; names it.
    """
    if table is None:
        table = read_table(REFERENCE_DIR / "feed_priors.csv", FeedPriors)
    given = {
        name.removeprefix(_MINE): float(value)
        for name, value in table.select("parameter", "args").iter_rows()
        if name.startswith(_MINE)
    }
    wrong = {one.name for one in fields(Assumptions)} ^ set(given)
    if wrong:
        raise ValueError(f"feed_priors.csv: {_MINE}{min(wrong)} is missing or is read by nothing")
    return Assumptions(**given)


def presence(
    detections: pl.DataFrame, passes: pl.DataFrame, zones: pl.DataFrame, groups: tuple[str, ...]
) -> pl.DataFrame:
    """Ships present by month, over the passes that looked.

    A pass that saw no ship counts; a day on which nothing looked does not; passes after the last
    day published anywhere are left out: they are not yet counted, which is not empty.

    Args:
        detections: `StagedSar` rows with `matching` "all".
        passes: zone_id, platform, orbit, passed_on, covered_share.
        zones: zone_id, port_group.
        groups: port groups to add up.

    Returns:
        month, zone_id, passes (whole ones' worth: sum of covered_share), detections,
        ships_present (detections per pass), variance (of a single pass, between passes).
    """
    schema = {
        "month": pl.Date,
        "zone_id": pl.String,
        "passes": pl.Float64,
        "detections": pl.Float64,
        "ships_present": pl.Float64,
        "variance": pl.Float64,
    }
    mine = zones.filter(pl.col("port_group").is_in(list(groups))).select("zone_id")
    seen = detections.filter(pl.col("matching") == "all").join(mine, on="zone_id", how="semi")
    through = seen.filter(pl.col("detections") > 0)["seen_on"].max()
    if through is None or passes.is_empty():
        return pl.DataFrame(schema=schema)
    newest = seen.filter(
        pl.col("window_end_on") == pl.col("window_end_on").max().over("zone_id", "window_start_on")
    )
    windows = newest.select("zone_id", "window_start_on", "window_end_on").unique()
    days = (
        newest.group_by("zone_id", on="seen_on")
        .agg(n=pl.col("detections").sum())
        .filter(pl.col("n") > 0)
    )
    looked = (
        passes.join(mine, on="zone_id", how="semi")
        .filter(pl.col("passed_on") <= through)
        .join(windows, on="zone_id")
        .filter(pl.col("passed_on").is_between("window_start_on", "window_end_on"))
        .group_by("zone_id", on="passed_on")
        .agg(share=pl.col("covered_share").sum())
    )
    return (
        looked.join(days, on=["zone_id", "on"], how="left")
        .with_columns(n=pl.col("n").fill_null(0.0), month=pl.col("on").dt.month_start())
        .group_by("month", "zone_id")
        .agg(
            passes=pl.col("share").sum(),
            detections=pl.col("n").sum(),
            ships_present=pl.col("n").sum() / pl.col("share").sum(),
            variance=(pl.col("n") / pl.col("share").clip(0.25)).var(),
        )
        .filter(pl.col("passes") >= _LEAST_PASSES)
        .sort("month", "zone_id")
        .cast(pl.Schema(schema))
    )


def together(present: pl.DataFrame, assumed: Assumptions) -> pl.DataFrame:
    """Ships present over all zones, in months when every zone was looked at.

    Returns:
        month, ships_present, variance_of_mean (of the month's mean, from counting and from how
        presence scatters between passes), passes (the fewest of any zone), detections, is_whole.
    """
    n_zones = present["zone_id"].n_unique()
    # between passes, presence scatters more than counting alone: one dispersion for all months
    mean, variance = present["ships_present"], present["variance"]
    over = ((variance - mean) / mean.pow(2)).filter((mean > 0) & variance.is_not_null())
    middle = over.median()
    told = isinstance(middle, int | float)
    dispersion = min(max(float(middle), 0.0), 4.0) if told else assumed.dispersion
    return (
        present.with_columns(
            of_mean=(
                pl.col("ships_present").clip(1 / 12) * (1 + dispersion * pl.col("ships_present"))
            )
            / pl.col("passes")
        )
        .group_by("month")
        .agg(
            ships_present=pl.col("ships_present").sum(),
            variance_of_mean=pl.col("of_mean").sum(),
            passes=pl.col("passes").min(),
            detections=pl.col("detections").sum(),
            n_zones=pl.len(),
        )
        .filter(pl.col("n_zones") == n_zones)
        .drop("n_zones")
        .sort("month")
    )


def estimate_loadings(
    months: pl.DataFrame,
    declared_t: Mapping[dt.date, float],
    quiet: tuple[dt.date, ...],
    *,
    draws: int,
    seed: int,
    assumed: Assumptions,
) -> tuple[pl.DataFrame, np.ndarray, dict[str, float]]:
    """Tonnes exported by month, in draws that share every common error.

    Args:
        months: `together`'s table.
        declared_t: month to tonnes declared by customs, for months that fix the conversion.
        quiet: months without declared coal before the ban, which bound the background.
        draws: samples; one draw is one conversion, one background and one path of each.
        seed: same seed, same numbers.
        assumed: what is assumed.

    Returns:
        (month, in the order of the rows of the draws; tonnes, len(months) x draws; summary:
        n_fixed, n_quiet, rate_median, rate_sd_before, rate_sd_after (sd of logs))

    Raises:
        ValueError: no month has both customs and passes: nothing fixes the conversion.
    """
    rng = np.random.default_rng(seed)
    at = {month: place for place, month in enumerate(months["month"])}
    fixed = [month for month in sorted(declared_t) if month in at and declared_t[month] > 0]
    if not fixed:
        raise ValueError(
            "no month has both declared tonnes and a radar pass: nothing says how many tonnes a "
            "ship stands for; drop customs of January-February and August-September 2017"
        )
    mean = months["ships_present"].clip(1 / 12).to_numpy()
    shape = mean**2 / months["variance_of_mean"].to_numpy()
    # more candidates than draws: those that fit the known months are kept
    many = max(4 * draws, 4_000)
    present = rng.gamma(shape[:, None], (mean / shape)[:, None], size=(len(mean), many))

    days = months["month"].dt.days_in_month().to_numpy().astype(float)
    places = [at[month] for month in fixed]
    flow = (np.array([declared_t[month] for month in fixed]) / days[places])[:, None]
    still = [at[month] for month in quiet if month in at]
    level = present[still].mean(axis=0) if still else np.zeros(many)
    undeclared = assumed.quiet_t / 30.4 * np.exp(assumed.quiet_sd * rng.standard_normal(many))
    # what left undeclared stood for ships too, at the rate sought: a few rounds settle both
    background = level
    for _ in range(_ROUNDS):
        coal = present[places] - background
        is_possible = (coal > 0).all(axis=0)
        rate = np.log(flow) - np.log(np.where(coal > 0, coal, 1.0))
        background = np.maximum(level - undeclared / np.exp(rate.mean(axis=0)), 0.0)
    count = len(fixed)
    noise, prior = assumed.month_sd**2, assumed.rate_sd**2
    off = rate - assumed.log_rate
    # density of the known months' rates under one level with its prior and independent scatter
    common = off.sum(axis=0)
    fit = -0.5 * (
        (off**2).sum(axis=0) / noise - prior * common**2 / (noise * (noise + count * prior))
    )
    weight = np.where(is_possible, np.exp(fit - fit[is_possible].max(initial=-np.inf)), 0.0)
    if not np.isfinite(weight).all() or weight.sum() <= 0:
        raise ValueError(
            "the quiet months held more ships than the months with declared coal: presence in "
            "these zones does not follow coal, nothing was converted"
        )
    kept = rng.choice(many, size=draws, p=weight / weight.sum())
    precision = 1 / prior + count / noise
    posterior = assumed.log_rate + (common[kept] / noise) / precision
    log_rate = posterior + rng.standard_normal(draws) / np.sqrt(precision)

    # years since the last month that fixes the level; none before it
    first, last = months["month"][places[0]], months["month"][places[-1]]
    years = np.array(
        [max((month - last).days, (first - month).days, 0) / 365.25 for month in months["month"]]
    )
    level_walk = _walk(years, assumed.walk_sd, draws, rng)
    background_walk = _walk(years, assumed.background_sd, draws, rng)
    scatter = assumed.month_sd * rng.standard_normal((len(mean), draws))
    # the known months carry their own scatter: customs says what left
    scatter[places] = 0.0
    ships = np.maximum(present[:, kept] - background[kept] * np.exp(background_walk), 0.0)
    tonnes = np.exp(log_rate + level_walk + scatter) * ships * days[:, None]
    summary = {
        "n_fixed": float(count),
        "n_quiet": float(len(still)),
        "rate_median": float(np.exp(np.median(log_rate))),
        "rate_sd_before": assumed.rate_sd,
        "rate_sd_after": float(np.std(log_rate)),
    }
    return months.select("month"), tonnes, summary


def _walk(years: np.ndarray, sd: float, draws: int, rng: np.random.Generator) -> np.ndarray:
    """A walk in time away from the known months: 0 there, sd a year, one path a draw."""
    out = np.zeros((years.size, draws))
    order = np.argsort(years, kind="stable")
    gaps = np.diff(years[order], prepend=0.0)
    steps = rng.standard_normal((years.size, draws)) * (sd * np.sqrt(gaps))[:, None]
    out[order] = steps.cumsum(axis=0)
    return out


def as_observations(
    months: pl.DataFrame,
    tonnes: np.ndarray,
    *,
    after: dt.date,
    retrieved_at: dt.datetime,
    dataset_version: str,
) -> pl.DataFrame:
    """Half-years of tonnes for the ledger, after the months that fixed the conversion.

    Half-years, since months share one conversion and would count it over and over. A half-year that
    was not looked at in every month is told for the months in a row that were.

    Args:
        months: `together`'s table, rows as in `tonnes`.
        tonnes: len(months) x draws.
        after: last month that fixed the conversion; it and earlier ones say nothing new.
        retrieved_at: naive UTC instant of the newest retrieval used.
        dataset_version: as the report names itself.

    Returns:
        observation_id, quantity, …, in the ledger's columns; low, central and high are the 10, 50
        and 90 % quantiles.
    """
    place = months.with_row_index("at").filter(pl.col("month") > after)
    runs = (
        place.with_columns(
            half=pl.col("month").dt.year() * 2 + (pl.col("month").dt.month() > 6).cast(pl.Int32),
            number=pl.col("month").dt.year() * 12 + pl.col("month").dt.month(),
        )
        .with_columns(run=(pl.col("number") - pl.int_range(pl.len()).cast(pl.Int32)))
        .group_by("half", "run", maintain_order=True)
        .agg(
            pl.col("at"),
            pl.col("month").min().alias("window_start_on"),
            pl.col("month").max().dt.month_end().alias("window_end_on"),
            pl.col("passes").sum(),
            pl.col("detections").sum(),
        )
    )
    rows = []
    for run in runs.iter_rows(named=True):
        window = f"{run['window_start_on']:%Y%m}-{run['window_end_on']:%Y%m}"
        low, central, high = np.quantile(tonnes[run["at"]].sum(axis=0), LEVELS)
        kind = "interval"
        if not low > 0:
            # presence may be background alone: what can be said is how much left at most
            low, central, kind = None, None, "upper_bound"
        rows.append(
            {
                "observation_id": f"gfw-sar-{window}",
                "quantity": "export_t",
                "concept": "tonnes",
                "counterpart_iso3": "WLD",
                "sector": "HS2701",
                "window_start_on": run["window_start_on"],
                "window_end_on": run["window_end_on"],
                "kind": kind,
                "low": low,
                "central": central,
                "high": float(high),
                "unit": "t",
                "coverage": "whole",
                "class": "observer",
                "declared": "all",
                "origin_id": "gfw-sar",
                "stated_by": None,
                "stated_on": None,
                "stated_year": run["window_end_on"].year,
                "source_id": "gfw-sar-presence",
                "locator": (
                    f"{dataset_version}, {run['detections']:.0f} detections in at least "
                    f"{run['passes']:.0f} passes a zone; conversion fixed on 2017"
                ),
                "read_at": None,
                "retrieved_at": retrieved_at,
                "held_back": None,
                "note": None,
            }
        )
    return pl.DataFrame(rows, schema=OBSERVATION_SCHEMA)
