"""What every table-making asset does: run, count, describe, note the state of its source."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import dagster as dg
import duckdb
import polars as pl

from pipelines.catalog import contract_of, hold
from pipelines.column_sources import sources_of
from pipelines.making import Made, Place, stands_at
from pipelines.paths import shown
from pipelines.publish.contract import PublishedTable
from pipelines.warehouse import content_hash, row_count, sql_files, write_frame

CODE_LINKS = "dagster/code_references"
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


def code_links(*made_by: Place, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Metadata that opens files where what they hold begins: functions, classes, whole files.

    Args:
        made_by: what to open.
        before: metadata whose links stay, and come first.
    """
    with warnings.catch_warnings():
        # code links are called beta by Dagster, once each
        warnings.simplefilter("ignore", dg.BetaWarning)
        links = list(before[CODE_LINKS].code_references) if before else []
        for one in made_by:
            path, line = stands_at(one)
            links.append(
                dg.LocalFileCodeReference(file_path=str(path), line_number=line, label=shown(path))
            )
        return {CODE_LINKS: dg.CodeReferencesMetadataValue(code_references=links)}


def promised(spec: dg.AssetSpec) -> dg.AssetSpec:
    """The address of a table with what its contract says: its page tells it before any run.

    Its links open what makes it, the files of SQL where it names nothing, then its contract.
    """
    address = ".".join(spec.key.path)
    told = dict(spec.metadata)
    if CODE_LINKS not in told:
        told |= code_links(*sql_files(address))
    table = contract_of(address)
    if table is None:
        return spec.replace_attributes(metadata=told)
    return spec.replace_attributes(
        description=table.told,
        metadata={
            **told,
            **code_links(table.model, before=told),
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
    preview = connection.table(table).limit(PREVIEW_ROWS).pl()
    return {
        "dagster/row_count": row_count(connection, table),
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


def column_lineage(connection: duckdb.DuckDBPyConnection, sql: str) -> dg.TableColumnLineage:
    """For each column of a select, the table columns it is made from."""
    return dg.TableColumnLineage(
        {
            name: [
                dg.TableColumnDep(asset_key=dg.AssetKey(table.split(".")), column_name=column)
                for table, column in of
            ]
            for name, of in sources_of(connection, sql).items()
            if of
        }
    )


def written(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[str], made: Made, version: str = ""
) -> Iterator[dg.MaterializeResult]:
    """Write what was made, say what there is to say, then as `results`."""
    for table, frame in made.tables:
        write_frame(connection, table, frame)
    for sentence in made.warnings:
        dg.get_dagster_logger().warning(sentence)
    yield from results(connection, tables, version=version, **made.told)


def table_specs(
    tables: Iterable[str],
    *,
    kinds: Iterable[str],
    reads: Iterable[str],
    by: Iterable[Place],
    group: str = "",
) -> list[dg.AssetSpec]:
    """An address for each of several tables that `by` makes; all names are addresses."""
    deps = [read.split(".") for read in reads]
    links = code_links(*by)
    return [
        dg.AssetSpec(
            table.split("."),
            group_name=group or table.split(".")[0],
            kinds=set(kinds),
            deps=deps,
            metadata=links,
        )
        for table in tables
    ]
