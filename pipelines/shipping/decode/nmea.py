"""AIVDM sentences, every line accounted for: the plain ones by column, the rest through pyais.

Receivers write the time in a tag block, after the checksum, or before the sentence; all are read as
if the tag block held it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import deque
from collections.abc import Iterable, Iterator
from functools import reduce
from operator import xor
from typing import Any

import numpy as np
import polars as pl
from pyais.messages import NMEASentenceFactory
from pyais.stream import IterMessages

from pipelines.shipping.decode.canonical import CANONICAL
from pipelines.shipping.decode.lines import Block
from pipelines.shipping.decode.sentences import Lines, refused_rows, sort_lines

_MOST_LINE_BYTES = 4_096  # a sentence is at most 82 characters; a tag block some hundred
# parts of one message come close together: older ones will not be completed
_MOST_APART = 10_000
_PART = re.compile(rb"[!$]([A-Z]{2}VD[MO]),(\d{1,2}),(\d{1,2}),(\d*),([^,]*),")
_POSITION_TYPES = frozenset({1, 2, 3, 9, 18, 19, 27})
_STATIC_TYPES = frozenset({5, 19, 24})
_SENTENCE = rb"[!$][A-Z]{2}VD[MO],[^*\r\n]*\*[0-9A-Fa-f]{2}"
# epoch seconds or milliseconds after the checksum; what follows a first one is another clock's
_AFTER = re.compile(
    rb"^(?P<tag>\\[^\\]*\\)?(?P<sentence>" + _SENTENCE + rb")"
    rb"[,;\s]+(?P<epoch>\d{9,13})(?:\.\d*)?(?:[,;\s].*)?$"
)
_BEFORE = re.compile(
    rb"^(?:(?P<iso>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.\d+)?(?P<zone>Z|[+-]\d\d:?\d\d)?"
    rb"|(?P<epoch>\d{9,13})(?:\.\d*)?)[,;\s]+(?P<sentence>" + _SENTENCE + rb")\s*$"
)

Row = dict[str, Any]


def decode_nmea(lines: Iterable[Block]) -> Iterator[pl.DataFrame]:
    """Decode a file of sentences, a block of rows at a time.

    Args:
        lines: a file, one sentence a line, tag blocks or not.

    Yields:
        Frames of canonical columns. Every line that is not blank ends in exactly one row, save
        the earlier parts of a complete multi-part message: they carry the rule `joined`.
    """
    rest = _Rest()
    kept: list[tuple[int, bytes]] = []  # first parts whose other part may come
    for block in lines:
        held, originals = _lines(block, kept)
        found = sort_lines(held)
        refused = [
            (int(held.numbers[at]), "undecodable_payload", held.text(at))
            for at in found.empty.tolist()
        ]
        for at in found.orphans.tolist():
            text = held.text(at)
            refused.append((int(held.numbers[at]), _reason(text), text))
        kept = [(int(held.numbers[at]), held.text(at)) for at in found.waiting.tolist()]
        last = int(held.numbers[-1]) if len(held.numbers) else 0
        late = [one for one in kept if one[0] < last - _MOST_APART]
        kept = [one for one in kept if one[0] >= last - _MOST_APART]
        refused += [(number, _reason(text), text) for number, text in late]
        others = [
            (number, originals.get(number, held.text(at)))
            for at, number in zip(
                found.others.tolist(), held.numbers[found.others].tolist(), strict=True
            )
        ]
        yield pl.concat([found.rows, refused_rows(refused), rest.rows(others)])
    yield refused_rows([(number, _reason(text), text) for number, text in kept])
    yield rest.last()


def _lines(block: Block, kept: list[tuple[int, bytes]]) -> tuple[Lines, dict[int, bytes]]:
    """(lines that hold something, times moved into tag blocks; lines too long, as they are)."""
    wanted = np.flatnonzero(~block.is_blank)
    starts, ends = block.starts[wanted], block.ends[wanted]
    data = block.buffer
    first = data[starts] if len(starts) else data[:0]
    plain = ((first == 33) | (first == 92)) & (data[np.maximum(ends - 3, 0)] == 42)
    numbers = wanted + block.first_line
    long: dict[int, bytes] = {}
    odd = np.flatnonzero(~plain)
    if len(odd) or kept:
        texts: list[bytes] = [text for _, text in kept]
        moved = set(odd.tolist())
        for at in range(len(wanted)):
            text = block.data[starts[at] : ends[at]]
            texts.append(_with_tag(text) if at in moved else text)
        numbers = np.concatenate([np.array([n for n, _ in kept], dtype=np.int64), numbers])
        joined = b"\n".join(texts) + b"\n"
        lengths = np.array([len(text) for text in texts], dtype=np.int64)
        ends = np.cumsum(lengths + 1) - 1
        starts = ends - lengths
        data = np.frombuffer(joined + bytes(64), dtype=np.uint8)
    if block.cut_bytes:
        long[block.first_line] = block.text(0) + b" " * _MOST_LINE_BYTES
    return Lines(data, starts.astype(np.int64), ends.astype(np.int64), numbers), long


def _with_tag(line: bytes) -> bytes:
    """A line whose time stands beside the sentence, with a tag block; any other as it is."""
    line = line.strip()
    if found := _AFTER.match(line):
        if found["tag"]:
            return found["tag"] + found["sentence"]
        return _tagged(found["sentence"], found["epoch"])
    if found := _BEFORE.match(line):
        if found["epoch"]:
            return _tagged(found["sentence"], found["epoch"])
        zone = (found["zone"] or b"Z").decode()
        try:
            at = dt.datetime.fromisoformat(found["iso"].decode() + zone.replace("Z", "+00:00"))
        except ValueError:
            return line
        return _tagged(found["sentence"], str(int(at.timestamp())).encode())
    return line


def _tagged(sentence: bytes, epoch: bytes) -> bytes:
    block = b"c:" + epoch
    return b"\\%s*%02X\\%s" % (block, reduce(xor, block), sentence)


class _Rest:
    """Lines that are not plain, in order, through pyais, which keeps what is open between them."""

    def __init__(self) -> None:
        self._queue: deque[tuple[int, bytes]] = deque()
        self._waiting: dict[int, bytes] = {}  # lines handed to pyais that gave nothing yet
        self._parts: dict[tuple[bytes, ...], list[tuple[int, bytes]]] = {}
        self._now = 0
        self._is_mark = False
        self._messages = iter(IterMessages(self._lines()))

    def _lines(self) -> Iterator[bytes]:
        while True:
            if not self._queue:
                # a mark that pyais passes on: the queue is empty. A file may hold the same sentence
                self._is_mark = True
                yield _END
                self._is_mark = False
                continue
            self._now, content = self._queue.popleft()
            content = content.strip()
            self._waiting[self._now] = content
            if len(content) > _MOST_LINE_BYTES:
                continue
            part = _PART.search(content)
            if part is not None and part.group(2) != b"1":
                key = part.group(1, 2, 4, 5)
                if part.group(3) == b"1":
                    self._parts[key] = []
                self._parts.setdefault(key, []).append((self._now, content))
            yield content

    def rows(self, lines: list[tuple[int, bytes]]) -> pl.DataFrame:
        """Rows of what is complete by now."""
        decoded: list[Row] = []
        refused: list[tuple[int, str, bytes]] = []
        if not lines:
            return refused_rows([])
        self._queue = deque(lines)
        for message in self._messages:
            if self._is_mark:
                break
            now = self._now
            content = self._waiting.pop(now, b"")
            if not message.is_valid:
                refused.append((now, "bad_checksum", content))
            else:
                try:
                    decoded.append(_decoded(now, message))
                except Exception:  # whatever a hostile payload provokes, the line is kept and named
                    refused.append((now, "undecodable_payload", content))
            if message.frag_cnt > 1 and (found := _PART.search(content)) is not None:
                sentences = set(message.raw.split(b"\n"))
                for number, earlier in self._parts.pop(found.group(1, 2, 4, 5), []):
                    if number != now and earlier.rsplit(b"\\", 1)[-1] in sentences:
                        self._waiting.pop(number, None)
                        refused.append((number, "joined", earlier))
        late = [number for number in self._waiting if number < self._now - _MOST_APART]
        refused += [(n, _reason(self._waiting[n]), self._waiting.pop(n)) for n in late]
        return pl.concat([refused_rows(refused), pl.DataFrame(decoded, schema=CANONICAL)])

    def last(self) -> pl.DataFrame:
        """Rows of what stayed incomplete."""
        return refused_rows([(n, _reason(text), text) for n, text in self._waiting.items()])


# a sentence of our own that comes back at once
_END = b"!AIVDM,1,1,,,0,0*16"


def _instant(message: Any) -> tuple[int | None, str | None]:
    """Epoch seconds of the tag block, seconds or milliseconds; None where it cannot be trusted."""
    block = message.tag_block
    if block is None:
        return None, None
    block.init()
    text = block.receiver_timestamp
    if not block.is_valid or text is None or not text.isdigit() or len(text) > 13:
        return None, text
    seconds = int(text)
    return (seconds // 1000 if len(text) > 11 else seconds), text


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _decoded(line: int, message: Any) -> Row:
    """One decoded message as a canonical row."""
    at, time_text = _instant(message)
    found = message.decode()
    kind = int(found.msg_type)
    has_position = kind in _POSITION_TYPES or kind == 4
    has_statics = kind in _STATIC_TYPES
    mmsi = int(found.mmsi)

    def get(name: str) -> object:
        return getattr(found, name, None)

    length = width = None
    if has_statics and get("to_bow") is not None:
        length = (_number(get("to_bow")) or 0) + (_number(get("to_stern")) or 0) or None
        width = (_number(get("to_port")) or 0) + (_number(get("to_starboard")) or 0) or None
    imo = get("imo")
    ship_type = get("ship_type")
    return {
        "line": line,
        "mmsi": mmsi,
        "mmsi_text": str(mmsi).zfill(9),
        "t": at,
        "time_text": time_text,
        "is_naive": False,
        "lon": _number(get("lon")) if has_position else None,
        "lat": _number(get("lat")) if has_position else None,
        "sog_kn": _number(get("speed")) if has_position else None,
        "cog_deg": _number(get("course")) if has_position else None,
        "heading_deg": _number(get("heading")) if has_position else None,
        "draught_m": _number(get("draught")),
        "imo_text": str(imo) if isinstance(imo, int) and imo else None,
        "name_original": _text(get("shipname")),
        "call_sign": _text(get("callsign")),
        "ship_type": str(int(ship_type)) if isinstance(ship_type, int) and ship_type else None,
        "length_m": length,
        "width_m": width,
        "has_position": has_position,
        "is_base_station": kind == 4,
        "is_coarse": kind == 27,
        "refused": None if has_position or has_statics else "message_without_position",
    }


def _reason(content: bytes) -> str:
    """Why a line gave no message."""
    if b"VDM" not in content and b"VDO" not in content:
        return "not_ais"
    try:
        NMEASentenceFactory.produce(content)
    except Exception:
        return "broken_sentence"
    return "incomplete_multipart"
