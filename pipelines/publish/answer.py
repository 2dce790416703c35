"""The answer table: each stream's last full year, in the digits that Monte Carlo error allows."""

from __future__ import annotations

import math
from typing import Any

import duckdb

from pipelines.warehouse import sql_of

COLUMNS = (
    "USD m",
    "year",
    "reaches the DPRK side: median, 90%",
    "paid by buyers and employers: median, 90%",
    "evidence of the year itself",
    "roots",
)
MILLION = 1e6
# another run's random numbers move what is printed by one step at most, nineteen times in twenty
ERRORS_IN_A_STEP = 3.0
# where the error is not known, and where it is nil
UNKNOWN_DIGITS, MOST_DIGITS = 2, 3


def step_of(value: float, error: float | None) -> float:
    """The step that a number is rounded to: 1, 2 or 5 times a power of ten.

    Args:
        value: the number.
        error: its Monte Carlo standard error in the same unit; None or NaN where not known.
    """
    if value == 0:
        return 1.0
    size = math.floor(math.log10(abs(value)))
    if error is None or math.isnan(error):
        return 10.0 ** (size - UNKNOWN_DIGITS + 1)
    least = max(error * ERRORS_IN_A_STEP, 10.0 ** (size - MOST_DIGITS + 1))
    power = 10.0 ** math.floor(math.log10(least))
    return next(k * power for k in (1, 2, 5, 10) if k * power >= least * (1 - 1e-9))


def rounded(value: float, error: float | None = None) -> str:
    """A number in the digits its Monte Carlo error allows, for people to read.

    Args:
        value: the number.
        error: its Monte Carlo standard error; None where not known.
    """
    step = step_of(value, error)
    decimals = max(0, -math.floor(math.log10(step)))
    return f"{round(value / step) * step:,.{decimals}f}"


def millions(usd: float | None, error: float | None = None) -> str:
    """US dollars as millions in the digits that the error, in US dollars, allows."""
    if usd is None:
        return "not known"
    return rounded(usd / MILLION, None if error is None else error / MILLION)


def interval(row: dict[str, Any]) -> str:
    """Median and 90% interval of a row with q05, q50, q95 and their Monte Carlo errors."""
    if row["q50"] is None:
        return "not known"
    low, middle, high = (millions(row[f"q{at}"], row[f"mcse_q{at}"]) for at in ("05", "50", "95"))
    return f"{middle}, {low}–{high}"


def answer_rows(reader: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Each stream's last full year and the total's, in the order of the table of streams.

    Args:
        reader: an open release, or its tables.

    Returns:
        Dicts with the columns of `report.answer`, and under `state` and `gross` the row of either
        income; with q50 None where there is none.
    """
    rows: dict[str, dict[str, Any]] = {}
    for told in reader.sql(sql_of("report.answer")).pl().rows(named=True):
        unknown = {"q50": None}
        row = rows.setdefault(told["stream"], {**told, "state": unknown, "gross": unknown})
        row[told["measure"].removesuffix("_income_usd")] = told
    return list(rows.values())


def answer_table(reader: duckdb.DuckDBPyConnection) -> list[list[str]]:
    """The rows of the answer table under `COLUMNS`, as the terminal, the README and the report show
    them.
    """
    return [
        [
            row["title"],
            str(row["year"]),
            interval(row["state"]),
            interval(row["gross"]),
            "not known"
            if row["evidence_this_year_share"] is None
            else f"{round(row['evidence_this_year_share'] * 20) * 5}%",
            str(row["n_origins"]),
        ]
        for row in answer_rows(reader)
    ]
