"""Published coal figures as windows over months: what both coal estimators read.

A figure speaks of a window of days; the latent series is monthly. The operator A maps months to
windows: A[w, t] is the share of month t's days inside window w, so a total over the window is
A @ tonnes.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.paths import REFERENCE_DIR, STREAMS_DIR

FIRST_MONTH = dt.date(2009, 1, 1)
# trade was recorded by customs until the full ban of Resolution 2371 took hold
LAST_RECORDED_DAY = dt.date(2017, 9, 30)
RECORDED_YEAR_END = dt.date(2017, 12, 31)

# two figures of one origin closer than this over one window are one figure, rounded
NEARLY_EQUAL = 0.02

# unit each quantity must come in; a figure in another unit is set aside and says so
UNITS: dict[str, tuple[str, ...]] = {
    "export_t": ("t",),
    "export_usd": ("USD", "usd"),
    "price_usd_per_t": ("USD/t", "usd/t", "usd_per_t"),
    "reference_price_usd_per_t": ("USD/t", "usd/t", "usd_per_t"),
    "destination_share": ("share",),
    "discount_share": ("share",),
    "shipments": ("count",),
    "vessel_calls": ("count",),
    "loadings": ("count",),
    "cargo_t_per_shipment": ("t",),
}


@dataclass(frozen=True)
class CoalFigures:
    """Coal figures on a month grid.

    Attributes:
        frame: usable figures; adds ``row`` (position in ``windows``), ``is_recorded`` (the window
            begins while customs recorded the trade and ends within its last year) and ``value``
            (central, or the geometric middle of a range, or the bound itself).
        windows: (figures, months), share of each month's days inside the window.
        months: first days of month.
        unused: ``observation_id, reason_not_used`` of every coal row left out.
    """

    frame: pl.DataFrame
    windows: np.ndarray
    months: list[dt.date]
    unused: pl.DataFrame


def month_grid(first: dt.date, through: dt.date) -> list[dt.date]:
    """First days of the months from ``first`` to ``through``, both included.

    Raises:
        ValueError: ``through`` lies before ``first``.
    """
    if through < first:
        raise ValueError(f"through is {through}, before the first month {first}")
    return pl.date_range(first.replace(day=1), through, "1mo", eager=True).to_list()


def window_matrix(starts: list[dt.date], ends: list[dt.date], months: list[dt.date]) -> np.ndarray:
    """Share of each month's days inside each window, shape (windows, months)."""
    begin = np.array(months, dtype="datetime64[D]")
    after = (begin.astype("datetime64[M]") + 1).astype("datetime64[D]")
    start = np.array(starts, dtype="datetime64[D]")[:, None]
    stop = np.array(ends, dtype="datetime64[D]")[:, None] + 1
    overlap = np.minimum(stop, after) - np.maximum(start, begin)
    days = overlap.astype(float).clip(min=0)
    return days / (after - begin).astype(float)


def read_coal_figures(observations: pl.DataFrame, through: dt.date) -> CoalFigures:
    """Keep the coal figures an estimator can read; say why for the others.

    Args:
        observations: the ledger, columns of ``facts.observations``.
        through: last month of the grid.
    """
    months = month_grid(FIRST_MONTH, through)
    coal = observations.filter(pl.col("stream") == "coal").sort("observation_id")
    accepted = pl.DataFrame(
        [(quantity, unit) for quantity, units in UNITS.items() for unit in units],
        schema=["quantity", "unit"],
        orient="row",
    ).with_columns(is_unit_known=True)
    has_value = pl.any_horizontal(pl.col("low", "central", "high").is_not_null())
    smallest = pl.min_horizontal("low", "central", "high")
    coal = coal.join(accepted, on=["quantity", "unit"], how="left").with_columns(
        reason=pl.when(~pl.col("is_used"))
        .then(pl.col("reason_not_used"))
        .when(pl.col("kind").is_in(["structural_zero", "plan"]))
        .then(pl.lit("a zero under a ban and a plan are not measurements"))
        .when(~pl.col("quantity").is_in(list(UNITS)))
        .then(pl.lit("no coal estimator reads this quantity"))
        .when(pl.col("is_unit_known").is_null())
        .then(pl.lit("not in the unit this quantity is read in"))
        .when(_is_part_of_money(coal))
        .then(pl.lit("money of a part of the exports; no coal estimator reads parts of it"))
        .when(~has_value)
        .then(pl.lit("carries no number"))
        .when(smallest <= 0)
        .then(pl.lit("not above zero, so it has no logarithm; a zero is kept as structural"))
        .when(pl.col("window_end_on") < FIRST_MONTH)
        .then(pl.lit("window ends before the first month estimated"))
        .when(pl.col("window_start_on") > pl.lit(through).dt.month_end())
        .then(pl.lit("window starts after the last month estimated"))
    )
    coal = _without_repeats(coal)
    unused = coal.filter(pl.col("reason").is_not_null()).select(
        "observation_id", reason_not_used="reason"
    )
    middle = (pl.col("low") * pl.col("high")).sqrt()
    frame = (
        coal.filter(pl.col("reason").is_null())
        .with_columns(
            # a customs year that the ban cuts short holds nothing after the last recorded day
            is_recorded=(pl.col("window_start_on") <= LAST_RECORDED_DAY)
            & (pl.col("window_end_on") <= RECORDED_YEAR_END),
            value=pl.coalesce("central", middle, "low", "high"),
        )
        .drop("reason", "reason_not_used", "is_unit_known")
        .with_row_index("row")
    )
    windows = window_matrix(
        frame["window_start_on"].to_list(), frame["window_end_on"].to_list(), months
    )
    return CoalFigures(frame, windows, months, unused)


def _is_part_of_money(coal: pl.DataFrame) -> pl.Expr:
    if "coverage" not in coal.columns:
        return pl.lit(value=False)
    return (pl.col("quantity") == "export_usd") & (pl.col("coverage") != "whole")


def _without_repeats(coal: pl.DataFrame) -> pl.DataFrame:
    """Let one origin say one thing once: near-equal figures over one window are one statement.

    The one with most digits stays (the others are roundings of it), then the first by name.
    """
    middle = pl.coalesce("central", (pl.col("low") * pl.col("high")).sqrt(), "low", "high")
    same = ["origin_id", "quantity", "counterpart_iso3", "sector", "window_start_on"]
    same += ["window_end_on", "kind"]
    free = (
        coal.filter(pl.col("reason").is_null())
        .with_columns(middle=middle)
        .with_columns(
            digits=pl.col("middle").round(0).cast(pl.Int64).cast(pl.String)
            .str.strip_chars_end("0").str.len_chars()
        )
        .sort(pl.col("digits"), pl.col("observation_id"), descending=[True, False])
        .with_columns(
            first_id=pl.col("observation_id").first().over(same),
            first_middle=pl.col("middle").first().over(same),
        )
        .filter(
            pl.col("observation_id") != pl.col("first_id"),
            (pl.col("middle") / pl.col("first_middle") - 1).abs() < NEARLY_EQUAL,
        )
        .select("observation_id", repeats="first_id")
    )  # fmt: skip
    return (
        coal.join(free, on="observation_id", how="left")
        .with_columns(
            reason=pl.coalesce(
                "reason", pl.format("repeats {}: same origin, same window", pl.col("repeats"))
            )
        )
        .drop("repeats")
        .sort("observation_id")
    )


def reference_priors() -> pl.DataFrame:
    """The project's own cited prior table of the coal estimators."""
    return pl.read_csv(REFERENCE_DIR / "coal_priors.csv", schema_overrides={"args": pl.String})


def reference_obtainable() -> pl.DataFrame:
    """The project's own table of data that could still be had, for the value of information."""
    table = pl.read_csv(STREAMS_DIR / "coal" / "obtainable_data.csv", try_parse_dates=True)
    return table.with_columns(stream=pl.lit("coal"))


def prior_arguments(priors: pl.DataFrame) -> dict[str, tuple[float, ...]]:
    """Arguments of every prior by parameter name.

    Raises:
        ValueError: a parameter is stated twice or an argument is not a number.
    """
    table: dict[str, tuple[float, ...]] = {}
    for parameter, args in priors.select("parameter", "args").iter_rows():
        if parameter in table:
            raise ValueError(f"coal_priors.csv states {parameter} twice; keep one row")
        try:
            table[parameter] = tuple(float(part) for part in str(args).split(";"))
        except ValueError as error:
            raise ValueError(
                f"coal_priors.csv, {parameter}: {args!r} is not numbers separated by ';'"
            ) from error
    return table
