"""Other people's CSV: bytes to text cells, every odd row named, nothing guessed about types."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from pipelines.quarantine import SourceDrift, empty_quarantine
from pipelines.schemas.quarantine import QUARANTINE_SCHEMA

MAX_BYTES = 128 * 1024 * 1024
SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class Cells:
    """A CSV file cut into cells.

    Attributes:
        rows: line and one text column per cell; empty cells are null.
        refused: quarantine rows of records of another width.
        rows_in: records in the file, a header not counted.
    """

    rows: pl.DataFrame
    refused: pl.DataFrame
    rows_in: int


def decode(content: bytes, *, source: str, file: str, fallback: str | None = None) -> str:
    """Text of a list file: UTF-8, else `fallback`; a final 0x1A end mark is cut off.

    Raises:
        SourceDrift: in neither encoding, or larger than a list can be.
    """
    if len(content) > MAX_BYTES:
        raise SourceDrift(
            f"{source}: {file} has {len(content)} bytes, more than {MAX_BYTES}: not this list"
        )
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SourceDrift(
            f"{source}: {file} is UTF-16, expected UTF-8{f' or {fallback}' if fallback else ''}; "
            "download it again without converting it"
        )
    body = content.rstrip(b"\x1a")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        failed = error
    if fallback is not None:
        try:
            return body.decode(fallback)
        except UnicodeDecodeError as error:
            failed = error
    line = body.count(b"\n", 0, failed.start) + 1
    raise SourceDrift(
        f"{source}: {file}, line {line}: byte {body[failed.start]:#04x} is not "
        f"UTF-8{f' and not {fallback}' if fallback else ''}; download the file again without "
        "converting it"
    ) from failed


def headerless_cells(
    content: bytes, names: Sequence[str], *, source: str, file: str, null: str
) -> Cells:
    """Cut a file without a header into the named cells.

    Args:
        content: bytes, UTF-8 or Windows-1252.
        names: one per cell of a row.
        null: pattern of a cell that says nothing.

    Raises:
        SourceDrift: not CSV, or most rows of another width.
    """
    records = _records(decode(content, source=source, file=file, fallback="cp1252"), source, file)
    return _cut(records, names, source=source, file=file, null=null)


def headed_cells(
    content: bytes, *, source: str, file: str, null: str = r"^\s*$"
) -> tuple[list[str], Cells]:
    """Header and cells of a UTF-8 file whose first line names its columns.

    Raises:
        SourceDrift: not UTF-8, not CSV, no header, a column named twice, or most rows of
            another width.
    """
    records = _records(decode(content, source=source, file=file), source, file)
    if not records:
        raise SourceDrift(f"{source}: {file} is empty; download it again")
    header = [name.strip() for name in records[0][1]]
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice or "line" in header:
        raise SourceDrift(
            f"{source}: {file}, line 1 (header): columns given twice or reserved: "
            f"{', '.join(repr(name[:40]) for name in [*twice, 'line'][:8])}"
        )
    return header, _cut(records[1:], header, source=source, file=file, null=null)


def _records(text: str, source: str, file: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records: list[tuple[int, list[str]]] = []
    start = 1
    try:
        for record in reader:
            if record:
                records.append((start, record))
            start = reader.line_num + 1
    except csv.Error as error:
        raise SourceDrift(
            f"{source}: {file}, line {max(start, 1)}: not readable as CSV ({error}); the file is "
            "cut off, a quote mark is stray, or a cell has no end: download it again"
        ) from error
    return records


def _cut(
    records: list[tuple[int, list[str]]],
    names: Sequence[str],
    *,
    source: str,
    file: str,
    null: str,
) -> Cells:
    width = len(names)
    odd = [
        (line, len(record), ",".join(record)[:SHOWN_CHARACTERS])
        for line, record in records
        if len(record) != width
    ]
    if odd and 2 * len(odd) > len(records):
        raise SourceDrift(
            f"{source}: {file}, line {odd[0][0]}: {odd[0][1]} cells in a row, expected {width} "
            f"({', '.join(names)}). The form of the file has changed; compare it with the "
            "publisher's description and change the parser."
        )
    rows = pl.DataFrame(
        [(line, *record) for line, record in records if len(record) == width],
        schema={"line": pl.Int64, **dict.fromkeys(names, pl.String)},
        orient="row",
    ).with_columns(
        pl.when(~pl.col(name).str.contains(null)).then(pl.col(name)).alias(name) for name in names
    )
    if not odd:
        return Cells(rows, empty_quarantine(), len(records))
    refused = pl.DataFrame(
        odd, schema={"line": pl.Int64, "cells": pl.Int64, "value": pl.String}, orient="row"
    ).select(
        source=pl.lit(source),
        file=pl.lit(file),
        line="line",
        column=pl.lit("(row)"),
        value="value",
        rule=pl.lit("cells_per_row"),
        reason=pl.format(
            "the row has {} cells where {} are expected; the form of the file has changed or the "
            "download was cut off",
            pl.col("cells"),
            pl.lit(width),
        ),
    )
    return Cells(rows, refused.select(list(QUARANTINE_SCHEMA)), len(records))
