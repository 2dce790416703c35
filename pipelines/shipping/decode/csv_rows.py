"""Rows of a CSV: accepted fast where nothing can be doubted, explained slowly where something can.

A line is plain if it has as many cells as the header, no quote and no damage; its number of cells
is counted in the bytes, so no reader decides it. Plain lines are read typed and in bulk, quoting
off. Whatever that reading or any rule could refuse goes, with its line number and its text, through
the exact reading of sql/shipping/decoded.sql; so there is one set of rules and of reasons.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.shipping.decode.canonical import CELLS, NUMBERS, TEXTS, damaged, filled
from pipelines.shipping.decode.layouts import Layout
from pipelines.shipping.decode.lines import Block

_COMMA, _QUOTE = 44, 34
# doubtful lines wait until so many are read exactly together
DOUBTFUL_AT_ONCE = 20_000

Judge = Callable[[pl.DataFrame], pl.DataFrame]
"""Canonical rows → the same with `rule`, `flags` and cleaned values."""
Decode = Callable[[pl.DataFrame], pl.DataFrame]
"""Rows of cells as text (`CELLS`) → canonical rows."""


def decode_csv(
    lines: Iterable[Block], layout: Layout, header: list[str], *, decode: Decode, judge: Judge
) -> Iterator[pl.DataFrame]:
    """Judged rows of a CSV, a block of its lines at a time; blank lines and the header have none.

    Args:
        lines: the file, header and all.
        layout: its form; header: its first line's cells.
        decode, judge: the exact reading and the rules.
    """
    reader = _Reader(layout, header, decode, judge)
    for block in lines:
        yield from reader.rows(block)
    yield from reader.rest()


class _Reader:
    def __init__(self, layout: Layout, header: list[str], decode: Decode, judge: Judge) -> None:
        self.layout, self.width = layout, len(header)
        self.place = layout.places(header)
        self.decode, self.judge = decode, judge
        self.doubtful: list[pl.DataFrame] = []
        names = {at: name for name, at in self.place.items()}
        self.read_at = sorted(at for name, at in self.place.items() if name != "t")
        self.schema = {
            f"c{at}": pl.Int64
            if names.get(at) == "mmsi"
            else pl.Float64
            if names.get(at) in NUMBERS
            else pl.String
            for at in range(self.width)
        }
        self.renamed = {f"c{at}": names[at] for at in self.read_at}

    def rows(self, block: Block) -> Iterator[pl.DataFrame]:
        data = block.buffer[: len(block.data)]
        edges = np.flatnonzero((data == _COMMA) | (data == 10))
        line_end = np.flatnonzero(data[edges] == 10)
        cells = np.diff(line_end, prepend=-1)
        odd = (cells != self.width) | block.is_damaged
        if b'"' in block.data:
            odd[block.lines_of(_QUOTE)] = True
        if block.first_line == 1:
            odd[0] = True
        slow = odd & ~block.is_blank
        if block.first_line == 1:
            slow[0] = False
        if not odd.all():
            plain = np.flatnonzero(~odd)
            held = edges if len(plain) == len(odd) else edges[np.repeat(~odd, cells)]
            frame, is_sure = self._typed(block, plain, held.reshape(-1, self.width), odd)
            judged = self.judge(frame)
            sure = pl.Series(is_sure) & judged["rule"].is_null()
            if sure.all():
                yield judged
            else:
                yield judged.filter(sure)
                slow[plain[~sure.to_numpy()]] = True
        if slow.any():
            self.doubtful.append(self._cells(block, np.flatnonzero(slow)))
            if sum(one.height for one in self.doubtful) >= DOUBTFUL_AT_ONCE:
                yield from self.rest()

    def rest(self) -> Iterator[pl.DataFrame]:
        """The doubtful lines so far, read exactly: few at a time they cost what many do."""
        if self.doubtful:
            yield self.judge(self.decode(pl.concat(self.doubtful)))
            self.doubtful = []

    def _typed(
        self,
        block: Block,
        plain: NDArray[np.intp],
        edges: NDArray[np.int64],
        odd: NDArray[np.bool_],
    ) -> tuple[pl.DataFrame, NDArray[np.bool_]]:
        """(canonical rows of plain lines, whether each cell of a row says what it seems to)."""
        frame = pl.read_csv(
            block.without(odd),
            has_header=False,
            quote_char=None,
            schema=self.schema,
            columns=self.read_at,
            ignore_errors=True,
        ).rename(self.renamed)
        if frame.height != len(plain):
            raise RuntimeError(
                f"{frame.height} rows read of {len(plain)} lines from line {block.first_line} on"
            )

        def span(name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
            at = self.place[name]
            first = edges[:, at - 1] + 1 if at else block.starts[plain]
            return first, edges[:, at] - first

        t, is_naive, sure = _instants(block.buffer, *span("t"), is_danish=self.layout.is_danish)
        # nine digits: the number is written in full, without a sign or a space
        sure &= span("mmsi")[1] == 9
        sure &= frame["mmsi"].is_between(100_000_000, 999_999_999).fill_null(False).to_numpy()
        for name in NUMBERS:
            if name in self.place:
                column = frame[name]
                sure &= column.is_finite().fill_null(True).to_numpy()
                unread = column.is_null().arg_true().to_numpy()
                at = self.place[name]
                before = edges[unread, at - 1] if at else block.starts[plain[unread]] - 1
                sure[unread[edges[unread, at] - before > 1]] = False
        columns = {
            "line": pl.Series(plain + block.first_line),
            "t": pl.Series(t),
            "is_naive": pl.Series(is_naive),
            "has_position": pl.repeat(True, len(plain), dtype=pl.Boolean, eager=True),
        }
        texts = {name: self._given(pl.col(name)) for name in TEXTS if name in frame.columns}
        return filled(frame.with_columns(**columns, **self._marks(frame), **texts)), sure

    def _marks(self, frame: pl.DataFrame) -> dict[str, pl.Expr]:
        kind = (
            pl.col("kind").str.strip_chars().str.to_uppercase() if "kind" in frame.columns else None
        )
        return {
            mark: pl.lit(False) if kind is None or word is None else (kind == word).fill_null(False)
            for mark, word in (
                ("is_base_station", self.layout.base_station),
                ("is_coarse", self.layout.coarse),
            )
        }

    def _given(self, cell: pl.Expr) -> pl.Expr:
        """A cell, null where it holds a word that means nothing was given."""
        if not self.layout.absent:
            return cell
        said = cell.str.strip_chars().str.to_uppercase()
        return pl.when(~said.is_in(self.layout.absent)).then(cell)

    def _cells(self, block: Block, lines: NDArray[np.intp]) -> pl.DataFrame:
        """Cells as text, one row a line; a line that cannot be cut says why."""
        numbers, rows, broken = [], [], []
        for at in lines.tolist():
            wrong = block.what_damages(at) if block.is_damaged[at] else None
            if wrong is None:
                found, wrong = _cut(block.text(at).decode(), self.width)
                if wrong is None:
                    numbers.append(at + block.first_line)
                    rows.append(found)
                    continue
            broken.append((at + block.first_line, *wrong))
        cut = pl.DataFrame(
            rows,
            schema=dict.fromkeys((f"c{at}" for at in range(self.width)), pl.String),
            orient="row",
        )
        said = {
            name: self._given(pl.col(f"c{self.place[name]}"))
            if name in self.place
            else pl.lit(None, pl.String)
            for name in CELLS
        }
        whole = cut.select(
            **{CELLS[name]: cell for name, cell in said.items()},
            line=pl.Series(numbers, dtype=pl.Int64),
            has_position=pl.lit(True),
            **{name: pl.lit(None, pl.String) for name in ("refused", "bad_column", "bad_value")},
        )
        return pl.concat([whole, damaged(broken).select(whole.columns)])


def _cut(text: str, width: int) -> tuple[list[str], tuple[str, str] | None]:
    """(cells of one line, what is wrong with it)."""
    try:
        cells = next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        return [], ("quote", f"{error}: {text[:200]}")
    if len(cells) != width:
        return [], ("cells", f"{len(cells)} cells, {width} in the header: {text[:200]}")
    return cells, None


# where the digits of year, month, day, hour, minute and second stand, and what stands between
_ISO = ((0, 1, 2, 3), (5, 6), (8, 9), (11, 12), (14, 15), (17, 18))
_DANISH = ((6, 7, 8, 9), (3, 4), (0, 1), (11, 12), (14, 15), (17, 18))
_MONTH_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int32)
_LOOK = 32


def _instants(
    buffer: NDArray[np.uint8],
    first: NDArray[np.int64],
    width: NDArray[np.int64],
    *,
    is_danish: bool,
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """(epoch seconds, whether no zone is written, whether both are sure) of time cells.

    Sure are dates that exist, written in full, with a fraction or none, in UTC or without a zone.
    """
    wide = int(min(max(width.max(initial=19), 19), _LOOK))
    windows = np.lib.stride_tricks.sliding_window_view(buffer, wide)
    cells = windows[first]
    digit = cells - 48
    sure = (width >= 19) & (width <= _LOOK)
    places = _DANISH if is_danish else _ISO
    year, month, day, hour, minute, second = (
        sum(
            digit[:, at].astype(np.int32) * 10 ** (len(part) - 1 - rank)
            for rank, at in enumerate(part)
        )
        for part in places
    )
    for part in places:
        for at in part:
            sure &= digit[:, at] <= 9
    for at, mark in ((2, "/"), (5, "/")) if is_danish else ((4, "-"), (7, "-")):
        sure &= cells[:, at] == ord(mark)
    sure &= (cells[:, 13] == 58) & (cells[:, 16] == 58)
    sure &= (cells[:, 10] == 32) | ((cells[:, 10] == 84) & (not is_danish))
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    sure &= (month >= 1) & (month <= 12) & (day >= 1) & (hour <= 23) & (minute <= 59)
    sure &= (second <= 59) & (day <= _MONTH_DAYS[np.clip(month, 0, 12)] + (leap & (month == 2)))
    zulu = np.zeros(len(first), dtype=bool)
    if wide > 19:
        last = np.clip(width - 1, 0, wide - 1)
        zulu = (width > 19) & (cells[np.arange(len(first)), last] == 90)
        until = width - zulu
        fraction = (until == 19) | ((until > 20) & (cells[:, 19] == 46))
        for at in range(20, wide):
            fraction &= (digit[:, at] <= 9) | (at >= until)
        sure &= fraction if not is_danish else width == 19
    # days since 1970 of the civil calendar, years beginning in March
    shifted = year - (month <= 2)
    days = (
        365 * shifted
        + shifted // 4
        - shifted // 100
        + shifted // 400
        + (153 * ((month + 9) % 12) + 2) // 5
        + day
        - 1
        - 719_468
    )
    t = days.astype(np.int64) * 86_400 + hour * 3_600 + minute * 60 + second
    return t, ~zulu, sure
