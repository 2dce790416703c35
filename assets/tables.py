"""What every table-making asset does: run, count, describe, note the state of its source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import dagster as dg
import duckdb
import polars as pl

from pipelines.cadence import BY_HAND, Ask, standing_of
from pipelines.catalog import contract_of, hold
from pipelines.publish.contract import PublishedTable
from pipelines.quarantine import Split
from pipelines.schemas.quarantine import QUARANTINE_SCHEMA
from pipelines.schemas.sources import SourceRuns
from pipelines.schemas.types import polars_schema
from pipelines.snapshots import SnapshotStore
from pipelines.sources.editions import spoken_at
from pipelines.warehouse import content_hash, replace_rows

PREVIEW_ROWS = 5
PREVIEW_COLUMNS = 8


def column_schema(table: PublishedTable) -> dg.TableSchema:
    """The columns of a contract as Dagster shows them: type, meaning, unit, source, key."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.type,
                description=f"{column.meaning}{f' [{column.unit}]' if column.unit else ''}."
                + (f" Source: {column.source}." if column.source else ""),
                constraints=dg.TableColumnConstraints(
                    nullable=column.name not in table.grain,
                    other=["key"] if column.name in table.grain else [],
                ),
            )
            for column in table.columns
        ]
    )


def promised(spec: dg.AssetSpec) -> dg.AssetSpec:
    """The address of a table with what its contract says: its page tells it before any run."""
    address = ".".join(spec.key.path)
    table = contract_of(address)
    if table is None:
        return spec
    return spec.replace_attributes(
        description=table.told,
        metadata={
            **spec.metadata,
            "dagster/column_schema": column_schema(table),
            "dagster/table_name": address,
            "contract": table.place,
        },
    )


def table_metadata(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, Any]:
    """Row count and a preview of a table, once it is held to its contract.

    Raises:
        ContractError: the table breaks its contract.
    """
    hold(connection, table)
    count = connection.execute(f"select count(*) from {table}").fetchone()
    preview = connection.sql(f"select * from {table} limit {PREVIEW_ROWS}").pl()
    return {
        "dagster/row_count": int(count[0]) if count else 0,
        "dagster/table_name": table,
        "preview": dg.MetadataValue.md(markdown_table(preview)),
    }


def markdown_table(frame: pl.DataFrame) -> str:
    """A few rows as Markdown; cells are data and are shown as text."""
    shown = frame[:, :PREVIEW_COLUMNS]
    header = "| " + " | ".join(shown.columns) + " |\n|" + "---|" * shown.width
    rows = [
        "| " + " | ".join(_cell(value) for value in row) + " |" for row in shown.head(12).rows()
    ]
    more = frame.width - shown.width
    return "\n".join([header, *rows]) + (f"\n\n… and {more} more columns" if more > 0 else "")


def _cell(value: object) -> str:
    text = f"{value:,.4g}" if isinstance(value, float) else "" if value is None else str(value)
    escaped = text[:60].translate({ord(mark): f"&#{ord(mark)};" for mark in "|<>&`[]*_"})
    return escaped.replace("\n", " ").replace("\r", " ")


def results(
    connection: duckdb.DuckDBPyConnection,
    tables: Iterable[str],
    *,
    version: str = "",
    **more: Any,
) -> Iterator[dg.MaterializeResult]:
    """The materialization of each of several tables.

    Args:
        connection: the open work database.
        tables: their addresses.
        version: hash of what they were made from; without it that of what each says, so that a
            table that says the same sets nothing going.
        more: metadata of the first.
    """
    for table in tables:
        yield dg.MaterializeResult(
            asset_key=table.split("."),
            metadata={**table_metadata(connection, table), **more},
            data_version=dg.DataVersion(version or content_hash(connection, table)),
        )
        more = {}


def result(connection: duckdb.DuckDBPyConnection, table: str, **more: Any) -> dg.MaterializeResult:
    """The materialization of one table with its metadata."""
    return next(results(connection, [table], **more))


def table_specs(
    tables: Iterable[str],
    *,
    kinds: Iterable[str],
    reads: Iterable[str],
    group: str = "",
) -> list[dg.AssetSpec]:
    """An address for each of several tables that one function makes; all names are addresses."""
    deps = [read.split(".") for read in reads]
    return [
        dg.AssetSpec(
            table.split("."), group_name=group or table.split(".")[0], kinds=set(kinds), deps=deps
        )
        for table in tables
    ]


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
    replace_rows(connection, "staged.source_runs", run, column="source", value=source)
    replace_rows(
        connection,
        "staged.quarantine",
        split.quarantined.select(list(QUARANTINE_SCHEMA)),
        column="source",
        value=source,
    )
    return {
        "rows_in": split.rows_in,
        "rows_quarantined": split.rows_quarantined,
        "is_embedded": is_embedded,
        "status": status,
    }
