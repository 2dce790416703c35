"""A dropped file of ship positions: known by its content, landed once, every row counted."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from pipelines.inbox import SHOWN_REFUSALS, FileRefused, Loaded
from pipelines.paths import data_dir
from pipelines.shipping.decode.recognise import UnknownForm, UnknownFormat, recognise
from pipelines.shipping.landing import POSITION_FORMS, RowsLost, land_file


def ais_dir() -> Path:
    """Where ship positions are kept."""
    return data_dir() / "raw" / "ais"


def landed_dir() -> Path:
    """Landed files, one folder each, named by hash."""
    return ais_dir() / "files"


def positions_dir() -> Path:
    """Positions by day and bucket."""
    return ais_dir() / "positions"


def is_of(path: Path) -> bool:
    """Whether a file is of ship positions, whatever its form and packing."""
    try:
        return recognise(path) in POSITION_FORMS
    except (UnknownFormat, ValueError, OSError):
        return False


def why_not(path: Path) -> str:
    """What keeps a table much like ship positions from being one; empty where it is not even that.

    Its name is not part of it: what is looked at bears one of ours.
    """
    try:
        recognise(path)
    except UnknownForm:
        return ""
    except UnknownFormat as error:
        return str(error).removeprefix(f"{path.name}, ").removeprefix(f"{path.name} ")
    return ""


def holds(sha256: str) -> bool:
    """Whether the rows of a file are held."""
    return (landed_dir() / sha256 / "report.json").is_file()


def take(path: Path, name: str) -> Loaded:
    """Land a file of positions under the name it was dropped with.

    Raises:
        FileRefused: it cannot be read as what it seems to be, or its rows do not add up.
    """
    try:
        report = land_file(
            path,
            landed_dir(),
            name=name,
            received_at=dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC),
            cache_dir=data_dir() / "cache",
        )
    except (ValueError, RowsLost) as error:
        raise FileRefused(str(error)) from error
    refused = pl.read_parquet(
        landed_dir() / report.sha256 / "quarantine.parquet", n_rows=SHOWN_REFUSALS
    )
    counts = ", ".join(f"{rows} {rule}" for rule, rows in report.counts.items())
    return Loaded(
        "ais",
        report.rows_in,
        report.rows_kept,
        tuple(refused.select("line", "column", "reason").iter_rows()),
        "" if report.rows_kept else f"none of its {report.rows_in} rows could be kept: {counts}",
    )
