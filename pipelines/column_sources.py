"""Which columns a published column is made from, read off its select statement."""

from __future__ import annotations

import contextlib
import functools
import json
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope
from sqlglot.schema import MappingSchema

from pipelines.paths import data_dir
from pipelines.warehouse import inputs_hash

Sources = dict[str, list[tuple[str, str]]]
# schema, table, column: type
Columns = dict[str, dict[str, dict[str, str]]]


@functools.cache
def _cached(file: Path) -> dict[str, Sources]:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _schema(connection: duckdb.DuckDBPyConnection, sql: str) -> Columns:
    named = {(one.db, one.name) for one in sqlglot.parse_one(sql, "duckdb").find_all(exp.Table)}
    found: Columns = {}
    for schema, table, column, kind in connection.execute(
        "select table_schema, table_name, column_name, data_type from information_schema.columns"
    ).fetchall():
        if (schema, table) in named:
            found.setdefault(schema, {}).setdefault(table, {})[column] = kind
    return found


def sources_of(connection: duckdb.DuckDBPyConnection, sql: str) -> Sources:
    """For each column of a select, the table columns it is made from; empty where it is not clear.

    Worked out once for a statement over tables of one form, and kept.
    """
    schema = _schema(connection, sql)
    file = data_dir() / ".lineage.json"
    cache, key = _cached(file), inputs_hash(sql, schema)
    if key not in cache:
        try:
            cache[key] = _worked_out(sql, schema)
        except (SqlglotError, KeyError, ValueError):
            cache[key] = {}
        with contextlib.suppress(OSError):
            file.write_text(json.dumps(cache), encoding="utf-8")
    return {name: [(table, column) for table, column in of] for name, of in cache[key].items()}


def _worked_out(sql: str, schema: Columns) -> Sources:
    tables = MappingSchema({**schema}, dialect="duckdb")
    whole = qualify(
        sqlglot.parse_one(sql, "duckdb"),
        schema=tables,
        dialect="duckdb",
        validate_qualify_columns=False,
    )
    if not isinstance(whole, exp.Query):
        return {}
    scope = build_scope(whole)
    found: Sources = {}
    for name in whole.named_selects:
        nodes = lineage(name, whole, schema=tables, scope=scope, dialect="duckdb").walk()
        found[name] = sorted(
            {
                (f"{one.expression.db}.{one.expression.name}", one.name.split(".")[-1].strip('"'))
                for one in nodes
                if isinstance(one.expression, exp.Table) and one.expression.db
            }
        )
    return found
