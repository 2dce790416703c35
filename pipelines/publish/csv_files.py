"""CSV that a spreadsheet cannot be made to run."""

from __future__ import annotations

from pathlib import Path

import polars as pl


def neutralised(frame: pl.DataFrame) -> pl.DataFrame:
    """Text cells that a spreadsheet would read as a formula, led by an apostrophe."""
    return frame.with_columns(pl.selectors.string().str.replace(r"^([=+\-@\t\r])", "'$1"))


def write_csv(frame: pl.DataFrame, path: Path) -> None:
    """UTF-8, a header line, LF ends, instants as ISO 8601."""
    neutralised(frame).write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%SZ")
