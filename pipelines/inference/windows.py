"""Windows of days over a grid of months, and what a figure's own words say of its error."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

# a stated range is its author's central 80%
_RANGE_Z = 1.2816
# hindsight: error of a year's delay, and at the most
AGE_ERROR, MOST_AGE_ERROR = 0.1, 0.4


def month_grid(first: dt.date, through: dt.date) -> list[dt.date]:
    """First days of the months from ``first`` to ``through``, both included.

    Raises:
        ValueError: ``through`` lies before ``first``.
    """
    if through < first:
        raise ValueError(f"through is {through}, before the first month {first}")
    return pl.date_range(first.replace(day=1), through, "1mo", eager=True).to_list()


def month_end(day: dt.date) -> dt.date:
    """Last day of a day's month."""
    return (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)


def window_matrix(starts: pl.Series, ends: pl.Series, months: list[dt.date]) -> np.ndarray:
    """Share of each month's days inside each window, shape (windows, months)."""
    begin = np.array(months, dtype="datetime64[D]")
    after = (begin.astype("datetime64[M]") + 1).astype("datetime64[D]")
    start = np.array(starts.to_list(), dtype="datetime64[D]").reshape(-1, 1)
    stop = np.array(ends.to_list(), dtype="datetime64[D]").reshape(-1, 1) + 1
    overlap = np.minimum(stop, after) - np.maximum(start, begin)
    return overlap.astype(float).clip(min=0) / (after - begin).astype(float)


def year_sums(months: Sequence[dt.date]) -> np.ndarray:
    """Which months add up to which calendar year, in order, (months, years) of 0s and 1s."""
    year = np.array([month.year for month in months])
    return (year[:, None] == np.unique(year)).astype(float)


def middle_of() -> pl.Expr:
    """The day in the middle of a figure's window."""
    start, end = pl.col("window_start_on"), pl.col("window_end_on")
    return (start + (end - start) / 2).cast(pl.Date)


def half_year_lines(months: list[dt.date]) -> np.ndarray:
    """Weights (months, knots) of lines through half-yearly knots, 0 at the first month's start."""
    n = len(months)
    knots = -(-(n - 1) // 6) + 1 if n > 1 else 2
    at = np.arange(n) / 6.0
    weights = np.stack([np.interp(at, np.arange(knots), unit) for unit in np.eye(knots)], axis=1)
    return weights[:, 1:]


def error_log(base: float | pl.Expr) -> pl.Expr:
    """A figure's own error in logs: base, rounding, stated range and hindsight, in quadrature.

    Rounding is the last digit that is not zero, read as a uniform error; ``stated_year`` is the
    year the figure was said.
    """
    digits = (
        pl.coalesce("central", "low", "high")
        .round(0)
        .cast(pl.Int64, strict=False)
        .cast(pl.String)
        .str.strip_chars_end("0")
        .str.len_chars()
        .cast(pl.Int64)
        .clip(1, 8)
    )
    rounding = pl.lit(10.0).pow(1 - digits) / (2 * 3**0.5)
    stated_range = pl.when(pl.col("low") > 0, pl.col("high") > pl.col("low")).then(
        (pl.col("high") / pl.col("low")).log() / (2 * _RANGE_Z)
    )
    age = (
        ((pl.col("stated_year") - pl.col("window_end_on").dt.year()) * AGE_ERROR)
        .clip(0.0, MOST_AGE_ERROR)
        .fill_null(0.0)
    )
    own = pl.coalesce(stated_range, rounding, pl.lit(0.0))
    return (base**2 + own.pow(2) + age.pow(2)).sqrt()


def site_arrays(
    rows: pl.DataFrame, months: list[dt.date], *, is_mean: bool, also: Sequence[str] = ()
) -> dict[str, Any]:
    """Value, error and window of a site's rows, padded to one row where there are none.

    Args:
        rows: sorted by ``at``: ``value_log``, ``error_log`` and both ends of the window.
        is_mean: weights of a mean over the window (prices, stocks) instead of a sum (flows).
        also: further columns, handed on as numbers; 0 in the padding.

    Windows that begin before the grid speak of a part of it: their value is cut down by the share
    of days inside, since nothing else is known.
    """
    if rows.is_empty():
        out = {name: np.zeros(1) for name in ("value", *also)}
        return out | {"error": np.ones(1), "window": np.full((1, len(months)), 1.0 / len(months))}
    window = window_matrix(rows["window_start_on"], rows["window_end_on"], months)
    length = (rows["window_end_on"] - rows["window_start_on"]).dt.total_days().to_numpy() + 1
    days = window @ np.array([month_end(month).day for month in months])
    value, error = (rows[name].to_numpy().copy() for name in ("value_log", "error_log"))
    if is_mean:
        window = window / np.maximum(window.sum(axis=1, keepdims=True), 1e-12)
        # a quote of before the grid, or of a day between, speaks of the nearest month
        lost = window.sum(axis=1) < 0.5
        window[lost] = 1.0 / len(months)
    else:
        value += np.log(np.maximum(days, 1) / length)
    out = {name: rows[name].cast(pl.Float64).to_numpy() for name in also}
    return out | {"value": value, "error": error, "window": window}
