"""Delimited text to cells: every line of a file ends in a row that is kept or refused.

A reader that meets a stray quote mark swallows the lines up to the next one and counts what it
kept. So lines are counted in the bytes, records are cut by what is written in them before a parser
sees them, and both counts are held against the parser's. A file that breaks none of this is read in
one go.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from pipelines.quarantine import SourceDrift, empty_quarantine, refusals

# a cell over more lines is taken for a stray quote mark
MOST_LINES = 200
# a cell that says nothing, where the others are wanted as they stand
BLANK = r"^\s*$"
# names that pandas and R give to the row numbers they save as a first column
_ROW_NAMES = frozenset({"", "x", "unnamed: 0", "...1", "index", "rownames", "row.names"})
# what they write where there is no value
_NO_VALUE = ("NA", "NaN", "nan", "<NA>", "None")
_END_MARK = b"\x1a"


@dataclass(frozen=True)
class Delimited:
    """A delimited file as text cells.

    Attributes:
        source, file: whose file it is, for messages.
        header: column names as found, trimmed, or as given.
        rows: `line` (physical, 1-based, where a row begins) and one text column per header name,
            `_0` and so on; an empty cell is null.
        quarantined: one refusal for each damaged row.
        rows_in: rows of the file: those of `rows` and of `quarantined`.
    """

    source: str
    file: str
    header: list[str]
    rows: pl.DataFrame
    quarantined: pl.DataFrame
    rows_in: int

    def named(self, names: Sequence[str] | None = None) -> pl.DataFrame:
        """The rows with their columns named, by the header or by `names` in the file's order.

        Raises:
            SourceDrift: a name stands twice, or is `line`.
        """
        names = self.header if names is None else names
        twice = sorted({name for name in names if names.count(name) > 1 or name == "line"})
        if twice:
            raise SourceDrift(
                f"{self.source}: {self.file}, line 1 (header): columns given twice or reserved: "
                f"{', '.join(repr(name[:40]) for name in twice[:8])}; restore the header line"
            )
        return self.rows.rename({f"_{number}": name for number, name in enumerate(names)})

    def as_saved(self, *, decimal_comma: bool = False) -> Delimited:
        """A table that pandas or R saved as it was before: no row numbers, no words for no value.

        Args:
            decimal_comma: numbers such as 1234,5 become 1234.5 (R's write.csv2).
        """
        header, rows = self.header, self.rows
        if header[0].lower() in _ROW_NAMES and rows["_0"].null_count() == 0:
            is_number = rows["_0"].str.contains(r"^\d+$").all()
            if is_number:
                rows = rows.drop("_0").rename({f"_{n}": f"_{n - 1}" for n in range(1, len(header))})
                header = header[1:]
        cell = pl.col(r"^_\d+$")
        rows = rows.with_columns(pl.when(~cell.is_in(list(_NO_VALUE))).then(cell))
        if decimal_comma:
            rows = rows.with_columns(
                cell.str.replace(r"^(-?\d+),(\d+(?:[eE][+-]?\d+)?)$", "${1}.${2}")
            )
        return replace(self, header=header, rows=rows)


def separator_of(content: bytes) -> str:
    """The separator of a header line: comma, semicolon or tab, whichever it has most of."""
    first = re.split(rb"[\r\n]", content[:65_536].lstrip(b"\xef\xbb\xbf\r\n"), maxsplit=1)[0]
    return max((",", ";", "\t"), key=lambda mark: first.count(mark.encode()))


def first_cells(line: str, separator: str = ",") -> list[str]:
    """The cells of one line, trimmed; none where it cannot be cut."""
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]
    except csv.Error:
        return []


def count_lines(content: bytes) -> int:
    """Lines in some bytes, each ended by a line feed, a carriage return, both, or the end."""
    ends = content.count(b"\n") + content.count(b"\r") - content.count(b"\r\n")
    return ends + (not content.endswith((b"\n", b"\r")) and content != b"")


def decode(content: bytes, encodings: Sequence[str], *, source: str, file: str) -> str:
    """The text of a file in the first encoding that fits.

    Raises:
        SourceDrift: none does; the message names the line of the first byte that is wrong.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SourceDrift(f"{source}: {file} is UTF-16; save it as UTF-8, or download it again")
    place = 0
    for encoding in encodings:
        try:
            return content.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            place = max(place, error.start)
    known = " and not ".join(name.upper().removesuffix("-SIG") for name in encodings)
    raise SourceDrift(
        f"{source}: {file}, line {count_lines(content[: place + 1])}: not {known} (byte "
        f"{content[place]:#04x}); download the file again, or save it as UTF-8"
    )


def read_delimited(
    content: bytes,
    *,
    source: str,
    file: str,
    encodings: Sequence[str] = ("utf-8-sig",),
    separator: str = ",",
    names: Sequence[str] | None = None,
    null: str | None = None,
) -> Delimited:
    """Cut a delimited file into text cells, each row with the line it begins on.

    Quoted cells may hold separators and line ends. Blank lines are no rows. Refused, each alone,
    are rows with more or fewer cells than the header, with a quote mark inside a cell or one that
    nothing closes, or with a zero byte. A quote mark that would take in a line that is whole by
    itself is a stray one.

    Args:
        content: the file.
        source, file: whose it is and its name, for messages.
        encodings: tried in this order.
        separator: what stands between cells.
        names: columns of a file without a header line.
        null: pattern of a cell that says nothing; without one cells are trimmed, and say nothing
            when empty.

    Raises:
        SourceDrift: in none of the encodings, empty, cut off inside a cell, more rows damaged than
            sound, or a line that no row accounts for.
    """
    content = content.rstrip(_END_MARK)
    lines = count_lines(content)
    plain = _plain(content, lines, separator, names)
    if plain is not None:
        header, cells = plain
        first = 1 if names is None else 0
        rows = cells.with_row_index("line", offset=first + 1)
        refused, rows_in, accounted = empty_quarantine(), rows.height, rows.height + first
    else:
        text = decode(content, encodings, source=source, file=file)
        header, records, accounted = _records(text, separator, names, source=source, file=file)
        rows, refused = _read(records, header, separator, source=source, file=file)
        rows_in = records.height
        if rows_in != rows.height + refused.height:
            raise SourceDrift(
                f"{source}: {file}: {rows_in} rows found, {rows.height} read and {refused.height} "
                "refused; a row was lost, so none is used: export the file again"
            )
        last = rows["line"].max() or 0
        tail = refused.filter(pl.col("line") > last, pl.col("rule") == "stray_quote")
        if tail.height and not content.endswith((b"\n", b"\r")):
            raise SourceDrift(
                f"{source}: {file}, line {tail['line'][0]}: the file ends inside a quoted cell: it "
                "is cut off, download or export it again"
            )
    if accounted != lines:
        raise SourceDrift(
            f"{source}: {file} has {lines} lines and its rows account for {accounted}; none is "
            "used: export the file again"
        )
    rows = rows.with_columns(pl.col("line").cast(pl.Int64))
    cell = pl.col(pl.String)
    if null is not None:
        rows = rows.with_columns(pl.when(~cell.str.contains(null)).then(cell))
    elif plain is None or _may_be_padded(content, separator.encode()):
        trimmed = cell.str.strip_chars()
        rows = rows.with_columns(pl.when(trimmed != "").then(trimmed))
    return Delimited(source, file, header, rows, refused, rows_in)


def _may_be_padded(content: bytes, separator: bytes) -> bool:
    """Whether a cell of an unquoted file may begin or end with white space."""
    white = [one for one in (b" ", b"\t", b"\v", b"\f") if one in content]
    edges = (separator, b"\r", b"\n")
    return not content.isascii() or any(
        one + edge in content or edge + one in content for one in white for edge in edges
    )


def _schema(width: int) -> dict[str, type[pl.String]]:
    return dict.fromkeys((f"_{number}" for number in range(width)), pl.String)


def _parsed(
    content: bytes, width: int, separator: str, quote: str | None, skip: int = 0
) -> pl.DataFrame:
    return pl.read_csv(
        content,
        has_header=False,
        skip_lines=skip,
        schema=_schema(width),
        separator=separator,
        quote_char=quote,
    )


def _plain(
    content: bytes, lines: int, separator: str, names: Sequence[str] | None
) -> tuple[list[str], pl.DataFrame] | None:
    """Header and cells of a UTF-8 file in which no line can be doubted, else None.

    The parser refuses a row that is too long and fills up one that is too short; as many
    separators as full rows have show that it filled none.
    """
    if b'"' in content or b"\0" in content or content.count(b"\r") != content.count(b"\r\n"):
        return None
    try:
        first = content.split(b"\n", 1)[0].decode("utf-8-sig")
        header = first_cells(first, separator) if names is None else list(names)
        if not header or content.count(separator.encode()) != lines * (len(header) - 1):
            return None
        cells = _parsed(content, len(header), separator, None, skip=names is None)
    except (UnicodeDecodeError, pl.exceptions.PolarsError, OSError):
        return None
    return (header, cells) if cells.height == lines - (names is None) else None


def _records(
    text: str, separator: str, names: Sequence[str] | None, *, source: str, file: str
) -> tuple[list[str], pl.DataFrame, int]:
    """Header, records (`line`, `text`, `is_whole`, cells `found`) and lines accounted for."""
    raw = io.StringIO(text, newline="").readlines()
    form = _Form(separator)
    lines = (
        pl.DataFrame({"text": raw}, schema={"text": pl.String})
        .with_row_index("line", offset=1)
        .with_columns(pl.col("text").str.strip_chars_end("\r\n"))
        .with_columns(
            is_blank=pl.col("text").str.strip_chars() == "",
            is_whole=form.whole,
            found=form.cells,
            lines=pl.lit(1),
        )
    )
    held = lines.filter(~pl.col("is_blank"))
    if held.height == 0:
        raise SourceDrift(f"{source}: {file} is empty; restore its header line")
    header = list(names or ())
    if names is None:
        header = first_cells(held["text"][0], separator) if held["is_whole"][0] else []
        if not header:
            raise SourceDrift(
                f"{source}: {file}, line {held['line'][0]} (header): not readable as CSV; look for "
                "a stray or unclosed quote mark"
            )
        lines = lines.filter(pl.col("line") > held["line"][0])
    before = len(raw) - lines.height
    joined = form.joined(raw, lines, len(header))
    if joined.height:
        inside = pl.concat_list(pl.int_ranges(pl.col("line") + 1, pl.col("line") + pl.col("lines")))
        lines = lines.join(
            joined.select(line=inside).explode("line"), on="line", how="anti", maintain_order="left"
        ).update(joined, on="line")
    records = lines.filter(~pl.col("is_blank"))
    accounted = before + int(records["lines"].sum()) + lines.height - records.height
    return header, records, accounted


class _Form:
    """What a line is whose quote marks stand where they may, to Polars and to Python."""

    def __init__(self, separator: str) -> None:
        self.separator = separator
        cell = rf'(?:"[^"]*(?:""[^"]*)*"|[^"{separator}]*)'
        whole = rf"{cell}(?:{separator}{cell})*"
        self._whole = re.compile(whole)
        self._opens = re.compile(rf'(?:{cell}{separator})*"[^"]*(?:""[^"]*)*')
        text = pl.col("text")
        self.whole = ~text.str.contains('"', literal=True) | text.str.contains(f"^{whole}$")
        unquoted = text.str.replace_all(r'"[^"]*"', "")
        self.cells = unquoted.str.count_matches(separator, literal=True).cast(pl.Int64) + 1

    def joined(self, raw: list[str], lines: pl.DataFrame, width: int) -> pl.DataFrame:
        """Records over several lines: `line` of the first, how many `lines`, their `text`."""
        broken = lines.filter(~pl.col("is_whole"))["line"]
        is_full = pl.col("is_whole") & (pl.col("found") == width) & bool(broken.len())
        full = set(lines.filter(is_full)["line"])
        found, until = [], 0
        for line in broken:
            if line > until and (text := self._record(raw, line, full, width)) is not None:
                n_lines = len(io.StringIO(text, newline="").readlines())
                until = line + n_lines - 1
                found.append((line, text, n_lines))
        return pl.DataFrame(
            found,
            schema={"line": lines.schema["line"], "text": pl.String, "lines": pl.Int32},
            orient="row",
        ).with_columns(is_whole=True, found=pl.lit(width, dtype=pl.Int64))

    def _record(self, raw: list[str], first: int, full: set[int], width: int) -> str | None:
        """The text of the record that a line opens, None where its quote mark is a stray one."""
        text = ""
        for line in range(first, min(first + MOST_LINES, len(raw) + 1)):
            if line in full:
                return None
            text += raw[line - 1]
            if '"' in raw[line - 1]:
                if self._whole.fullmatch(ended := re.sub(r"\r?\n?\Z", "", text)):
                    unquoted = re.sub(r'"[^"]*"', "", ended)
                    return ended if unquoted.count(self.separator) == width - 1 else None
                if not self._opens.fullmatch(text):
                    return None
        return None


def _read(
    records: pl.DataFrame, header: list[str], separator: str, *, source: str, file: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(`line` and cells of the sound records, a refusal of every other)

    Raises:
        SourceDrift: most records are damaged, or the last one is cut off inside a cell.
    """
    width = len(header)
    has_zero = pl.col("text").str.contains("\0", literal=True)
    shown = pl.col("text").str.replace_all("\0", "\\0", literal=True)
    wrong = {
        "stray_quote": (
            ~pl.col("is_whole"),
            pl.lit(
                "the row is not readable as CSV: a quote mark stands inside a cell or is never "
                "closed; put the whole cell into quote marks and double those within"
            ),
        ),
        "zero_byte": (
            pl.col("is_whole") & has_zero,
            pl.lit("the row holds a zero byte, so it is damaged; export the file again"),
        ),
        "cells_per_row": (
            pl.col("is_whole") & ~has_zero & (pl.col("found") != width),
            pl.format(
                "the row has {} cells where {} are expected; quote cells that hold a comma, and "
                "give every column a cell",
                "found",
                pl.lit(width),
            ),
        ),
    }
    refused = pl.concat(
        refusals(
            records.filter(is_wrong),
            source=source,
            file=file,
            column="(row)",
            value=shown,
            rule=rule,
            why=why,
        )
        for rule, (is_wrong, why) in wrong.items()
    ).sort("line")
    if 2 * refused.height > records.height:
        line, why = refused.select("line", "reason").row(0)
        raise SourceDrift(
            f"{source}: {file}, line {line}: {why}. So it is with {refused.height} of "
            f"{records.height} rows: the file is not of the expected form ({', '.join(header)})"
        )
    sound = records.filter(~pl.any_horizontal(is_wrong for is_wrong, _ in wrong.values()))
    if sound.height == 0:
        return pl.DataFrame(schema={"line": pl.UInt32, **_schema(width)}), refused
    try:
        cells = _parsed("\n".join(sound["text"]).encode(), width, separator, '"')
    except pl.exceptions.PolarsError as error:
        raise SourceDrift(
            f"{source}: {file} is not readable as CSV; look for stray quote marks"
        ) from error
    if cells.height == sound.height:
        cells.insert_column(0, sound["line"])
    return cells, refused
