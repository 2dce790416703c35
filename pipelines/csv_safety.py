"""CSV cells that no spreadsheet will run as a formula."""

from __future__ import annotations

from pathlib import Path

import polars as pl

# what starts a formula in a spreadsheet, the full-width forms some locales take alike included
FORMULA_START = r"^[=+\-@\t\r\n\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]"


def neutralised(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with an apostrophe before every text cell that a spreadsheet would run.

    Spreadsheets take a leading apostrophe as "this is text" and do not show it. Numbers,
    dates and booleans are left as they are. Column names get the same.
    """
    text = frame.select(pl.selectors.string() | pl.selectors.categorical()).columns
    cells = {name: pl.col(name).cast(pl.String) for name in text}
    safe = frame.with_columns(
        pl.when(cell.str.contains(FORMULA_START))
        .then(pl.concat_str(pl.lit("'"), cell))
        .otherwise(cell)
        .alias(name)
        for name, cell in cells.items()
    )
    renamed = {
        name: f"'{name}"
        for name in safe.columns
        if name[:1] in ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
    }
    return safe.rename(renamed)


def write_csv(frame: pl.DataFrame, path: Path) -> None:
    """UTF-8 with a byte order mark, a header line, LF ends, instants as ISO 8601.

    Without the mark, spreadsheets read Chinese and Korean names in the code page of the machine.
    """
    neutralised(frame).write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%SZ", include_bom=True)
