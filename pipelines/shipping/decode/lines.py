"""Lines of a file, found as bytes: the count no reader can talk its way out of.

A reader that loses rows counts what it kept. So lines are counted here, in the bytes, before any
reader sees them, and every line has to end up somewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BLOCK_BYTES = 16 << 20
# the longest line that is read: a sentence has 82 characters, a row of a CSV some hundreds
MOST_LINE_BYTES = 65_536

_NEWLINE, _COMMA, _RETURN = 10, 44, 13


def count_lines(path: Path) -> int:
    """Lines of a file, the last one with or without its line feed."""
    lines, last = 0, b"\n"
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            lines += block.count(b"\n")
            last = block[-1:]
    return lines + (last != b"\n")


# one line in so many, and fewer, is looked at by itself
_FEW = 50


@dataclass(frozen=True)
class Block:
    """Whole lines of a file, each ended by one line feed.

    Attributes:
        data: their bytes, carriage returns before a line feed taken out.
        first_line: number of the first line, from 1.
        cut_bytes: length of the only line, where it was too long to be held: its start is here.
    """

    data: bytes
    first_line: int
    cut_bytes: int = 0

    @cached_property
    def buffer(self) -> NDArray[np.uint8]:
        """The bytes, and some zeros after them, so that a look ahead stays inside."""
        return np.frombuffer(self.data + bytes(64), dtype=np.uint8)

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """Offset of each line's line feed."""
        return np.flatnonzero(self.buffer[: len(self.data)] == _NEWLINE)

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Offset of each line's first byte."""
        return np.concatenate([np.zeros(1, dtype=np.int64), self.ends[:-1] + 1])

    @cached_property
    def is_blank(self) -> NDArray[np.bool_]:
        """Lines of nothing but white space."""
        blank = self.ends == self.starts
        short = np.flatnonzero(~blank & (self.ends - self.starts < 16))
        blank[short] = [not self.text(at).strip() for at in short]
        return blank

    @cached_property
    def is_damaged(self) -> NDArray[np.bool_]:
        """Lines too long, with a zero byte or a bare carriage return, or not UTF-8."""
        damaged = self.ends - self.starts > MOST_LINE_BYTES
        if self.cut_bytes:
            damaged[:] = True
        for byte in (0, _RETURN):
            if byte in self.data:
                damaged[self.lines_of(byte)] = True
        if not self.data.isascii():
            high = np.flatnonzero(np.maximum.reduceat(self.buffer, self.starts) >= 128)
            # where few lines need a look, reading them costs less than reading all
            if len(high) * _FEW > len(self.ends) and _is_utf8(self.data):
                return damaged
            for at in high:
                damaged[at] |= self.what_damages(at) is not None
        return damaged

    def lines_of(self, byte: int) -> NDArray[np.intp]:
        """Lines, counted from the block's first, in which a byte occurs."""
        places = np.flatnonzero(self.buffer[: len(self.data)] == byte)
        return np.unique(np.searchsorted(self.ends, places))

    def text(self, at: int) -> bytes:
        """The bytes of one line, counted from the block's first."""
        return self.data[self.starts[at] : self.ends[at]]

    def what_damages(self, at: int) -> tuple[str, str] | None:
        """(what is wrong with a line, the start of it), or None where nothing is."""
        line = self.text(at)
        shown = line[:200].decode("utf-8", errors="backslashreplace")
        length = self.cut_bytes or len(line)
        if length > MOST_LINE_BYTES:
            return "line", f"{length:,} bytes in one line, from: {shown}"
        if b"\0" in line:
            return "line", shown.replace("\0", "\\0")
        if b"\r" in line:
            return "line", shown.replace("\r", "\\r")
        try:
            line.decode()
        except UnicodeDecodeError as error:
            return "encoding", f"byte {error.start + 1} is not UTF-8: {shown}"
        return None

    def without(self, lines: NDArray[np.bool_]) -> bytes:
        """The bytes of all lines but some."""
        if not lines.any():
            return self.data
        edges = np.flatnonzero(np.diff(np.concatenate([[True], lines, [True]]).astype(np.int8)))
        return b"".join(
            self.data[self.starts[one] : self.ends[other - 1] + 1]
            for one, other in zip(edges[::2], edges[1::2], strict=True)
        )


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _with_line_feeds(data: bytes) -> bytes:
    """Lines that end as Windows ends them, ended by a line feed alone."""
    if data.count(b"\r") > len(data) // 10_000:
        return data.replace(b"\r\n", b"\n")
    # where few do, looking for one byte costs a tenth of looking for two
    parts, at = [], 0
    while (found := data.find(b"\r", at)) >= 0:
        ends = data[found + 1 : found + 2] == b"\n"
        parts.append(data[at : found + (not ends)])
        at = found + 1
    return b"".join([*parts, data[at:]]) if parts else data


def blocks(path: Path, *, size: int = BLOCK_BYTES) -> Iterator[Block]:
    """A file as blocks of whole lines; memory follows `size`, not the longest line."""
    rest, number = b"", 1
    with path.open("rb") as file:
        while True:
            chunk = file.read(size)
            data = rest + chunk
            if not chunk and data and not data.endswith(b"\n"):
                data += b"\n"
            cut = data.rfind(b"\n") + 1
            if cut:
                block = Block(_with_line_feeds(data[:cut]), number)
                yield block
                number += len(block.ends)
            rest = data[cut:]
            if not chunk:
                return
            if len(rest) > size:
                start, length = rest[:200], len(rest)
                rest = b""
                while chunk := file.read(size):
                    end = chunk.find(b"\n")
                    length += len(chunk) if end < 0 else end
                    if end >= 0:
                        rest = chunk[end + 1 :]
                        break
                yield Block(start.replace(b"\n", b"") + b"\n", number, cut_bytes=length)
                number += 1
