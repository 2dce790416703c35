"""Cells of the hand-kept tables set right before they are read, each with the value it expects.

Corrections act on the text of a cell, so that one rule serves every column of every type: the
corrected text is then read, typed and checked like any other cell of the file.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipelines.network.evidence import EvidenceError
from pipelines.schemas.network import CORRECTED
from pipelines.schemas.quarantine import QUARANTINE_SCHEMA

CORRECTIONS_FILE = "network_corrections.csv"
# as a column: the row itself is taken out
WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Mended:
    """A table's text after its corrections.

    Attributes:
        text: the rows left, `line` and every column as text.
        withdrawn: quarantine rows of the rows taken out, so that none is lost.
        touched: file line → the correction that touched it last.
    """

    text: pl.DataFrame
    withdrawn: pl.DataFrame
    touched: dict[int, str]


def corrections_of(file: str, corrections: pl.DataFrame) -> pl.DataFrame:
    """The corrections of one hand-kept file (its name without `.csv`), in their own order."""
    named = [table for table, (name, _) in CORRECTED.items() if name == file]
    return corrections.filter(pl.col("table_name").is_in(named)).sort("line")


def mend(text: pl.DataFrame, corrections: pl.DataFrame, *, file: str) -> Mended:
    """Apply the corrections of one table to its text.

    A correction of a cell expects the wrong value, letter by letter; a second one of the same
    cell expects what the first one made. A correction of the column `withdrawn` takes the row
    out.

    Args:
        text: `line` and the file's columns, all text, trimmed, null for an empty cell.
        corrections: rows of this table, with `line` (of the corrections file), in order.
        file: the table's file, without `.csv`.

    Returns:
        Mended.

    Raises:
        EvidenceError: the row or the column is not there, the row's key is not its own, or the
            cell holds another value than expected: names both files, their lines and the column.
    """
    key = next(columns for name, columns in CORRECTED.values() if name == file).split("/")
    columns: dict[str, list[str | None]] = {
        name: text[name].to_list() for name in text.columns if name != "line"
    }
    lines: list[int] = text["line"].to_list()

    def key_at(place: int) -> str:
        return "/".join(columns[name][place] or "" for name in key)

    where: dict[str, list[int]] = {}
    for place in range(len(lines)):
        where.setdefault(key_at(place), []).append(place)
    out: dict[int, dict[str, object]] = {}
    touched: dict[int, str] = {}
    for row in corrections.iter_rows(named=True):
        told = f"{CORRECTIONS_FILE}, line {row['line']} ({row['correction_id']})"
        column = row["column_name"]
        places = where.get(row["row_id"], [])
        if len(places) != 1:
            many = f"{len(places)} rows" if places else "no row"
            raise EvidenceError(
                f"{told}: {file}.csv has {many} with {'/'.join(key)} = {row['row_id']!r}; "
                "mend row_id or remove the correction"
            )
        place = places[0]
        cell = f"{file}.csv, line {lines[place]}, column {column} of {row['row_id']!r}"
        if column == WITHDRAWN:
            if row["expected"] is not None or row["corrected"] != WITHDRAWN:
                raise EvidenceError(
                    f"{told}: to take {cell.split(',')[0]}, line {lines[place]} out, leave "
                    f"`expected` empty and write `{WITHDRAWN}` as `corrected`"
                )
            out[place] = row
            where.pop(row["row_id"])
            continue
        if column not in columns:
            raise EvidenceError(
                f"{told}: {file}.csv has no column {column!r}; "
                f"name one of {', '.join(sorted(columns))}"
            )
        now = columns[column][place]
        if now != row["expected"]:
            raise EvidenceError(
                f"{told}: {cell} holds {now!r}, not the expected {row['expected']!r}. The row has "
                "changed since the correction was written: read both again, then mend or remove "
                "the correction"
            )
        columns[column][place] = row["corrected"]
        touched[lines[place]] = f"{told}, column {column}"
        if column in key:
            where.pop(row["row_id"])
            where.setdefault(key_at(place), []).append(place)
    gone = pl.DataFrame(
        [
            {
                "source": file,
                "file": f"{file}.csv",
                "line": lines[place],
                "column": "(row)",
                "value": row["row_id"],
                "rule": WITHDRAWN,
                "reason": f"withdrawn by {row['correction_id']}: {row['reason']}",
            }
            for place, row in out.items()
        ],
        schema=QUARANTINE_SCHEMA,
    )
    mended = text.with_columns(
        **{name: pl.Series(name, values, dtype=pl.String) for name, values in columns.items()}
    ).filter(~pl.col("line").is_in([lines[place] for place in out]))
    return Mended(mended, gone, touched)


def blame(quarantined: pl.DataFrame, touched: dict[int, str]) -> None:
    """Stop where a corrected row no longer keeps its table's contract.

    Raises:
        EvidenceError: a corrected cell is not readable or not allowed; names the correction.
    """
    bad = quarantined.filter((pl.col("rule") != WITHDRAWN) & pl.col("line").is_in(list(touched)))
    if bad.height:
        row = bad.row(0, named=True)
        raise EvidenceError(
            f"{touched[row['line']]}: makes {row['file']}, line {row['line']} unfit: "
            f"{row['reason']} (column {row['column']}, value {row['value']!r}); mend `corrected`"
        )
