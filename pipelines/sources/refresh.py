"""Bring the snapshots of a source up to date, as far as the network, the keys and time allow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pipelines.quarantine import SourceDrift
from pipelines.snapshots import Snapshot, SnapshotStore
from pipelines.sources.editions import printed_on
from pipelines.sources.http import Answer, RateLimited, SourceUnavailable

_FAILURES_IN_A_ROW = 2
Question = TypeVar("Question")


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did.

    Attributes:
        outcome: one sentence for the status of the source.
        is_complete: everything asked for was answered.
        stored: new snapshots.
    """

    outcome: str
    is_complete: bool
    stored: int = 0


def keep(store: SnapshotStore, source: str, licence: str, answer: Answer, **told: Any) -> Snapshot:
    """Keep an answer as it came; ``told``: part, validators and day, as of `SnapshotStore.put`."""
    return store.put(
        source,
        answer.content,
        url=answer.url,
        licence=licence,
        retrieved_at=answer.retrieved_at,
        http_status=answer.status,
        **told,
    )


def refresh_file(
    store: SnapshotStore,
    source: str,
    licence: str,
    fetch: Callable[[str | None], Answer],
) -> Refreshed:
    """Fetch a source that comes as one file; an unchanged file is only noted.

    Args:
        fetch: called with the ETag of the newest snapshot, if it has one.
    """
    known = newest_fetched(store, source)
    try:
        answer = fetch(known.etag if known else None)
    except SourceUnavailable as error:
        return Refreshed(str(error), is_complete=False)
    is_new = keep_new(store, source, licence, answer, known)
    told = "fetched" if is_new else "unchanged at the source"
    if answer.note:
        told += f", but {answer.note}"
    return Refreshed(told, is_complete=not answer.note, stored=int(is_new))


def newest_fetched(store: SnapshotStore, source: str, part: str = "") -> Snapshot | None:
    """The last snapshot of a piece that was fetched, not dropped; None of one that is damaged."""
    fetched = [one for one in store.retrievals(source) if one.http_status != 0 and one.part == part]
    # of a damaged file the bytes themselves are asked for, not whether they changed
    return fetched[-1] if fetched and store.is_whole(fetched[-1]) else None


def keep_new(
    store: SnapshotStore,
    source: str,
    licence: str,
    answer: Answer,
    known: Snapshot | None,
    part: str = "",
) -> bool:
    """Keep an answer, or note that what is held is unchanged; whether it was kept."""
    if answer.is_not_modified and known is not None:
        store.confirm(known, retrieved_at=answer.retrieved_at)
        return False
    keep(
        store,
        source,
        licence,
        answer,
        part=part,
        etag=answer.etag,
        last_modified=answer.last_modified,
        as_of=printed_on(source, answer.content),
    )
    return True


def is_due(
    before: dt.datetime | None,
    year: int,
    now: dt.datetime,
    *,
    settled: dt.timedelta,
    again: dt.timedelta,
) -> bool:
    """Whether a year is to be asked for: never answered, or answered while it still changed.

    Args:
        before: when it was last answered.
        settled: how long after its end a year's answer changes; again: how often it is asked then.
    """
    if before is None:
        return True
    return before.date() - dt.date(year, 12, 31) < settled and now - before >= again


def ask_each(
    store: SnapshotStore,
    source: str,
    licence: str,
    due: Sequence[Question],
    fetch: Callable[[Question], Iterable[tuple[str, Answer]]],
    *,
    each: str,
    what: str,
) -> Refreshed:
    """Ask question after question and keep every whole answer.

    Stops when asked to slow down, or after failures in a row; what was answered stays.

    Args:
        due: questions that are not answered freshly.
        fetch: a question to its answers, each with the part it is kept under; none where nothing
            is published.
        each, what: one question and several of them, in words.
    """
    if not due:
        return Refreshed(f"every {each} was answered recently", is_complete=True)
    answered = stored = nothing = failures = 0
    problem = ""
    for question in due:
        try:
            answers = list(fetch(question))
        except (SourceUnavailable, SourceDrift) as error:
            problem = problem or str(error)
            failures += 1
            if failures >= _FAILURES_IN_A_ROW or isinstance(error, RateLimited):
                break
            continue
        failures = 0
        answered += 1
        nothing += not answers
        for part, answer in answers:
            keep(store, source, licence, answer, part=part, etag=answer.etag)
            stored += 1
    told = f"{answered} of {len(due)} {what} answered"
    if nothing:
        told += f", {nothing} of them with nothing published"
    return Refreshed(f"{told}; {problem}" if problem else told, not problem, stored)
