"""CSV that a spreadsheet cannot be made to run."""

from __future__ import annotations

from pathlib import Path

import polars as pl


def neutralised(frame: pl.DataFrame) -> pl.DataFrame:
    """Text cells that a spreadsheet would read as a formula, led by an apostrophe."""
    risky = r"^[=+\-@\t\r]"
    text = pl.selectors.string()
    return frame.with_columns(
        pl.when(text.str.contains(risky)).then(pl.concat_str(pl.lit("'"), text)).otherwise(text)
    )


def write_csv(frame: pl.DataFrame, path: Path) -> None:
    """UTF-8, a header line, LF ends, instants as ISO 8601."""
    neutralised(frame).write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%SZ")
