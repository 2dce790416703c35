"""What is told of landed files of ship positions: tables, quarantine, status, particulars."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl
import pyarrow.parquet as pq

from pipelines.quarantine import Split, empty_quarantine
from pipelines.schemas.quarantine import QUARANTINE_SCHEMA
from pipelines.schemas.shipping import AisFiles, AisRuleCounts
from pipelines.schemas.types import polars_schema
from pipelines.shipping.days import day_reports, days_told
from pipelines.shipping.dropped import landed_dir, positions_dir
from pipelines.shipping.landing import STATIC_COLUMNS, landed_reports
from pipelines.shipping.rules import load_rules

# rows of these rules are counted and kept in Parquet beside the file they came from, not listed
COUNTED_ONLY = ("duplicate", "not_ais")

FILE_SCHEMA = polars_schema(AisFiles)
RULE_COUNT_SCHEMA = polars_schema(AisRuleCounts)


@dataclass(frozen=True)
class LandedTables:
    """Landed files, their rows by rule, and what `sources_status` says of them."""

    files: pl.DataFrame
    counts: pl.DataFrame
    split: Split
    status: str


def landed_tables() -> LandedTables:
    """List what is landed and count it by rule."""
    reports = landed_reports(landed_dir())
    rules = load_rules()
    action = dict(rules.table.select("rule", "action").iter_rows())
    files = pl.DataFrame(
        [
            {
                **{name: getattr(one, name) for name in FILE_SCHEMA},
                "received_at": dt.datetime.fromisoformat(one.received_at).replace(tzinfo=None),
                "first_day": dt.date.fromisoformat(one.first_day) if one.first_day else None,
                "last_day": dt.date.fromisoformat(one.last_day) if one.last_day else None,
            }
            for one in reports
        ],
        schema=FILE_SCHEMA,
    )
    counts = pl.DataFrame(
        [
            (one.file, one.sha256, rule, action[rule], rows, rules.reasons[rule])
            for one in reports
            for rule, rows in sorted(one.counts.items())
        ],
        schema=RULE_COUNT_SCHEMA,
        orient="row",
    )
    listed = [
        pl.read_parquet(landed_dir() / one.sha256 / "quarantine.parquet").filter(
            ~pl.col("rule").is_in(COUNTED_ONLY)
        )
        for one in reports
    ]
    rows_in, rows_kept = (int(files[name].sum()) for name in ("rows_in", "rows_kept"))
    if reports:
        days = [one.day for one in day_reports(positions_dir()) if one.rows_kept]
        status = f"{len(reports)} files, {files['positions'].sum()} positions on {days_told(days)}"
    else:
        status = (
            "no ship positions; drop files of them into landing/ (NMEA, MarineCadastre, Danish, "
            "aisstream, Spire): until then the shipping tables are empty and estimates rest on "
            "figures"
        )
    split = Split(
        pl.DataFrame({"row": pl.int_range(rows_kept, eager=True)}),
        pl.concat(
            [
                empty_quarantine(),
                *(one.cast(pl.Schema(QUARANTINE_SCHEMA)) for one in listed),
            ]
        ),
        rows_in,
    )
    return LandedTables(files, counts, split, status)


def lines_without_place(files: pl.DataFrame) -> list[str]:
    """Files whose lines are not all header, blank, kept or quarantined, each in a sentence.

    Args:
        files: the table staged.ais_files; files landed before lines were counted have none.
    """
    wrong = []
    for one in files.filter(pl.col("lines") > 0).iter_rows(named=True):
        folder = landed_dir() / one["sha256"]
        positions = sum(
            pq.read_metadata(part).num_rows for part in folder.glob("positions*.parquet")
        )
        refused = pq.read_metadata(folder / "quarantine.parquet").num_rows
        placed = one["header_lines"] + one["blank_lines"] + one["rows_kept"] + refused
        if placed != one["lines"] or positions != one["positions"]:
            wrong.append(f"{one['file']}: {one['lines']} lines, {placed} with a place")
    return wrong


def landed_statics() -> pl.DataFrame:
    """The particulars of every landed file."""
    frames = [
        pl.read_parquet(landed_dir() / one.sha256 / "statics.parquet").cast(
            pl.Schema(STATIC_COLUMNS)
        )
        for one in landed_reports(landed_dir())
    ]
    return pl.concat([pl.DataFrame(schema=STATIC_COLUMNS), *frames])
