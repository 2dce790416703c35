"""Which columns a published column is made from, as the UI shows it."""

from __future__ import annotations

import dagster as dg
import duckdb

from pipelines.column_sources import sources_of


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
