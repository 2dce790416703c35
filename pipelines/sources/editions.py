"""Which day a file speaks of: as it prints, as its name says, or as the operator says.

An edition has its place by that day, not by the day it came to us: an old file dropped late is an
old edition. The day of retrieval says something of a fetched file (so the publisher gave it then)
and nothing of a dropped one.
"""

from __future__ import annotations

import datetime as dt
import importlib
import os
import re
from collections.abc import Callable
from pathlib import Path

from pipelines.snapshots import Snapshot

# the operator's word for undated files dropped together
LANDED_AS_OF = "DPRK_LANDED_AS_OF"
_HERE = Path(__file__).resolve().parent
_HEAD = 256 * 1024
_OLDEST = dt.date(1995, 1, 1)
_NAMED = re.compile(r"(?<!\d)((?:19|20)\d{2})([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?!\d)")
_ISO = re.compile(rb'(?:dateGenerated|generationDate)\s*=\s*"(\d{4}-\d{2}-\d{2})')
_US = re.compile(rb"<(?:\w+:)?Publish_Date>\s*(\d{2})/(\d{2})/(\d{4})\s*<")
_PARTS = re.compile(
    rb"<(?:\w+:)?DateOfIssue\b[^>]*>\s*<(?:\w+:)?Year>(\d{4})</(?:\w+:)?Year>\s*"
    rb"<(?:\w+:)?Month>(\d{1,2})</(?:\w+:)?Month>\s*<(?:\w+:)?Day>(\d{1,2})<"
)
_REPORT = re.compile(rb"Report Date:\s*(\d{1,2}-[A-Za-z]{3}-\d{4})")


def _date(text: str, form: str) -> dt.date | None:
    try:
        return dt.datetime.strptime(text, form).replace(tzinfo=dt.UTC).date()
    except ValueError:
        return None


def _of_text(content: bytes) -> dt.date | None:
    head = content[:_HEAD]
    if found := _ISO.search(head):
        return _date(found[1].decode(), "%Y-%m-%d")
    if found := _US.search(head):
        return _date(b"-".join((found[3], found[1], found[2])).decode(), "%Y-%m-%d")
    if found := _PARTS.search(head):
        return _date(b"-".join(found.groups()).decode(), "%Y-%m-%d")
    if found := _REPORT.search(head[:400]):
        return _date(found[1].decode(), "%d-%b-%Y")
    return None


def _own(source: str) -> Callable[[bytes], dt.date | None] | None:
    """What a source's own `read.py` says of the day a file prints, where it says it."""
    if not (_HERE / source / "read.py").is_file():
        return None
    return getattr(importlib.import_module(f"{__package__}.{source}.read"), "printed_on", None)


def printed_on(source: str, content: bytes) -> dt.date | None:
    """The day an edition prints on itself; None where it prints none."""
    return (_own(source) or _of_text)(content)


def date_in_name(name: str) -> dt.date | None:
    """The one date a file's name holds, as 2026-11-20, 2026_11_20 or 20261120; else None."""
    days = set()
    for year, _, month, day in _NAMED.findall(name):
        found = _date(f"{year}-{month}-{day}", "%Y-%m-%d")
        if found is not None and found >= _OLDEST:
            days.add(found)
    return days.pop() if len(days) == 1 else None


def as_of_dropped(source: str, content: bytes, name: str) -> dt.date | None:
    """The day of a dropped file: printed, else in its name, else the operator's word, else None.

    Raises:
        ValueError: the operator's word is no date.
    """
    day = printed_on(source, content) or date_in_name(name)
    said = os.environ.get(LANDED_AS_OF, "")
    if day is not None or not said:
        return day
    try:
        return dt.date.fromisoformat(said)
    except ValueError:
        raise ValueError(f"{LANDED_AS_OF} is {said!r}; give a date as YYYY-MM-DD") from None


def place_of(snapshot: Snapshot) -> tuple[bool, dt.datetime, dt.datetime]:
    """Where an edition stands among the others: greater is newer.

    A dropped file that is dated by nothing stands behind every dated one.
    """
    retrieved = snapshot.retrieved
    if snapshot.as_of is not None:
        day = dt.datetime.combine(snapshot.as_of_on or retrieved.date(), dt.time.min, tzinfo=dt.UTC)
        return True, day, retrieved
    return snapshot.http_status != 0, retrieved, retrieved


def spoken_at(snapshot: Snapshot) -> dt.datetime:
    """The instant (aware) up to which a snapshot is known to hold.

    A fetched one held when it was fetched, however old the edition it prints; of a dropped one
    only the day it speaks of is known, and where nothing dates it, the day it came.
    """
    if snapshot.http_status == 0 and snapshot.as_of_on is not None:
        return dt.datetime.combine(snapshot.as_of_on, dt.time.min, tzinfo=dt.UTC)
    return snapshot.retrieved


def is_undated(snapshot: Snapshot) -> bool:
    """A dropped file that nothing dates."""
    return snapshot.http_status == 0 and snapshot.as_of is None


def told_of(snapshot: Snapshot, earlier: list[Snapshot]) -> str:
    """What an operator who dropped a file should know of its place; empty when nothing.

    Args:
        snapshot: the dropped file.
        earlier: the other retrievals of the same piece.
    """
    if is_undated(snapshot):
        return (
            "it prints no date and its name holds none: it is used only while no dated edition is "
            "at hand, and nothing in it is dated by the day it was dropped; rename it to carry the "
            f"day it was published, such as NAME_2026-11-20.csv, or set {LANDED_AS_OF}"
        )
    newest = max(earlier, key=place_of, default=None)
    if newest is None or place_of(snapshot)[:2] >= place_of(newest)[:2]:
        return ""
    in_force = newest.as_of or newest.retrieved_at[:10]
    return (
        f"it is the edition of {snapshot.as_of}, older than the one in force ({in_force}): kept "
        f"for runs as of a past day, not put in force"
    )
