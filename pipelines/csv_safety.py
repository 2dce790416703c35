"""CSV cells that no spreadsheet will run as a formula."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

# what starts a formula in a spreadsheet, the full-width forms some locales take alike included
FORMULA_START = r"^[=+\-@\t\r\n＝＋－＠]"


def neutralised(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with an apostrophe before every text cell that a spreadsheet would run.

    Spreadsheets take a leading apostrophe as "this is text" and do not show it. Numbers,
    dates and booleans are left as they are. Column names get the same.
    """
    cell = (pl.selectors.string() | pl.selectors.categorical()).cast(pl.String)
    is_formula = cell.str.contains(FORMULA_START)
    safe = frame.with_columns(pl.when(~is_formula).then(cell).otherwise(pl.lit("'") + cell))
    return safe.rename(lambda name: f"'{name}" if re.match(FORMULA_START, name) else name)


def write_csv(frame: pl.DataFrame, path: Path) -> None:
    """UTF-8 with a byte order mark, a header line, LF ends, instants as ISO 8601.

    Without the mark, spreadsheets read Chinese and Korean names in the code page of the machine.
    """
    neutralised(frame).write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%SZ", include_bom=True)
