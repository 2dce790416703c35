"""What readers open: every promised table, then one release put in place whole."""

from __future__ import annotations

from typing import Any

import dagster as dg
import polars as pl
import sqlglot
from sqlglot import exp

from assets.resources import Sampling, WarehouseResource
from assets.tables import result
from pipelines.paths import SQL_DIR, published_dir, shown
from pipelines.publish.contract import PublishedTable, load_contract
from pipelines.publish.release import publish, utc_now
from pipelines.publish.report import write_report
from pipelines.publish.vintages import code_version, hash_frame, next_vintage, read_last
from pipelines.warehouse import build_table, read_frame, sql_of, write_frame

CONTRACT = load_contract()
MADE_BY_RELEASE = ("vintages", "revisions", "data_dictionary")
LAYERS = {"staged", "facts", "shipping", "estimates", "network", "published"}


def tables_read(table: str) -> list[list[str]]:
    """Addresses of the tables a SQL file reads: its dependencies, without listing them twice."""
    return _addresses(sql_of(table))


def _addresses(sql: str) -> list[list[str]]:
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    found = {(one.db, one.name) for one in tree.find_all(exp.Table) if one.db in LAYERS}
    return [list(address) for address in sorted(found)]


def parameters_of(connection: Any) -> dict[str, Any]:
    """Values that published SQL files may name."""
    highest = connection.execute(
        "select max(coalesce(high, central, low)) from facts.observations "
        "where quantity = 'gross_wage' and unit = 'USD/month' and is_used"
    ).fetchone()
    return {"highest_wage_usd_per_month": highest[0] if highest else None}


def _table_asset(table: PublishedTable) -> dg.AssetsDefinition:
    address = f"published.{table.name}"

    @dg.asset(
        key=["published", table.name],
        group_name="published",
        kinds={"duckdb"},
        deps=tables_read(address),
        description=f"{table.description} Grain: {', '.join(table.grain)}.",
    )
    def published_table(warehouse: WarehouseResource) -> dg.MaterializeResult:
        with warehouse.open().connect() as connection:
            # one thread: sums of floating-point numbers come out the same on every run
            connection.execute("set threads = 1")
            build_table(connection, address, parameters_of(connection))
            return result(connection, address)

    return published_table


TABLE_ASSETS = [
    _table_asset(table)
    for table in CONTRACT.values()
    if (SQL_DIR / "published" / f"{table.name}.sql").is_file()
]


def _dictionary() -> pl.DataFrame:
    return pl.DataFrame(
        [
            (table.name, column.name, column.type, column.unit, column.meaning, column.source)
            for table in CONTRACT.values()
            for column in table.columns
        ],
        schema=["table", "column", "type", "unit", "meaning", "source"],
        orient="row",
    )


DRAWS_READ = [
    address
    for file in sorted((SQL_DIR / "draws").glob("*.sql"))
    for address in _addresses(file.read_text(encoding="utf-8"))
]


@dg.asset(
    key=["published", "release"],
    group_name="published",
    kinds={"duckdb", "parquet"},
    deps=[
        *(["published", name] for name in CONTRACT if name not in MADE_BY_RELEASE),
        *DRAWS_READ,
        ["facts", "observations"],
    ],
    description=(
        "The release: published database, Parquet, CSV, draws, data dictionary, report; built "
        "beside the last one, checked, then put in its place in one step."
    ),
)
def release(warehouse: WarehouseResource, sampling: Sampling) -> dg.MaterializeResult:
    """Build, check and swap in everything readers open."""
    target = published_dir()
    with warehouse.open().connect() as connection:
        connection.execute("set threads = 1")
        vintages, revisions = next_vintage(
            read_last(target),
            connection.sql("select stream, measure, year, q50 from published.income_annual").pl(),
            code=code_version(),
            evidence=hash_frame(read_frame(connection, "facts.observations")),
            seed=sampling.seed,
            draws=sampling.draws,
            now=utc_now(),
        )
        write_frame(connection, "published.vintages", vintages)
        write_frame(connection, "published.revisions", revisions)
        write_frame(connection, "published.data_dictionary", _dictionary())
        done = publish(
            connection,
            CONTRACT,
            target,
            extra_files=lambda folder: write_report(folder, folder / "report.html"),
        )
    return dg.MaterializeResult(
        metadata={
            "folder": shown(target),
            "vintage": vintages.row(-1, named=True)["vintage_id"],
            "tables": len(done.rows),
            "rows": sum(done.rows.values()),
            "report": shown(target / "report.html"),
        }
    )
