"""CSV that a spreadsheet cannot be made to run."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.csv_safety import neutralised

__all__ = ["neutralised", "write_csv"]


def write_csv(frame: pl.DataFrame, path: Path) -> None:
    """UTF-8 with a byte order mark, a header line, LF ends, instants as ISO 8601.

    Without the mark, spreadsheets read Chinese and Korean names in the code page of the machine.
    """
    neutralised(frame).write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%SZ", include_bom=True)
