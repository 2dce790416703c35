"""Well-shaped AIVDM sentences decoded by column: many at once, each field some shifts over bytes.

A sentence is a packed bit field, six bits a character. Those of one type and length lie side by
side as a matrix, so a field is read for all of them together. Whatever is not of the plain shape
is left to pyais, which this agrees with in every column (tests/shipping/test_nmea.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pyais.constants import ShipType

from pipelines.shipping.decode.canonical import CANONICAL, NUMBERS, TEXTS, filled

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]

# value of a payload's character; 255 where it is none
_SIX = np.full(256, 255, dtype=np.uint8)
_SIX[48:88] = np.arange(40)
_SIX[96:120] = np.arange(40, 64)
_HEX = np.full(256, 255, dtype=np.uint8)
for _at, _digit in enumerate("0123456789ABCDEF"):
    _HEX[ord(_digit)] = _HEX[ord(_digit.lower())] = _at
# the reserved kinds of ship as pyais names them
_KIND = np.array([int(ShipType.from_value(kind) or 0) for kind in range(256)], dtype=np.int64)

# (type, characters, fill bits) that are read here: all their fields are there
_SHAPES = {
    **{(kind, 28, 0): kind for kind in (1, 2, 3, 4, 9, 18, 24)},
    (27, 16, 0): 27,
    (19, 52, 0): 19,
    (24, 27, 2): 24,
    (5, 71, 2): 5,
}
# kinds of message that are no ship's position or particulars, and that pyais reads at any length
_SILENT = (11, 15, 20, 21)
# where longitude, latitude, speed, course and heading begin
_FIXES = {
    **dict.fromkeys((1, 2, 3), (61, 89, 50, 116, 128)),
    **dict.fromkeys((18, 19), (57, 85, 46, 112, 124)),
    9: (61, 89, 50, 116, None),
    4: (79, 107, None, None, None),
}


@dataclass
class Lines:
    """Lines of a block, as bytes.

    Attributes:
        data: the bytes, zeros after them.
        starts, ends: of each line, its line feed left out.
        numbers: line numbers in the file.
    """

    data: Bytes
    starts: Places
    ends: Places
    numbers: Places

    def text(self, at: int) -> bytes:
        """The bytes of one line."""
        return self.data[self.starts[at] : self.ends[at]].tobytes()


@dataclass
class Sorted:
    """What becomes of a block's lines, each in one of these, by its place among them.

    Attributes:
        rows: canonical rows of the sentences read here, joined parts included.
        empty: sentences without a payload.
        orphans: parts whose other part cannot come any more.
        waiting: first parts whose other part may come in the next block.
        others: everything else, in order; parts of one message both or neither.
    """

    rows: pl.DataFrame
    empty: Places
    orphans: Places
    waiting: Places
    others: Places


@dataclass
class _Shape:
    """Where the parts of plain sentences lie, and which lines are such sentences."""

    is_plain: NDArray[np.bool_]
    is_right: NDArray[np.bool_]  # the checksum fits
    parts: Places
    part: Places
    slot: Places
    payload: Places
    characters: Places
    fill: Places
    time: Places  # as written in the tag block, -1 where there is none
    has_time_read: NDArray[np.bool_]  # the tag block is right, and tells one instant or none


def sort_lines(lines: Lines) -> Sorted:
    """Read what is plain, and say what the rest is."""
    shape = _shape(lines)
    single = shape.is_plain & (shape.parts == 1)
    first, second, orphans, waiting = _pairs(shape)
    done = np.zeros(len(lines.starts), dtype=bool)

    is_empty = single & shape.is_right & (shape.characters == 0)
    candidates = np.flatnonzero(single & shape.is_right & shape.has_time_read & ~is_empty)
    frames = []
    joined = np.zeros(0, dtype=np.int64)
    right = shape.is_right[first] & shape.is_right[second] & shape.has_time_read[first]
    pairs = first[right], second[right]
    for head, tail in ((candidates, None), pairs):
        fast, frame = _messages(lines, shape, head, tail)
        frames.append(frame)
        done[head[fast]] = True
        if tail is not None:
            done[tail[fast]] = True
            joined = lines.numbers[head[fast]]
    rows = pl.concat([*frames, _joined(lines, joined, pairs[0])])
    left = ~done & ~is_empty
    left[orphans] = left[waiting] = False
    return Sorted(rows, np.flatnonzero(is_empty), orphans, waiting, np.flatnonzero(left))


def _at_most(places: Places, from_: Places, until: Places) -> tuple[Places, Places]:
    """(index of the first place at or after each start, how many lie before each end)."""
    low = np.searchsorted(places, from_)
    return low, np.searchsorted(places, until) - low


def _shape(lines: Lines) -> _Shape:
    data, starts, ends = lines.data, lines.starts, lines.ends
    size = len(data) - 64
    bangs = np.flatnonzero(data[:size] == 33)
    commas = np.append(np.flatnonzero(data[:size] == 44), np.full(6, size))
    stars = np.flatnonzero(data[:size] == 42)
    at, count = _at_most(bangs, starts, ends)
    plain = count == 1
    bang = np.append(bangs, 0)[np.where(plain, at, len(bangs))]
    at, count = _at_most(commas, bang, ends)
    plain &= count == 6
    at = np.minimum(at, len(commas) - 6)
    comma = [commas[at + rank] for rank in range(6)]
    last = np.minimum(comma[5], size)

    def digit(place: Places) -> Places:
        return data[np.minimum(place, size)].astype(np.int64) - 48

    plain &= (comma[0] == bang + 6) & (data[bang + 3] == 86) & (data[bang + 4] == 68)
    plain &= (data[bang + 5] == 77) | (data[bang + 5] == 79)
    for letter in (1, 2):
        plain &= (data[bang + letter] >= 65) & (data[bang + letter] <= 90)
    parts, part, fill = digit(bang + 7), digit(bang + 9), digit(last + 1)
    plain &= (comma[1] == bang + 8) & (comma[2] == bang + 10)
    plain &= (parts >= 1) & (parts <= 2) & (part >= 1) & (part <= parts)
    plain &= (fill >= 0) & (fill <= 5) & (ends == last + 5) & (data[last + 2] == 42)
    width = comma[3] - comma[2] - 1
    sequence = np.where(width == 1, digit(comma[2] + 1), -1)
    plain &= (width == 0) | ((width == 1) & (sequence >= 0) & (sequence <= 9))
    width = comma[4] - comma[3] - 1
    channel = np.where(width == 1, digit(comma[3] + 1) + 48, 0)
    plain &= (width == 0) | ((width == 1) & (channel < 128))

    xor = np.bitwise_xor.accumulate(data[: size + 8])
    given = [_HEX[data[np.minimum(last + rank, size)]] for rank in (3, 4)]
    plain &= (given[0] < 16) & (given[1] < 16)
    is_right = (xor[last + 1] ^ xor[bang]) == given[0] * 16 + given[1]
    tagged = data[starts] == 92
    _, n_stars = _at_most(stars, starts, ends)
    plain &= n_stars == 1 + tagged
    plain &= tagged | (bang == starts)
    plain &= ~tagged | (data[np.maximum(bang - 1, 0)] == 92)
    time, is_time_read = _times(data, xor, starts, bang, tagged)
    talker = data[bang + 1].astype(np.int64) * 256 + data[bang + 2]
    slot = ((talker * 2 + (data[bang + 5] == 79)) * 16 + sequence + 1) * 256 + channel
    return _Shape(
        plain,
        is_right,
        parts,
        part,
        slot,
        comma[4] + 1,
        comma[5] - comma[4] - 1,
        fill,
        time,
        is_time_read,
    )


def _times(
    data: Bytes, xor: Bytes, starts: Places, bang: Places, tagged: NDArray[np.bool_]
) -> tuple[Places, NDArray[np.bool_]]:
    """(the instant each tag block writes, whether it is plain: right, and said once or never)."""
    time = np.full(len(starts), -1, dtype=np.int64)
    plain = np.ones(len(starts), dtype=bool)
    lines = np.flatnonzero(tagged)
    if not len(lines):
        return time, plain
    first, end = starts[lines], np.maximum(bang[lines], 4)
    given = [_HEX[data[end - rank]] for rank in (3, 2)]
    right = (data[end - 1] == 92) & (data[end - 4] == 42) & (end - first > 5)
    right &= (given[0] < 16) & (given[1] < 16)
    right &= (xor[end - 5] ^ xor[first]) == given[0] * 16 + given[1]
    marks = np.flatnonzero((data[:-1] == 99) & (data[1:] == 58))
    before = data[np.maximum(marks - 1, 0)]
    marks = marks[(before == 92) | (before == 44)]
    at, count = _at_most(marks, first, end)
    right &= count <= 1
    told = np.flatnonzero(right & (count == 1))
    if len(told):
        digits = np.lib.stride_tricks.sliding_window_view(data, 14)[marks[at[told]] + 2]
        length = np.argmin(digits - 48 <= 9, axis=1)
        value = np.zeros(len(told), dtype=np.int64)
        for rank in range(13):
            value = np.where(rank < length, value * 10 + digits[:, rank] - 48, value)
        stop = digits[np.arange(len(told)), length]
        good = (
            (length >= 1) & ((stop == 44) | (stop == 42)) & ((digits[:, 0] != 48) | (length == 1))
        )
        time[lines[told]] = value
        right[told[~good]] = False
    plain[lines] = right
    return time, plain


def _pairs(shape: _Shape) -> tuple[Places, Places, Places, Places]:
    """(first parts, their second parts, parts left alone, first parts that may yet be met)."""
    parts = np.flatnonzero(shape.is_plain & (shape.parts == 2))
    parts = parts[np.argsort(shape.slot[parts], kind="stable")]
    slot, is_first = shape.slot[parts], shape.part[parts] == 1
    same = np.zeros(len(parts), dtype=bool)
    same[:-1] = slot[1:] == slot[:-1]
    opens = np.zeros(len(parts), dtype=bool)
    opens[:-1] = same[:-1] & is_first[:-1] & ~is_first[1:]
    closes = np.roll(opens, 1)
    waiting = is_first & ~same
    alone = ~opens & ~closes & ~waiting
    return parts[opens], parts[closes], np.sort(parts[alone]), np.sort(parts[waiting])


def _joined(lines: Lines, numbers: Places, heads: Places) -> pl.DataFrame:
    """Rows of first parts, whose message stands in the row of the last."""
    texts = {int(lines.numbers[at]): lines.text(int(at)) for at in heads}
    return refused_rows([(one, "joined", texts[one]) for one in numbers.tolist()])


def refused_rows(told: list[tuple[int, str, bytes]]) -> pl.DataFrame:
    """Canonical rows of lines that are no message: (line number, rule, its bytes)."""
    return _frame(
        {
            "line": [number for number, _, _ in told],
            "refused": [rule for _, rule, _ in told],
            "bad_value": [text[:200].decode("utf-8", "replace") for _, _, text in told],
        }
    )


def _frame(columns: dict[str, Any]) -> pl.DataFrame:
    return filled(pl.DataFrame(columns, schema={name: CANONICAL[name] for name in columns}))


def _messages(
    lines: Lines, shape: _Shape, head: Places, tail: Places | None
) -> tuple[NDArray[np.bool_], pl.DataFrame]:
    """(which messages are read here, their rows): of one sentence, or of two parts."""
    length = shape.characters[head] + (0 if tail is None else shape.characters[tail])
    fill = shape.fill[head if tail is None else tail]
    kinds = _SIX[lines.data[shape.payload[head]]]
    fast = np.zeros(len(head), dtype=bool)
    found = _Rows(len(head))
    for (kind, characters, bits), reads in _SHAPES.items():
        at = np.flatnonzero((kinds == kind) & (length == characters) & (fill == bits))
        if not len(at):
            continue
        six = _SIX[
            _payloads(lines.data, shape, head[at], None if tail is None else tail[at], characters)
        ]
        good = (six != 255).all(axis=1)
        at, six = at[good], np.ascontiguousarray(six[good].T)
        fast[at[found.read(at, six, reads)]] = True
    if tail is None:
        at = np.flatnonzero(np.isin(kinds, _SILENT) & (length >= 14) & (length <= 60))
        six = _SIX[
            np.lib.stride_tricks.sliding_window_view(lines.data, 64)[shape.payload[head[at]]]
        ]
        beyond = np.arange(64) >= length[at][:, None]
        good = ((six != 255) | beyond).all(axis=1)
        fast[at[good]] = True
        found.mmsi[at] = _bits(np.ascontiguousarray(six[:, :8].T), 8, 30)
        found.kind[at] = kinds[at]
    row = tail if tail is not None else head
    return fast, found.frame(lines.numbers[row], shape.time[head], fast)


def _payloads(
    data: Bytes, shape: _Shape, head: Places, tail: Places | None, characters: int
) -> Bytes:
    """The payloads as a matrix, a row each."""
    if tail is None:
        return np.lib.stride_tricks.sliding_window_view(data, characters)[shape.payload[head]]
    matrix = np.empty((len(head), characters), dtype=np.uint8)
    first = shape.characters[head]
    for width in np.unique(first):
        at = np.flatnonzero(first == width)
        for part, low, high in ((head, 0, width), (tail, width, characters)):
            if high > low:
                view = np.lib.stride_tricks.sliding_window_view(data, int(high - low))
                matrix[at, low:high] = view[shape.payload[part[at]]]
    return matrix


def _bits(six: Bytes, start: int, width: int) -> Places:
    """An unsigned field of every message: `six` holds a message a column."""
    first, last = start // 6, (start + width - 1) // 6
    value = six[first].astype(np.int64) & ((1 << (6 - start % 6)) - 1)
    for at in range(first + 1, last + 1):
        value = (value << 6) | six[at]
    return value >> ((last + 1) * 6 - start - width)


def _signed(six: Bytes, start: int, width: int) -> Places:
    value = _bits(six, start, width)
    return value - ((value >> (width - 1)) << width)


def _text(six: Bytes, start: int, width: int) -> list[str | None]:
    """Text of every message: trailing fill and outer spaces taken off, as pyais does."""
    letters = np.stack([_bits(six, start + at, 6) for at in range(0, width, 6)], axis=1)
    spelt = np.where(letters < 32, letters + 64, letters).astype(np.uint8).tobytes().decode()
    long = width // 6
    texts = (spelt[at : at + long].rstrip("@").strip() for at in range(0, len(spelt), long))
    return [text or None for text in texts]


class _Rows:
    """Columns of messages, filled type by type."""

    def __init__(self, rows: int) -> None:
        self.numbers = {name: np.full(rows, np.nan) for name in NUMBERS}
        self.texts: dict[str, NDArray[np.object_]] = {
            name: np.full(rows, None, dtype=object) for name in TEXTS
        }
        self.mmsi = np.zeros(rows, dtype=np.int64)
        self.kind = np.zeros(rows, dtype=np.int64)

    def read(self, at: Places, six: Bytes, kind: int) -> NDArray[np.bool_]:
        """Fill the rows `at`; whether each is one that is read here."""
        good = np.ones(len(at), dtype=bool)
        self.mmsi[at] = mmsi = _bits(six, 8, 30)
        self.kind[at] = kind
        if kind in _FIXES:
            lon, lat, speed, course, heading = _FIXES[kind]
            # as pyais rounds: to the nearest millionth of a degree
            self.numbers["lon"][at] = (10 * _signed(six, lon, 28) + 3) // 6 / 1e6
            self.numbers["lat"][at] = (10 * _signed(six, lat, 27) + 3) // 6 / 1e6
            if speed is not None and course is not None:
                tenth = 1.0 if kind == 9 else 10.0
                self.numbers["sog_kn"][at] = _bits(six, speed, 10) / tenth
                self.numbers["cog_deg"][at] = _bits(six, course, 12) / 10.0
            if heading is not None:
                self.numbers["heading_deg"][at] = _bits(six, heading, 9)
        if kind == 27:
            self.numbers["lon"][at] = (10_000 * _signed(six, 44, 18) + 3) // 6 / 1e6
            self.numbers["lat"][at] = (10_000 * _signed(six, 62, 17) + 3) // 6 / 1e6
            self.numbers["sog_kn"][at] = _bits(six, 79, 6)
            self.numbers["cog_deg"][at] = _bits(six, 85, 9)
        if kind == 5:
            imo = _bits(six, 40, 30)
            self.texts["imo_text"][at] = [str(one) if one else None for one in imo.tolist()]
            self.texts["call_sign"][at] = _text(six, 70, 42)
            self.texts["name_original"][at] = _text(six, 112, 120)
            self.numbers["draught_m"][at] = _bits(six, 294, 8) / 10.0
            self._hull(at, six, _KIND[_bits(six, 232, 8)], 240)
        if kind == 19:
            self.texts["name_original"][at] = _text(six, 143, 120)
            self._hull(at, six, _KIND[_bits(six, 263, 8)], 271)
        if kind == 24:
            part = _bits(six, 38, 2)
            names, sizes = np.flatnonzero(part == 0), np.flatnonzero(part == 1)
            self.texts["name_original"][at[names]] = _text(six[:, names], 40, 120)
            if len(six) == 28:
                self.texts["call_sign"][at[sizes]] = _text(six[:, sizes], 90, 42)
                self._hull(at[sizes], six[:, sizes], _bits(six[:, sizes], 40, 8), 132)
            # a boat of a ship gives its mother's number in place of its size
            good = (part == 0) | ((part == 1) & (len(six) == 28) & (mmsi // 10_000_000 != 98))
        return good

    def _hull(self, at: Places, six: Bytes, kind: Places, start: int) -> None:
        self.texts["ship_type"][at] = [str(one) if one else None for one in kind.tolist()]
        for name, first, second, width in (("length_m", 0, 9, 9), ("width_m", 18, 24, 6)):
            size = _bits(six, start + first, width) + _bits(six, start + second, width)
            self.numbers[name][at] = np.where(size > 0, size, np.nan)

    def frame(self, lines: Places, time: Places, fast: NDArray[np.bool_]) -> pl.DataFrame:
        kind = self.kind[fast]
        told = time[fast]
        mmsi = pl.Series(self.mmsi[fast])
        t = np.where(told > 99_999_999_999, told // 1000, told)
        without = pl.Series(told < 0)
        columns: dict[str, Any] = {
            "line": lines[fast],
            "mmsi": mmsi,
            "mmsi_text": mmsi.cast(pl.String).str.zfill(9),
            "t": pl.select(pl.when(~without).then(pl.Series(t))).to_series(),
            "time_text": pl.select(
                pl.when(~without).then(pl.Series(told).cast(pl.String))
            ).to_series(),
            "has_position": np.isin(kind, [1, 2, 3, 4, 9, 18, 19, 27]),
            "is_base_station": kind == 4,
            "is_coarse": kind == 27,
            "refused": [
                "message_without_position" if one else None
                for one in np.isin(kind, _SILENT).tolist()
            ],
        }
        for name, values in self.numbers.items():
            columns[name] = pl.Series(values[fast], nan_to_null=True)
        for name, texts in self.texts.items():
            columns[name] = pl.Series(texts[fast].tolist(), dtype=pl.String)
        return _frame(columns)
