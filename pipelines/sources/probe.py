"""Try the live doors: one small question each, what answered, and the first answers kept.

Nothing asked here enters the pipeline: answers are kept apart, in `probe/` of the data folder, so
that today's and later parsers can be tried on what a publisher really sent.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pipelines.quarantine import SourceDrift, Split
from pipelines.snapshots import Snapshot, SnapshotStore
from pipelines.sources.folders import SourceFolder, list_folders
from pipelines.sources.http import Answer, Fetcher, SourceUnavailable
from pipelines.sources.list_editions import LISTS, OfficialList
from pipelines.sources.refresh import keep
from pipelines.sources.shape import shape_of

# enough of a large file to tell what it is
FIRST_BYTES = 256 * 1024
_SHOWN_COLUMNS = 8


@dataclass(frozen=True)
class Door:
    """One live door.

    Attributes:
        source: name of the source.
        ask: (fetcher, key) to one answer to a small question.
        read: (bytes, instant) to rows, by the source's own parser; None where an answer is only
            looked at.
        key: environment variable of the key; "" where none is used.
        is_key_needed: not asked without the key.
        first_bytes: read no more than this; 0 reads the whole answer.
        licence: licence of the data.
    """

    source: str
    ask: Callable[[Fetcher, str | None], Answer]
    licence: str
    read: Callable[[bytes, dt.datetime], Split] | None = None
    key: str = ""
    is_key_needed: bool = False
    first_bytes: int = 0


@dataclass(frozen=True)
class Probed:
    """What one door answered, in a line.

    Attributes:
        source: name of the source.
        is_answered: something usable came and today's parser reads it.
        line: what an operator should know.
        kept: the snapshot, when the answer was the first of its kind.
    """

    source: str
    is_answered: bool
    line: str
    kept: Snapshot | None = None


def _of_list(official: OfficialList) -> Door:
    part = official.forms[0][0]
    return Door(
        official.source,
        lambda fetcher, key: official.fetch(fetcher, part, None, None),
        official.licence,
        first_bytes=FIRST_BYTES,
    )


def _of_folder(folder: SourceFolder) -> Door | None:
    probe = folder.probe
    if probe is None:
        return None
    return Door(
        folder.name,
        lambda fetcher, key: probe(fetcher, key),
        folder.licence,
        lambda content, at: folder.parse(content, folder.sample_name),
        first_bytes=FIRST_BYTES if getattr(folder.module, "IS_LARGE", False) else 0,
        key=folder.key,
        is_key_needed=folder.is_key_needed,
    )


def doors() -> list[Door]:
    """Every live door, by name."""
    known = [
        *(_of_list(official) for official in LISTS),
        *(door for folder in list_folders() if (door := _of_folder(folder)) is not None),
    ]
    return sorted(known, key=lambda door: door.source)


def probe(door: Door, fetcher: Fetcher, store: SnapshotStore) -> Probed:
    """Ask one door; keep its answer when it is the first of its kind.

    Args:
        door: which.
        fetcher: the polite client; `first_bytes` is set by the door.
        store: where first answers are kept, apart from the pipeline's snapshots.
    """
    key = os.environ.get(door.key) or None if door.key else None
    if door.is_key_needed and key is None:
        return Probed(door.source, False, f"not asked: {door.key} is not set")
    fetcher.first_bytes = door.first_bytes
    try:
        answer = door.ask(fetcher, key)
    except (SourceUnavailable, SourceDrift) as error:
        return Probed(door.source, False, f"{type(error).__name__}: {error}")
    finally:
        fetcher.first_bytes = 0
    told, is_read = _told(door, answer.content, answer.retrieved_at, is_cut=answer.is_cut)
    where = f" after {len(answer.redirects)} redirect(s)" if answer.redirects else ""
    line = f"{answer.status}{where}, {answer.content_type or 'no type'}, {told}"
    if answer.note:
        line += f"; BUT {answer.note}"
    kept = _keep_first(store, door, answer)
    if kept is not None:
        line += f"; kept as {kept.sha256[:12]}"
    return Probed(door.source, is_read and not answer.note, line, kept)


def _told(door: Door, content: bytes, at: dt.datetime, *, is_cut: bool) -> tuple[str, bool]:
    shape = shape_of(content)
    names = ", ".join(shape.columns[:_SHOWN_COLUMNS])
    more = len(shape.columns) - _SHOWN_COLUMNS
    said = f"{len(content)} bytes{' looked at' if is_cut else ''} of {shape.kind}"
    if names:
        said += f" ({names}{f' and {more} more' if more > 0 else ''})"
    if door.read is None or is_cut:
        return said, True
    try:
        split = door.read(content, at)
    except SourceDrift as error:
        return f"{said}; DRIFT: {error}", False
    return f"{split.kept.height} rows, {split.rows_quarantined} refused, {said}", True


def _keep_first(store: SnapshotStore, door: Door, answer: Answer) -> Snapshot | None:
    """Keep an answer whose kind and columns no kept answer of the source has."""
    kind = shape_of(answer.content)
    for one in store.retrievals(door.source):
        if shape_of(store.read(one)) == kind:
            return None
    return keep(store, door.source, door.licence, answer, part="cut" if answer.is_cut else "whole")


def kept_answers(store: SnapshotStore, known: Iterable[Door]) -> list[Probed]:
    """Read every kept first answer with today's parsers; one line each."""
    found = []
    for door in known:
        for one in store.retrievals(door.source):
            told, is_read = _told(door, store.read(one), one.retrieved, is_cut=one.part == "cut")
            found.append(Probed(door.source, is_read, f"{one.retrieved_at[:10]}: {told}", one))
    return found
