"""From text cells to types: read each cell or say which one failed.

Everything here works on whole columns; a million rows cost no Python loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from pipelines.quarantine import SourceDrift, Split, empty_quarantine, refusals

INTEGER = r"^[+-]?\d{1,18}(\.0+)?$"
NUMBER = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$"
_TRUE = ("true", "True", "TRUE", "1")
_FALSE = ("false", "False", "FALSE", "0")


@dataclass(frozen=True)
class Cell:
    """How one column is read.

    Attributes:
        column: column of the file.
        read: expression from that column to ours; null where the cell cannot be read.
        expected: what a readable cell looks like, for the message.
        quick: a cheaper expression, taken when it reads every cell that is there.
    """

    column: str
    read: pl.Expr
    expected: str
    quick: pl.Expr | None = None


def whole(column: str, dtype: pl.DataType) -> Cell:
    """A whole number."""
    cell = pl.col(column)
    quick = cell.cast(pl.Int64, strict=False)
    if dtype == pl.String:
        read = pl.when(cell.str.contains(INTEGER)).then(
            cell.cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)
        )
        return Cell(column, read, "a whole number", quick)
    if dtype.is_float():
        read = pl.when(cell == cell.floor()).then(cell.cast(pl.Int64, strict=False))
    else:
        read = quick
    return Cell(column, read, "a whole number")


def number(column: str, dtype: pl.DataType) -> Cell:
    """A finite number with a decimal point; no unit, no thousands mark."""
    cell = pl.col(column)
    quick = cell.cast(pl.Float64, strict=False)
    if dtype == pl.String:
        value = pl.when(cell.str.contains(NUMBER)).then(cell.cast(pl.Float64, strict=False))
    else:
        value = quick
    return Cell(
        column,
        pl.when(value.is_finite()).then(value),
        "a plain number such as 1234.5",
        pl.when(quick.is_finite()).then(quick),
    )


def truth(column: str, dtype: pl.DataType) -> Cell:
    """true or false, also written 1 or 0."""
    cell = pl.col(column)
    if dtype == pl.Boolean:
        return Cell(column, cell, "true or false")
    if dtype.is_numeric():
        return Cell(column, pl.when(cell.is_in([0, 1])).then(cell == 1), "true or false")
    read = pl.when(cell.is_in(list(_TRUE))).then(True).when(cell.is_in(list(_FALSE))).then(False)
    return Cell(column, read, "true or false")


def text(column: str, dtype: pl.DataType) -> Cell:
    """Text, trimmed."""
    # some editions pad codes ("_X ")
    cell = pl.col(column)
    read = cell.str.strip_chars() if dtype == pl.String else cell.cast(pl.String)
    return Cell(column, read, "text")


def read_cells(
    rows: pl.DataFrame, cells: Mapping[str, Cell], *, source: str, file: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read every cell; a row with a cell that is there but unreadable is refused.

    Args:
        rows: `line` and the file's columns.
        cells: our column name to how it is read.

    Returns:
        (typed rows: `line` and our columns; refused cells)
    """
    quick = rows.select(
        "line",
        **{name: cell.read if cell.quick is None else cell.quick for name, cell in cells.items()},
    )
    unread = [
        name
        for name, cell in cells.items()
        if quick[name].null_count() != rows[cell.column].null_count()
    ]
    typed = quick.with_columns(
        rows.select(**{name: cells[name].read for name in unread}).get_columns()
    )
    failing = {
        name: rows[cells[name].column].is_not_null() & typed[name].is_null() for name in unread
    }
    refused = [
        refusals(
            rows.filter(bad),
            source=source,
            file=file,
            column=cells[name].column,
            value=pl.col(cells[name].column),
            rule="not_readable",
            why=f"{cells[name].column} is not {cells[name].expected}; check the cell at its source",
        )
        for name, bad in failing.items()
        if bad.any()
    ]
    if not refused:
        return typed, empty_quarantine()
    quarantined = pl.concat(refused)
    return typed.join(quarantined.select("line").unique(), on="line", how="anti"), quarantined


def check_codes(
    rows: pl.DataFrame, column: str, known: Sequence[str], *, source: str, file: str
) -> None:
    """Stop when a code list has grown: an unknown code must not hide behind a default.

    Raises:
        SourceDrift: names the unknown codes and the known ones.
    """
    found = set(rows[column].drop_nulls().unique().to_list())
    unknown = sorted(str(code)[:40] for code in found - set(known))
    if unknown:
        raise SourceDrift(
            f"{source}: {file}: {column} holds {', '.join(repr(code) for code in unknown[:8])}; "
            f"expected {', '.join(known)}. Look the code up at the source, then add it to the "
            "contract with its meaning."
        )


def without_copies(
    rows: pl.DataFrame, key: Sequence[str], *, source: str, file: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Drop later copies of a row that is the same in all columns but `line`.

    Returns:
        (rows without copies, the copies as refusals)
    """
    if is_unique(rows, key):
        return rows, empty_quarantine()
    columns = [name for name in rows.columns if name != "line"]
    first = rows.select(pl.struct(columns).is_first_distinct()).to_series()
    copies = refusals(
        rows.filter(~first),
        source=source,
        file=file,
        column="(row)",
        value=pl.lit(None),
        rule="repeated_row",
        why="the same row stands above; the first one is kept",
    )
    return rows.filter(first), copies


def is_unique(rows: pl.DataFrame, key: Sequence[str]) -> bool:
    """Whether no two rows share a key; never wrongly True."""
    varying = [name for name in key if rows[name].n_unique() > 1] if rows.height else []
    if not varying:
        return rows.height <= 1
    # 64-bit hashes may collide: then the answer is a needless False
    return rows.select(pl.struct(varying).hash().n_unique()).item() == rows.height


def joined(kept: pl.DataFrame, refused: Sequence[pl.DataFrame], rows_in: int) -> Split:
    """A Split from the kept rows and every kind of refusal."""
    quarantined = pl.concat([empty_quarantine(), *refused]).sort("line", "column", "rule")
    return Split(kept, quarantined, rows_in)
