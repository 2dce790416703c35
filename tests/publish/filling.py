"""Tables of a test: rows that say only what matters, in the columns their contract promises."""

from __future__ import annotations

from typing import Any

import duckdb
import polars as pl

from pipelines.catalog import contract_of
from pipelines.schemas.types import polars_schema
from pipelines.warehouse import write_frame


def rows_of(address: str, *rows: dict[str, Any]) -> pl.DataFrame:
    """The rows with all columns of the table, empty where nothing is said."""
    table = contract_of(address)
    assert table is not None
    types = polars_schema(table.model)
    assert set().union(*rows) <= set(types)
    return pl.DataFrame([dict.fromkeys(types) | row for row in rows], schema=types)


def fill(connection: duckdb.DuckDBPyConnection, address: str, *rows: dict[str, Any]) -> None:
    """Make a table of the work database hold these rows."""
    write_frame(connection, address, rows_of(address, *rows))


def fill_release(connection: duckdb.DuckDBPyConnection, name: str, *rows: dict[str, Any]) -> None:
    """Make a table of a release, which has no schema, hold these rows."""
    connection.register("told", rows_of(f"published.{name}", *rows))
    connection.execute(f"create table main.{name} as from told")
    connection.unregister("told")
