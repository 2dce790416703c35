"""Bring the snapshots of a source up to date, as far as the network, the keys and time allow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipelines.snapshots import Snapshot, SnapshotStore
from pipelines.sources.editions import printed_on
from pipelines.sources.http import Answer, SourceUnavailable


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
    known = _newest_fetched(store, source)
    try:
        answer = fetch(known.etag if known else None)
    except SourceUnavailable as error:
        return Refreshed(str(error), is_complete=False)
    if answer.is_not_modified and known is not None:
        store.confirm(known, retrieved_at=answer.retrieved_at)
        return Refreshed(_noted("unchanged at the source", answer), is_complete=not answer.note)
    keep(
        store,
        source,
        licence,
        answer,
        etag=answer.etag,
        last_modified=answer.last_modified,
        as_of=printed_on(source, answer.content),
    )
    return Refreshed(_noted("fetched", answer), is_complete=not answer.note, stored=1)


def _noted(outcome: str, answer: Answer) -> str:
    return f"{outcome}, but {answer.note}" if answer.note else outcome


def _newest_fetched(store: SnapshotStore, source: str) -> Snapshot | None:
    fetched = [one for one in store.retrievals(source) if one.http_status != 0 and not one.part]
    # of a damaged file the bytes themselves are asked for, not whether they changed
    return fetched[-1] if fetched and store.is_whole(fetched[-1]) else None
