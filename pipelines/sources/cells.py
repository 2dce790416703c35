"""From a file to cells: decode, cut into rows, read each cell or say which one failed.

Everything here works on whole columns; a million rows cost no Python loop.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandera.polars as pa
import polars as pl

from pipelines.quarantine import SourceDrift, Split, empty_quarantine, split
from pipelines.schemas.quarantine import QUARANTINE_SCHEMA

_SHOWN_CHARACTERS = 200
_LARGE = 10_000  # rows from which one pass pays
INTEGER = r"^[+-]?\d{1,18}(\.0+)?$"
NUMBER = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$"
_TRUE = ("true", "True", "TRUE", "1")
_FALSE = ("false", "False", "FALSE", "0")


@dataclass(frozen=True)
class Delimited:
    """A delimited file as text cells.

    Attributes:
        header: column names as found, trimmed.
        rows: `line` (physical, 1-based) and one trimmed text column per header name; an empty
            cell is null.
        quarantined: rows whose number of cells is not the header's.
        rows_in: data rows found.
    """

    header: list[str]
    rows: pl.DataFrame
    quarantined: pl.DataFrame
    rows_in: int


def decode(content: bytes, encodings: Sequence[str], *, source: str, file: str) -> str:
    """The text of a file in the first encoding that fits.

    Raises:
        SourceDrift: none does; the message names the line of the first byte that is wrong.
    """
    place = 0
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            place = max(place, error.start)
    line = content.count(b"\n", 0, place) + 1
    raise SourceDrift(
        f"{source}: {file}, line {line}: not text in {' or '.join(encodings)}; "
        "export the file again, or save it as UTF-8"
    )


def refusals(
    rows: pl.DataFrame, *, source: str, file: str, column: str, value: pl.Expr, rule: str, why: str
) -> pl.DataFrame:
    """One refused cell per row of `rows` (which carries `line`)."""
    return rows.select(
        source=pl.lit(source),
        file=pl.lit(file),
        line=pl.col("line").cast(pl.Int64),
        column=pl.lit(column),
        value=value.cast(pl.String).str.slice(0, _SHOWN_CHARACTERS),
        rule=pl.lit(rule),
        reason=pl.lit(why),
    ).cast(pl.Schema(QUARANTINE_SCHEMA))


def read_delimited(text: str, *, separator: str, source: str, file: str) -> Delimited:
    """Cut a delimited file into text cells, each row with its physical line.

    Quoted cells may hold the separator but no line break. Blank lines are not rows.

    Raises:
        SourceDrift: the file is empty, or its quoting makes no sense.
    """
    lines = (
        pl.DataFrame({"text": text.removeprefix("\ufeff").split("\n")})
        .with_row_index("line", offset=1)
        .with_columns(pl.col("line").cast(pl.Int64), pl.col("text").str.strip_suffix("\r"))
        .filter(pl.col("text").str.strip_chars() != "")
    )
    if lines.height == 0:
        raise SourceDrift(f"{source}: {file} is empty; export it again with its header line")
    try:
        header = next(csv.reader([lines["text"][0]], delimiter=separator, strict=True))
    except (csv.Error, StopIteration) as error:
        raise SourceDrift(
            f"{source}: {file}, line 1 (header): not readable as CSV ({error}); "
            "look for an unclosed quote mark"
        ) from error
    header = [name.strip() for name in header]
    cells = lines[1:].with_columns(
        found=pl.col("text")
        .str.replace_all(r'"[^"]*"', "")
        .str.count_matches(separator, literal=True)
        + 1,
        is_open=pl.col("text").str.count_matches('"', literal=True) % 2 == 1,
    )
    full = (pl.col("found") == len(header)) & ~pl.col("is_open")
    ragged = refusals(
        cells.filter(~full),
        source=source,
        file=file,
        column="(row)",
        value=pl.col("text"),
        rule="cells_per_row",
        why=f"the row does not have the header's {len(header)} cells, or a quote mark is not "
        "closed; give every column a cell and quote cells that hold the separator",
    )
    good = cells.filter(full)
    names = [f"c{number}" for number in range(len(header))]
    if good.height:
        try:
            body = pl.read_csv(
                "\n".join(good["text"]).encode(),
                has_header=False,
                schema=dict.fromkeys(names, pl.String),
                separator=separator,
                quote_char='"',
            )
        except pl.exceptions.PolarsError as error:
            raise SourceDrift(
                f"{source}: {file} is not readable as CSV; look for stray quote marks"
            ) from error
        if body.height != good.height:
            raise SourceDrift(
                f"{source}: {file} has stray quote marks: {good.height} lines read as "
                f"{body.height} rows; export it again"
            )
    else:
        body = pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    rows = body.select(
        good["line"],
        *(
            pl.col(column).str.strip_chars(" \t\u00a0\u3000").replace("", None).alias(f"_{number}")
            for number, column in enumerate(names)
        ),
    )
    rows.columns = ["line", *(f"_{number}" for number in range(len(header)))]
    return Delimited(header, rows, ragged, cells.height)


def is_rectangular(content: bytes, *, rows: int, columns: int) -> bool:
    """Whether every line of an unquoted comma file has all its cells.

    A fast reader fills a short row up with nulls; counting the commas shows that it did.
    """
    return b'"' not in content and content.count(b",") == (rows + 1) * (columns - 1)


# names that pandas and R give to the row numbers they save as a first column
ROW_NAMES = frozenset({"", "x", "unnamed: 0", "...1", "index", "rownames", "row.names"})
# what they write where there is no value
NO_VALUE = ("NA", "NaN", "nan", "<NA>", "None")


def separator_of(text: str) -> str:
    """The separator of a header line: comma, semicolon or tab, whichever it has most of."""
    first = text.split("\n", 1)[0]
    return max((",", ";", "\t"), key=first.count)


def as_saved(table: Delimited, *, decimal_comma: bool = False) -> Delimited:
    """A table that pandas or R saved, as it was before: no row numbers, no words for no value.

    Args:
        table: text cells.
        decimal_comma: numbers such as 1234,5 become 1234.5 (R's write.csv2).
    """
    header, rows = table.header, table.rows
    if header and header[0].strip().lower() in ROW_NAMES and rows["_0"].null_count() == 0:
        is_number = rows["_0"].str.contains(r"^\d+$").all()
        if is_number:
            rows = rows.drop("_0").rename({f"_{n}": f"_{n - 1}" for n in range(1, len(header))})
            header = header[1:]
    cell = pl.col(r"^_\d+$")
    rows = rows.with_columns(pl.when(~cell.is_in(list(NO_VALUE))).then(cell))
    if decimal_comma:
        rows = rows.with_columns(cell.str.replace(r"^(-?\d+),(\d+(?:[eE][+-]?\d+)?)$", "${1}.${2}"))
    return Delimited(header, rows, table.quarantined, table.rows_in)


def named(table: Delimited, names: Sequence[str]) -> pl.DataFrame:
    """The rows with their columns named; `names` follows the file's column order."""
    return table.rows.rename({f"_{number}": name for number, name in enumerate(names)})


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
) -> tuple[pl.DataFrame, pl.DataFrame, bool]:
    """Drop later copies of a row that is the same in all columns but `line`.

    Returns:
        (rows without copies, the copies as refusals, whether the key is now known to be unique)
    """
    if is_unique(rows, key):
        return rows, empty_quarantine(), True
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
    return rows.filter(first), copies, False


def is_unique(rows: pl.DataFrame, key: Sequence[str]) -> bool:
    """Whether no two rows share a key; never wrongly True."""
    varying = [name for name in key if rows[name].n_unique() > 1] if rows.height else []
    if not varying:
        return rows.height <= 1
    # 64-bit hashes may collide: then the answer is a needless False
    return rows.select(pl.struct(varying).hash().n_unique()).item() == rows.height


def split_large(
    rows: pl.DataFrame,
    contract: type[pa.DataFrameModel],
    *,
    source: str,
    file: str,
    is_known_unique: bool = False,
) -> Split:
    """As `quarantine.split`, for millions of rows of which few are bad.

    The contract's own rules are run as one pass over whole columns; only the rows that fail it, or
    that share a key, meet the check that names each failing cell. `is_known_unique` saves looking
    for shared keys again.
    """
    schema = contract.to_schema()
    columns = list(schema.columns)
    same_types = rows.columns == columns and all(
        column.dtype is not None and column.dtype.type == rows.schema[name]
        for name, column in schema.columns.items()
    )
    sound = [_sound(rows, name, column) for name, column in schema.columns.items()]
    rules = [rule for rule in sound if rule is not None]
    if not same_types or len(rules) < len(sound) or schema.checks or rows.height < _LARGE:
        return split(rows, contract, source=source, file=file)
    is_good = rows.select(pl.all_horizontal(rules)).to_series()
    key = list(schema.unique or [])
    if key and not is_known_unique and not is_unique(rows, key):
        is_good &= ~rows.select(key).is_duplicated()
    if is_good.all():
        return Split(rows, empty_quarantine(), rows.height)
    checked = split(rows.filter(~is_good), contract, source=source, file=file)
    kept = rows.filter(is_good)
    if checked.kept.height:
        kept = pl.concat([kept, checked.kept]).sort("line")
    return Split(kept, checked.quarantined, rows.height)


def _sound(rows: pl.DataFrame, name: str, column: Any) -> pl.Expr | None:
    """The rules of one column as an expression; None for a rule that is not known here."""
    cell = pl.col(name)
    rule: pl.Expr = pl.lit(value=True)
    for check in column.checks:
        given = check.statistics
        match check.name:
            case "greater_than":
                rule &= cell > given["min_value"]
            case "greater_than_or_equal_to":
                rule &= cell >= given["min_value"]
            case "less_than":
                rule &= cell < given["max_value"]
            case "less_than_or_equal_to":
                rule &= cell <= given["max_value"]
            case "isin":
                rule &= cell.is_in(list(given["allowed_values"]))
            case "str_matches":
                pattern = given["pattern"]
                text = pattern if isinstance(pattern, str) else pattern.pattern
                # few distinct values: match each once
                values = rows[name].unique()
                wrong = values.filter(~values.str.contains(text).fill_null(value=True))
                if wrong.len():
                    rule &= ~cell.is_in(wrong.implode())
            case _:
                return None
    filled = rule.fill_null(value=True)
    return filled if column.nullable else filled & cell.is_not_null()


def joined(kept: pl.DataFrame, refused: Sequence[pl.DataFrame], rows_in: int) -> Split:
    """A Split from the kept rows and every kind of refusal."""
    quarantined = pl.concat([empty_quarantine(), *refused]).sort("line", "column", "rule")
    return Split(kept, quarantined, rows_in)
