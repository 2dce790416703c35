"""A feed from its snapshots to its staged table, and what there is to say of it."""

from __future__ import annotations

import datetime as dt

import duckdb

from pipelines.making import Made
from pipelines.snapshots import SnapshotStore
from pipelines.sources.folders import SourceFolder
from pipelines.sources.notes import last_asking, note_source
from pipelines.sources.staging import Staged, instant_of, stage
from pipelines.warehouse import has_table


def last_day_of(source: SourceFolder, staged: Staged) -> dt.date | None:
    """Last day the source speaks of."""
    newest = staged.split.kept[source.last_day].max()
    if isinstance(newest, int):
        return dt.date(newest, 12, 31)
    if isinstance(newest, dt.datetime):
        return newest.date()
    return newest if isinstance(newest, dt.date) else None


def status_of(
    source: SourceFolder, staged: Staged, outcome: str, today: dt.date, last: dt.date | None
) -> tuple[str, bool]:
    """What to say about a source after staging, and whether it is stale."""
    if staged.is_embedded:
        origin = "comes with the installation"
    elif staged.retrieved_at is None:
        origin = f"no data; {source.to_get_it}"
    else:
        origin = f"{staged.pieces} snapshot(s), newest of {staged.retrieved_at:%Y-%m-%d}"
    words = [origin]
    if outcome and source.refresh is not None:
        words.append(outcome)
    if staged.drift:
        words.append(f"DRIFT: {staged.drift[0]}")
        if len(staged.drift) > 1:
            words.append(f"and {len(staged.drift) - 1} more")
    if staged.damage:
        words.append(f"DAMAGED: {staged.damage[0]}")
    age = 0 if staged.retrieved_at is None else (today - staged.retrieved_at.date()).days
    behind = (today - last).days if last is not None and source.lag_days else 0
    is_stale = (
        bool(staged.drift or staged.damage)
        or age > source.stale_days
        or behind > source.lag_days > 0
    )
    return "; ".join(words), is_stale


def stage_feed(
    connection: duckdb.DuckDBPyConnection, store: SnapshotStore, source: SourceFolder, as_of: str
) -> Made:
    """Stage the newest readable snapshot of every piece, and note what came of it.

    Args:
        connection: the open work database; the notes are written, the table is not.
        store: where snapshots are.
        source: the feed.
        as_of: YYYY-MM-DD of the day to rebuild; empty means today.
    """
    at = instant_of(as_of)
    staged = stage(
        store,
        source.name,
        source.contract,
        source.parse,
        as_of=at,
        embedded=source.embedded,
        settle=source.settle,
    )
    for ledger in ("source_runs", "quarantine") if source.was else ():
        if has_table(connection, f"staged.{ledger}"):
            connection.execute(
                f"delete from staged.{ledger} where source = $was", {"was": source.was}
            )
    last = last_day_of(source, staged)
    today = (at or dt.datetime.now(dt.UTC)).date()
    status, is_stale = status_of(
        source, staged, last_asking(store.asks(source.name, at)), today, last
    )
    told = note_source(
        connection,
        source.name,
        staged.split,
        licence=source.licence,
        status=status,
        is_embedded=staged.is_embedded,
        is_stale=is_stale,
        as_of=last,
        retrieved_at=staged.retrieved_at,
        cadence=source.cadence,
        store=store,
        now=at,
    )
    return Made(
        [(f"staged.{source.name}", staged.split.kept)], told, (*staged.drift, *staged.damage)
    )
