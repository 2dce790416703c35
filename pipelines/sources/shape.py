"""What an answer looks like at first sight: its kind and its columns, whatever the source."""

from __future__ import annotations

import html
import io
import json
import re
import zipfile
from dataclasses import dataclass

from pipelines.delimited import first_cells

_MOST = 60
_LOOKED_AT = 256 * 1024


@dataclass(frozen=True)
class Shape:
    """What some bytes are.

    Attributes:
        kind: JSON, JSON lines, XML, CSV, zip, HTML, Parquet or other.
        columns: names of fields, columns, tags or members, in order of appearance.
    """

    kind: str
    columns: tuple[str, ...]


def shape_of(content: bytes) -> Shape:
    """Kind and columns of an answer, whole or cut; never raises."""
    head = content[:_LOOKED_AT]
    if head.startswith(b"PK\x03\x04"):
        return Shape("zip", _members(content))
    if head.startswith(b"PAR1"):
        return Shape("Parquet", ())
    text = _text(head)
    start = text.lstrip("\ufeff \r\n\t")
    if start[:1] in ("{", "["):
        return _json(start)
    if re.match(r"(?i)<!doctype html|<html", start):
        return Shape("HTML", _named(html.unescape(one) for one in _headings(start)))
    if start.startswith("<"):
        return Shape("XML", _named(re.findall(r"<([A-Za-z_][\w:.-]*)", start)))
    line = start.split("\n", 1)[0].strip("\r")
    if not line or "\x00" in line:
        return Shape("other", ())
    mark = max(",;\t|", key=line.count)
    cells = first_cells(line, mark)
    return Shape("CSV", _named(cells)) if len(cells) > 1 else Shape("text", (line[:80],))


def _text(head: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        # a cut answer may end inside a character
        for end in (len(head), len(head) - 1, len(head) - 2, len(head) - 3):
            try:
                return head[: max(end, 0)].decode(encoding)
            except UnicodeDecodeError:
                continue
    return head.decode("latin-1")


def _members(content: bytes) -> tuple[str, ...]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _named(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return ()


def _json(text: str) -> Shape:
    try:
        return Shape("JSON", _named(_fields(json.loads(text))))
    except (ValueError, RecursionError):
        pass
    try:
        first = json.loads(text.split("\n", 1)[0])
        return Shape("JSON lines", _named(_fields(first)))
    except (ValueError, RecursionError):
        return Shape("JSON", _named(re.findall(r'"([^"\\]{1,60})"\s*:', text)))


def _fields(value: object, depth: int = 0) -> list[str]:
    """Fields of the envelope, then of the first record of every list in it."""
    if isinstance(value, list):
        return _fields(value[0], depth + 1) if value and depth < 4 else []
    if not isinstance(value, dict):
        return []
    inner = (
        [name for one in value.values() for name in _fields(one, depth + 1)] if depth < 4 else []
    )
    return [str(name) for name in value] + inner


def _headings(text: str) -> list[str]:
    rows = re.findall(r"(?is)<tr[^>]*>(.*?)</tr>", text)[:1]
    title = re.findall(r"(?is)<title[^>]*>(.*?)</title>", text)[:1]
    cells = re.findall(r"(?is)<t[hd][^>]*>(.*?)</t[hd]>", rows[0]) if rows else []
    return [re.sub(r"(?s)<[^>]+>|\s+", " ", one).strip() for one in title + cells]


def _named(names: object) -> tuple[str, ...]:
    seen = dict.fromkeys(str(one).strip()[:60] for one in names)  # ty: ignore[not-iterable]
    seen.pop("", None)
    return tuple(seen)[:_MOST]
