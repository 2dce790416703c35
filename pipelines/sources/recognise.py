"""What the beginning of a dropped file tells about it, for the sources' own `recognise`."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path


def first_line(head: bytes) -> str:
    """First line of a text file, in whichever of the encodings known here it is."""
    line = head.lstrip(b"\xef\xbb\xbf").split(b"\n", 1)[0]
    for encoding in ("utf-8", "gb18030"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return ""


def root_of(head: bytes) -> str:
    """Local name of the document element of an XML file; empty when there is none in sight."""
    found = re.search(rb"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)[\s>]", head)
    return found[1].decode("ascii") if found else ""


def zip_holds(path: Path, head: bytes, name: str) -> bool:
    """Whether a file is a zip with a member of that name."""
    if not head.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return name in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
