"""What a file that nobody knows seems to be, and what whoever dropped it can do about it."""

from __future__ import annotations

import re

# how a file begins, what that is, and what to do with it
_MARKS = (
    (b"%PDF", "a PDF", "drop the table itself as its publisher gives it (CSV, JSON, XML)"),
    (b"PK\x03\x04", "a zip or an Office file", "unpack it and drop the files in it"),
    (b"\xd0\xcf\x11\xe0", "an old Office file", "save its table as CSV and drop that"),
    (b"\x1f\x8b", "a gzip file", "unpack it and drop what is in it"),
    (b"7z\xbc\xaf", "a 7-Zip archive", "unpack it and drop the files in it"),
    (b"SQLite format 3", "an SQLite database", "export the table as CSV and drop that"),
    (b"PAR1", "a Parquet file", "drop the file it was made from"),
    (b"\x89PNG", "a picture", "drop the table it shows, as its publisher gives it"),
    (b"\xff\xd8\xff", "a picture", "drop the table it shows, as its publisher gives it"),
)
_AGAIN = "download it again from its publisher, or add a folder for its source (CONTRIBUTING.md)"
_SHOWN = 60


def _short(text: str) -> str:
    plain = " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())
    return f"{plain[:_SHOWN]}…" if len(plain) > _SHOWN else plain


def _text_of(head: bytes) -> str | None:
    """The beginning as text; None where it is none."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "replace")
    return None if b"\0" in head else head.decode("utf-8-sig", "replace")


def _cells(line: str) -> int:
    """Cells of a line, by the mark that parts it into most."""
    return 1 + max(line.count(mark) for mark in ",;\t|")


def seems(head: bytes) -> str:
    """What a file seems to be and what to do, in one sentence's words.

    Args:
        head: its first bytes; what is quoted of them is short and printable, not escaped.
    """
    for mark, what, to_do in _MARKS:
        if head.startswith(mark):
            return f"it seems to be {what}; {to_do}"
    text = _text_of(head)
    if text is None:
        return f"it seems to be no text; {_AGAIN}"
    begun = text.lstrip()
    if re.match(r"(?i)<(!doctype\s+html|html|head|body)\b", begun):
        title = re.search(r"(?is)<title[^>]*>(.*?)</title", begun)
        told = f', titled "{_short(title[1])}"' if title else ""
        return f"it seems to be a web page{told}; drop the file that the page links to"
    if begun.startswith("<"):
        root = re.search(r"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)[\s/>]", begun)
        told = f" whose document element is {_short(root[1])}" if root else ""
        return f"it seems to be XML{told}; {_AGAIN}"
    if begun.startswith(("{", "[")):
        # as far as the beginning shows them
        keys = list(dict.fromkeys(re.findall(r'"([^"\\]{1,80})"\s*:', begun[:20_000])))[:4]
        told = f" with the keys {_short(', '.join(keys))}" if keys else ""
        return f"it seems to be JSON{told}; {_AGAIN}"
    line = next(iter(begun.splitlines()), "")
    if _cells(line) > 1:
        return f"it seems to be a table of {_cells(line)} columns, {_short(line)}; {_AGAIN}"
    return f'it seems to be text that begins "{_short(line)}"; {_AGAIN}'
