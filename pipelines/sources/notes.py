"""What there is to say of a source after a run: its retrievals, its counts, whether it is late."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import duckdb
import polars as pl

from pipelines.cadence import BY_HAND, Ask, standing_of
from pipelines.quarantine import Split
from pipelines.schemas.quarantine import QUARANTINE_SCHEMA
from pipelines.schemas.sources import Retrievals, SourceRuns
from pipelines.schemas.types import polars_schema
from pipelines.snapshots import SnapshotStore
from pipelines.sources.editions import spoken_at
from pipelines.warehouse import replace_rows


def retrievals_of(
    store: SnapshotStore, source: str, as_of: dt.datetime | None = None
) -> pl.DataFrame:
    """Every retrieval of a source up to then, in the form of `Retrievals`."""
    return pl.DataFrame(
        [
            (one.part, one.sha256, one.url, one.retrieved.astimezone(dt.UTC).replace(tzinfo=None),
             one.http_status, one.licence)
            for one in store.retrievals(source, as_of)
        ],
        schema=polars_schema(Retrievals),
        orient="row",
    )  # fmt: skip


def last_asking(asks: list[Ask]) -> str:
    """The last asking in words; empty when there was none."""
    if not asks:
        return ""
    return f"asked {asks[-1].asked_at:%Y-%m-%d}: {asks[-1].outcome}"


def note_source(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    split: Split,
    *,
    licence: str,
    status: str,
    is_embedded: bool,
    is_stale: bool = False,
    as_of: dt.date | None = None,
    retrieved_at: dt.datetime | None = None,
    cadence: str = BY_HAND,
    store: SnapshotStore | None = None,
    asked_as: str | None = None,
    now: dt.datetime | None = None,
) -> Mapping[str, Any]:
    """Record a source's counts and its refused cells; both replace the last run's.

    Args:
        connection: the open work database.
        source: its name in `sources_status` and `quarantine`.
        split: rows kept and refused.
        licence, status, is_embedded: as published.
        is_stale: its user's own judgement (drift, a last day too far back); a source that is
            overdue by its cadence counts as stale besides.
        as_of: last day the source speaks of.
        retrieved_at: newest retrieval used (naive UTC, or aware).
        cadence: a name of `pipelines.cadence.CADENCES`.
        store: where its askings are recorded; None for what nobody asks for.
        asked_as: name it is asked under, where that is another.
        now: aware instant to judge by, of a past day when one is rebuilt.

    Returns:
        The counts as asset metadata.
    """
    at = now or dt.datetime.now(dt.UTC)
    name = asked_as or source
    retrievals = [] if store is None else store.retrievals(name, at)
    standing = standing_of(
        cadence,
        asks=[] if store is None else store.asks(name, at),
        retrieved_at=max((spoken_at(one) for one in retrievals), default=None),
        now=at,
    )
    run = pl.DataFrame(
        [
            {
                "source": source,
                "as_of": as_of,
                "retrieved_at": retrieved_at,
                "is_embedded": is_embedded,
                "is_stale": is_stale or standing.is_overdue,
                "rows_in": split.rows_in,
                "rows_kept": split.kept.height,
                "rows_quarantined": split.rows_quarantined,
                "licence": licence,
                "status": status,
                "cadence": standing.cadence,
                "asked_at": standing.asked_at,
                "is_answered": standing.is_answered,
                "last_success_at": standing.last_success_at,
                "next_due_at": standing.next_due_at,
            }
        ],
        schema=polars_schema(SourceRuns),
    )
    replace_rows(connection, "staged.source_runs", run, source=source)
    refused = split.quarantined.select(list(QUARANTINE_SCHEMA))
    replace_rows(connection, "staged.quarantine", refused, source=source)
    return {
        "rows_in": split.rows_in,
        "rows_quarantined": split.rows_quarantined,
        "is_embedded": is_embedded,
        "status": status,
    }
