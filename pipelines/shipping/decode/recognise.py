"""Tell a file's form from its first bytes."""

from __future__ import annotations

import gzip
import json
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow as pa

from pipelines.delimited import first_cells
from pipelines.shipping.decode.layouts import LAYOUTS, REQUIRED
from pipelines.shipping.decode.lines import MOST_LINE_BYTES

_HEAD_BYTES = 262_144
# at the start of a line, or after a tag block or a time
_SENTENCE = re.compile(rb"^(?:[^!$\n]{0,200}[\\,;\s])?[!$][A-Z]{2}VD[MO],", re.MULTILINE)
# an archive may hold far more than its size says; one day of world AIS stays below this
_MOST_BYTES = 64 * 2**30


# what unpacking a damaged, cut-off, encrypted or oddly packed file ends in
UNREADABLE = (
    OSError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, RuntimeError,
    NotImplementedError, pa.ArrowException,
)  # fmt: skip


class UnknownFormat(ValueError):
    """A file that is none of the known forms; the message shows what was found."""


class UnknownForm(UnknownFormat):
    """A file that is not even nearly one of the known forms."""


def _container(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(4)
    if start[:2] == b"\x1f\x8b":
        return "gzip"
    if start == b"\x28\xb5\x2f\xfd":
        return "zstd"
    if start == b"PK\x03\x04":
        return "zip"
    return "plain"


@contextmanager
def _opened(path: Path, shown: str) -> Generator[IO[bytes] | pa.NativeFile]:
    """The file's content as a stream, unpacked. Names inside an archive are never used as paths."""
    kind = _container(path)
    if kind == "gzip":
        with gzip.open(path, "rb") as stream:
            yield stream
    elif kind == "zstd":
        with pa.input_stream(str(path), compression="zstd") as stream:
            yield stream
    elif kind == "zip":
        with zipfile.ZipFile(path) as archive:
            members = [one for one in archive.infolist() if not one.filename.endswith("/")]
            if len(members) != 1:
                if "xl/workbook.xml" in archive.namelist():
                    raise UnknownFormat(
                        f"{shown} is an Excel workbook; save its sheet as CSV and drop that"
                    )
                raise UnknownFormat(
                    f"{shown}: the archive holds {len(members)} files; "
                    "unpack it and drop the files one by one"
                )
            with archive.open(members[0]) as stream:
                yield stream
    else:
        with path.open("rb") as stream:
            yield stream


@contextmanager
def plain_file(path: Path, scratch: Path, shown: str) -> Generator[Path]:
    """The path of the unpacked content: the file itself, or a copy in `scratch` while inside.

    Args:
        path: the file, packed or plain.
        scratch: folder for the copy.
        shown: its name as it was dropped, for messages.

    Raises:
        UnknownFormat: the archive holds several files, is damaged or unpacks beyond all reason.
    """
    if _container(path) == "plain":
        yield path
        return
    scratch.mkdir(parents=True, exist_ok=True)
    copy = scratch / "unpacked"
    try:
        try:
            with _opened(path, shown) as stream, copy.open("wb") as target:
                written = 0
                while block := stream.read(1 << 20):
                    written += len(block)
                    if written > _MOST_BYTES:
                        raise UnknownFormat(f"{shown} unpacks to more than 64 GiB; split it")
                    target.write(block)
        except UNREADABLE as error:
            raise UnknownFormat(f"{shown} cannot be unpacked: {error}; fetch it again") from error
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def header_of(head: bytes) -> list[str]:
    """The cells of the first line, read as CSV."""
    first = head.split(b"\n", 1)[0].decode("utf-8-sig", errors="replace")
    return first_cells(first) or [cell.strip() for cell in first.split(",")]


def header_line(path: Path) -> list[str]:
    """The header of a plain CSV."""
    with path.open("rb") as file:
        return header_of(file.readline(MOST_LINE_BYTES + 1))


def _json_form(head: bytes) -> str | None:
    """Which JSON form, from the head alone: a list of thousands of events is not read whole."""
    text = head.decode("utf-8-sig", errors="replace").lstrip()
    if not text.startswith(("{", "[")):
        return None
    keys = set(re.findall(r'"([A-Za-z_]{1,40})"\s*:', text))
    if {"MessageType", "MetaData", "Message"} <= keys:
        return "aisstream"
    if {"ssvid", "timestamp", "lat", "lon"} <= keys and "position" not in keys:
        return "gfw_messages"
    return None


def _why_unknown(head: bytes) -> str | None:
    """What is wrong with a file that is nearly one of the known forms."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[:200].count(b"\0") > 20:
        return "its text is UTF-16, or it is no text at all; save it as UTF-8"
    if head.lstrip()[:200].lower().startswith((b"<!doctype", b"<html")):
        return "it is a web page, perhaps of a login or an error; download the file itself"
    if b"\n" not in head and b"\r" in head:
        return "its lines end with carriage returns alone; save it with line feeds"
    first = head.split(b"\n", 1)[0]
    if len(first) > MOST_LINE_BYTES:
        return f"line 1 has more than {MOST_LINE_BYTES:,} bytes: no header of a table is so long"
    for mark, called in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        text = first.decode("utf-8-sig", errors="replace").strip().replace('"', "")
        if any(layout.fits(text.split(mark)) for layout in LAYOUTS.values()):
            return f"its cells are separated by {called}; save it with commas"
    header = header_of(head)
    if (
        header
        and len(set(header)) < len(header)
        and any(one.fits(header) for one in LAYOUTS.values())
    ):
        return "a column is named twice"
    near = min(LAYOUTS.values(), key=lambda layout: len(layout.missing(header)))
    lacking = near.missing(header)
    if 0 < len(lacking) < len(REQUIRED) - 1:
        return (
            f"a table much like {near.name}, but without {', '.join(lacking)}: a position needs a "
            "ship, an instant, a latitude and a longitude"
        )
    return None


def recognise(path: Path, shown: str = "") -> str:
    """The name of the file's form.

    Args:
        path: the file, packed or plain.
        shown: its name as it was dropped, for messages, where it lies under another.

    Raises:
        UnknownFormat: it is none of those known; says what is wrong, or what its first line holds.
    """
    shown = shown or path.name
    try:
        with _opened(path, shown) as stream:
            head = stream.read(_HEAD_BYTES)
    except UNREADABLE as error:
        raise UnknownFormat(f"{shown} cannot be read: {error}; fetch it again") from error
    if not head.strip():
        raise UnknownFormat(f"{shown} is empty; drop the file again")
    if head.startswith(b"PAR1"):
        return "positions_parquet"
    if _SENTENCE.search(head):
        return "nmea"
    why = _why_unknown(head)
    if why is None:
        if (form := _json_form(head)) is not None:
            return form
        header = header_of(head)
        for layout in LAYOUTS.values():
            if layout.fits(header):
                return layout.name
    else:
        raise UnknownFormat(f"{shown}, line 1: {why}")
    found = json.dumps(header_of(head)[:12], ensure_ascii=True)[:300]
    raise UnknownForm(
        f"{shown}, line 1: none of the known forms (nmea, {', '.join(LAYOUTS)}, "
        f"positions_parquet, gfw_messages, aisstream); it starts with {found}. "
        "Export it in one of them, or add its columns to the layouts."
    )
