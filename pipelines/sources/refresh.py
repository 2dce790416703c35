"""Bring the snapshots of a source up to date, as far as the network, the keys and time allow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pipelines.quarantine import SourceDrift
from pipelines.snapshots import Snapshot, SnapshotStore
from pipelines.sources.comtrade import read as comtrade
from pipelines.sources.editions import printed_on
from pipelines.sources.http import Answer, Fetcher, Limits, RateLimited, SourceUnavailable

_RECENT_YEARS = 3
_RECENT_DAYS, _OLD_DAYS = 25, 300
_FAILURES_IN_A_ROW = 2


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
    store.put(
        source,
        answer.content,
        url=answer.url,
        licence=licence,
        retrieved_at=answer.retrieved_at,
        http_status=answer.status,
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


def refresh_comtrade(
    store: SnapshotStore,
    fetcher: Fetcher,
    queries: Iterable[comtrade.Query],
    *,
    key: str | None,
    now: dt.datetime,
    base_url: str = comtrade.BASE_URL,
    limits: Limits = comtrade.LIMITS,
) -> Refreshed:
    """Ask what is not fresh: recent years each month, older ones (revisions) each year.

    Every whole answer is kept, an empty one too. Stops when asked to slow down, or after
    failures in a row; what was answered stays.
    """
    last = {one.part: one.retrieved for one in store.retrievals(comtrade.SOURCE)}
    asked = answered = stored = failures = 0
    problem = ""
    todo = [
        call
        for query in queries
        if not _is_fresh(query, last, now)
        for call in query.per_call(has_key=bool(key))
        if not _is_fresh(call, last, now)
    ]
    for query in todo:
        asked += 1
        if failures >= _FAILURES_IN_A_ROW:
            continue
        try:
            fetched = comtrade.fetch_comtrade(
                fetcher, query, key=key, base_url=base_url, limits=limits
            )
        except (SourceUnavailable, SourceDrift) as error:
            problem = problem or str(error)
            failures = _FAILURES_IN_A_ROW if isinstance(error, RateLimited) else failures + 1
            continue
        failures = 0
        answered += 1
        for one in fetched:
            store.put(
                comtrade.SOURCE,
                one.answer.content,
                url=one.answer.url,
                licence=comtrade.LICENCE,
                retrieved_at=one.answer.retrieved_at,
                http_status=one.answer.status,
                part=one.query.name(),
                etag=one.answer.etag,
            )
            stored += 1
    if asked == 0:
        return Refreshed("every question was answered recently", is_complete=True)
    outcome = f"{answered} of {asked} questions answered"
    return Refreshed(f"{outcome}; {problem}" if problem else outcome, not problem, stored)


def _is_fresh(query: comtrade.Query, last: dict[str, dt.datetime], now: dt.datetime) -> bool:
    retrieved = last.get(query.name())
    if retrieved is None:
        halves = query.halves()
        return halves is not None and all(_is_fresh(half, last, now) for half in halves)
    newest_year = max(int(period[:4]) for period in query.periods)
    days = _RECENT_DAYS if newest_year > now.year - _RECENT_YEARS else _OLD_DAYS
    return now - retrieved < dt.timedelta(days=days)
