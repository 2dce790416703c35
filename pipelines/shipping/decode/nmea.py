"""AIVDM sentences through pyais, every line accounted for.

The one place where rows pass through a Python loop: a sentence is a packed bit field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
from pyais.exceptions import InvalidNMEAMessageException, UnknownMessageException
from pyais.messages import NMEASentenceFactory
from pyais.stream import IterMessages

_SCHEMA: dict[str, Any] = {
    "line": pl.Int64,
    "mmsi": pl.Int64,
    "mmsi_text": pl.String,
    "t": pl.Int64,
    "time_text": pl.String,
    "is_naive": pl.Boolean,
    "lon": pl.Float64,
    "lat": pl.Float64,
    "sog_kn": pl.Float64,
    "cog_deg": pl.Float64,
    "heading_deg": pl.Float64,
    "draught_m": pl.Float64,
    "imo_text": pl.String,
    "name_original": pl.String,
    "call_sign": pl.String,
    "ship_type": pl.String,
    "length_m": pl.Float64,
    "width_m": pl.Float64,
    "has_position": pl.Boolean,
    "is_base_station": pl.Boolean,
    "is_coarse": pl.Boolean,
    "refused": pl.String,
    "bad_column": pl.String,
    "bad_value": pl.String,
}
_BATCH_LINES = 200_000
_MOST_LINE_BYTES = 4_096  # a sentence is at most 82 characters; a tag block some hundred
_PART = re.compile(rb"[!$][A-Z]{2}VD[MO],(\d{1,2}),(\d{1,2}),(\d*),([^,]*),")
_POSITION_TYPES = frozenset({1, 2, 3, 9, 18, 19, 27})
_STATIC_TYPES = frozenset({5, 19, 24})

Row = list[Any]


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


def _row(line: int, message: Any) -> Row:
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
    return [
        line,
        mmsi,
        str(mmsi).zfill(9),
        at,
        time_text,
        False,
        _number(get("lon")) if has_position else None,
        _number(get("lat")) if has_position else None,
        _number(get("speed")) if has_position else None,
        _number(get("course")) if has_position else None,
        _number(get("heading")) if has_position else None,
        _number(get("draught")),
        str(imo) if isinstance(imo, int) and imo else None,
        _text(get("shipname")),
        _text(get("callsign")),
        str(int(ship_type)) if isinstance(ship_type, int) and ship_type else None,
        length,
        width,
        has_position,
        kind == 4,
        kind == 27,
        None if has_position or has_statics else "message_without_position",
        None,
        None,
    ]


def _refused(line: int, rule: str, shown: bytes) -> Row:
    row: Row = [None] * len(_SCHEMA)
    row[0] = line
    row[5] = row[18] = row[19] = row[20] = False
    row[21] = rule
    row[23] = shown[:200].decode("utf-8", errors="replace")
    return row


def _reason(content: bytes) -> str:
    """Why a line gave no message."""
    if b"VDM" not in content and b"VDO" not in content:
        return "not_ais"
    try:
        NMEASentenceFactory.produce(content)
    except (InvalidNMEAMessageException, UnknownMessageException):
        return "broken_sentence"
    except Exception:
        return "broken_sentence"
    return "incomplete_multipart"


def _frame(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def decode_nmea(path: Path) -> Iterator[pl.DataFrame]:
    """Decode a file of sentences, a batch of rows at a time.

    Args:
        path: a plain file, one sentence a line, tag blocks or not.

    Yields:
        Frames of canonical columns. Every line that is not blank ends in exactly one row, save
        the earlier parts of a complete multi-part message: they carry the rule `joined`.
    """
    waiting: dict[int, bytes] = {}  # lines handed to pyais that gave nothing yet
    parts: dict[tuple[bytes, ...], list[tuple[int, bytes]]] = {}
    now = 0

    def lines() -> Iterator[bytes]:
        nonlocal now
        with path.open("rb") as file:
            for number, content in enumerate(file, start=1):
                content = content.strip()
                if not content:
                    continue
                now = number
                waiting[number] = content
                if len(content) > _MOST_LINE_BYTES:
                    continue
                part = _PART.search(content)
                if part is not None and part.group(1) != b"1":
                    key = part.group(1, 3, 4)
                    if part.group(2) == b"1":
                        parts[key] = []
                    parts.setdefault(key, []).append((number, content))
                yield content

    rows: list[Row] = []
    for message in IterMessages(lines()):
        content = waiting.pop(now, b"")
        if not message.is_valid:
            rows.append(_refused(now, "bad_checksum", content))
        else:
            try:
                rows.append(_row(now, message))
            except Exception:  # whatever a hostile payload provokes, the line is kept and named
                rows.append(_refused(now, "undecodable_payload", content))
        if message.frag_cnt > 1 and (found := _PART.search(content)) is not None:
            sentences = set(message.raw.split(b"\n"))
            for number, earlier in parts.pop(found.group(1, 3, 4), []):
                if number != now and earlier.rsplit(b"\\", 1)[-1] in sentences:
                    waiting.pop(number, None)
                    rows.append(_refused(number, "joined", earlier))
        if len(rows) >= _BATCH_LINES:
            yield _frame(rows)
            rows = []
            # parts of one message come close together: older ones will not be completed
            stale = [number for number in waiting if number < now - 10_000]
            rows.extend(_refused(n, _reason(waiting[n]), waiting.pop(n)) for n in stale)
    rows.extend(_refused(n, _reason(content), content) for n, content in waiting.items())
    yield _frame(rows)


Decoder = Callable[[Path], Iterator[pl.DataFrame]]
