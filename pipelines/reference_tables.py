"""Hand-kept CSV tables: bytes to typed frames, bad rows named by line and column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.delimited import Delimited, read_delimited
from pipelines.paths import shown
from pipelines.quarantine import (
    SourceDrift,
    Split,
    check_columns,
    empty_quarantine,
    refusals,
    split,
)
from pipelines.schemas.table import Table

MAX_BYTES = 64 * 1024 * 1024
MAX_CELL_CHARACTERS = 20_000


@dataclass(frozen=True)
class RowRule:
    """A rule over one row, beyond what a column's type and range can say.

    Attributes:
        name: short name of the rule, as in the quarantine table.
        column: the column to look at first.
        broken: boolean expression, True where the row breaks the rule (null counts as kept).
        remedy: what is wrong and what to do.
    """

    name: str
    column: str
    broken: pl.Expr
    remedy: str


def parse_table(
    content: bytes,
    contract: type[Table],
    *,
    source: str,
    file: str,
    rules: Sequence[RowRule] = (),
    constants: Mapping[str, str] | None = None,
    mend: Callable[[pl.DataFrame], tuple[pl.DataFrame, pl.DataFrame]] | None = None,
) -> Split:
    """Read a CSV of ours into the contract's types.

    Cells are trimmed, an empty cell is null, a byte-order mark and CRLF ends are taken as they
    come. Numbers use a point and no thousands mark; dates are YYYY-MM-DD; instants are UTC.

    Args:
        content: the file's bytes, UTF-8.
        contract: the table's contract; the file's header holds its columns in any order, without
            `line` and those of `constants`.
        source: name of the source.
        file: name of the file as the analyst knows it.
        rules: rules over whole rows, applied after the types hold.
        constants: columns that the file leaves out because all its rows share one value.
        mend: sets cells right before they are typed: text in; text and withdrawn rows out.

    Returns:
        Split: kept rows carry `line`, the physical line a row starts on.

    Raises:
        SourceDrift: not UTF-8, not CSV, or another header.
    """
    table = _read(content, source=source, file=file)
    columns = [name for name in contract.typed() if name not in (constants or {})]
    check_columns(table.header, columns, source=source, file=file)

    text = table.named().with_columns(
        **{name: pl.lit(value) for name, value in (constants or {}).items()},
    )
    withdrawn = empty_quarantine()
    if mend is not None:
        text, withdrawn = mend(text)

    typed, unreadable = _cast(text, contract, source=source, file=file)
    checked = split(
        typed.select("line", *(constants or {}), *columns), contract, source=source, file=file
    )
    kept, broken = refuse_where(checked.kept, rules, source=source, file=file)
    quarantined = pl.concat(
        [table.quarantined, withdrawn, unreadable, checked.quarantined, broken]
    ).sort("line", "column", "rule")
    return Split(kept, quarantined, table.rows_in).proved(source, file)


def read_table(path: Path, contract: type[Table]) -> pl.DataFrame:
    """A hand-kept table that comes with the code, whole, in the contract's types.

    Raises:
        SourceDrift: a row breaks the contract: the first such cell, where, and what to do.
    """
    name = shown(path)
    held = parse_table(path.read_bytes(), contract, source=path.stem, file=name)
    if held.rows_quarantined:
        line, reason = held.quarantined.select("line", "reason").row(0)
        raise SourceDrift(f"{name}, line {line}: {reason}")
    return held.kept.drop("line")


def read_text(content: bytes, *, source: str, file: str) -> pl.DataFrame:
    """Cells of a CSV as text, trimmed, empty ones null; `line` is the line a row starts on.

    Damaged rows are left out.

    Raises:
        SourceDrift: not UTF-8, not CSV, or a column named twice.
    """
    return _read(content, source=source, file=file).named()


def _read(content: bytes, *, source: str, file: str) -> Delimited:
    if len(content) > MAX_BYTES:
        raise SourceDrift(
            f"{source}: {file} is larger than {MAX_BYTES} bytes; split it into several files"
        )
    return read_delimited(content, source=source, file=file)


_EXPECTED = {
    pl.Float64: "a plain number such as 1234.5: no unit, no thousands mark",
    pl.Int64: "a whole number",
    pl.Date: "a date as YYYY-MM-DD",
    pl.Boolean: "true or false",
    pl.Datetime: "an instant as YYYY-MM-DDTHH:MM:SSZ",
}


def _cast(
    text: pl.DataFrame, contract: type[Table], *, source: str, file: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Cells in the contract's types; a row with an unreadable cell is refused."""
    wanted: Mapping[str, pl.DataType] = {
        name: column.dtype.type
        for name, column in contract.to_schema().columns.items()
        if name != "line" and column.dtype is not None
    }
    casts = {name: _read_as(name, dtype) for name, dtype in wanted.items() if name in text.columns}
    typed = text.with_columns(**casts)
    length = pl.col(list(casts)).str.len_chars() > MAX_CELL_CHARACTERS
    unreadable = [
        refusals(
            text.filter(text[name].is_not_null() & typed[name].is_null()),
            source=source,
            file=file,
            column=name,
            rule="not_readable",
            why=pl.format(
                f"{name} has '{{}}', which is not {_EXPECTED.get(dtype.base_type(), dtype)}; "
                "correct the cell",
                name,
            ),
        )
        for name, dtype in wanted.items()
    ]
    too_long = refusals(
        text.filter(pl.any_horizontal(length)),
        source=source,
        file=file,
        column="(row)",
        rule="cell_too_long",
        why=f"a cell is longer than {MAX_CELL_CHARACTERS} characters; shorten it",
    )
    refusal = pl.concat([*unreadable, too_long])
    return typed.join(refusal.select("line").unique(), on="line", how="anti"), refusal


def _read_as(name: str, dtype: pl.DataType) -> pl.Expr:
    cell = pl.col(name)
    if isinstance(dtype, pl.Datetime):
        return cell.str.to_datetime(
            "%Y-%m-%dT%H:%M:%SZ", time_unit="us", strict=False
        ).dt.replace_time_zone(None)
    if dtype == pl.Date:
        return cell.str.to_date("%Y-%m-%d", strict=False)
    if dtype == pl.Boolean:
        return cell.replace_strict({"true": True, "false": False}, default=None)
    if dtype == pl.Float64:
        # inf and nan are words, not figures
        return pl.when(cell.str.contains(r"^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$")).then(
            cell.cast(pl.Float64, strict=False)
        )
    return cell.cast(dtype, strict=False)


def refuse_where(
    frame: pl.DataFrame, rules: Sequence[RowRule], *, source: str, file: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Cut out the rows that break a rule: (kept, refused cells). `frame` carries `line`."""
    broken = [
        refusals(
            frame.filter(rule.broken.fill_null(value=False)),
            source=source,
            file=file,
            column=rule.column,
            rule=rule.name,
            why=rule.remedy,
        )
        for rule in rules
    ]
    refusal = pl.concat([empty_quarantine(), *broken])
    return frame.join(refusal.select("line").unique(), on="line", how="anti"), refusal
