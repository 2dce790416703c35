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
# a published table may read any of these
LAYERS = {"staged", "facts", "shipping", "estimates", "network", "published"}


def tables_read(sql: str) -> set[tuple[str, str]]:
    """Addresses of the tables a select reads: its dependencies, without listing them twice."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    return {(one.db, one.name) for one in tree.find_all(exp.Table) if one.db in LAYERS}


def _dependencies(sql: str, known: set[dg.AssetKey]) -> list[dg.AssetKey]:
    """Assets to wait for: the tables read; for a table that many assets write to, all of them."""
    waits: set[dg.AssetKey] = set()
    for schema, name in tables_read(sql):
        key = dg.AssetKey([schema, name])
        if key in known or schema == "published":
            waits.add(key)
        else:
            waits |= {one for one in known if one.path[0] == schema}
    return sorted(waits)


def parameters_of(connection: Any) -> dict[str, Any]:
    """Values that published SQL files may name."""
    highest = connection.execute(
        "select max(coalesce(high, central, low)) from facts.observations "
        "where quantity = 'gross_wage' and unit = 'USD/month' and is_used"
    ).fetchone()
    return {"highest_wage_usd_per_month": highest[0] if highest else None}


def _table_asset(table: PublishedTable, known: set[dg.AssetKey]) -> dg.AssetsDefinition:
    address = f"published.{table.name}"

    @dg.asset(
        key=["published", table.name],
        group_name="published",
        kinds={"duckdb"},
        deps=_dependencies(sql_of(address), known),
        description=f"{table.description} Grain: {', '.join(table.grain)}.",
    )
    def published_table(warehouse: WarehouseResource) -> dg.MaterializeResult:
        with warehouse.open().connect() as connection:
            # one thread: sums of floating-point numbers come out the same on every run
            connection.execute("set threads = 1")
            build_table(connection, address, parameters_of(connection))
            return result(connection, address)

    return published_table


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


def build_assets(known: set[dg.AssetKey]) -> list[dg.AssetsDefinition]:
    """The published tables that a SQL file makes, and the release of them all.

    Args:
        known: keys of every other asset, which published tables may wait for.
    """
    made = [
        _table_asset(table, known)
        for table in CONTRACT.values()
        if (SQL_DIR / "published" / f"{table.name}.sql").is_file()
    ]
    return [*made, _release_asset(known | {one.key for one in made})]


def _release_asset(known: set[dg.AssetKey]) -> dg.AssetsDefinition:
    draws = [file.read_text(encoding="utf-8") for file in sorted((SQL_DIR / "draws").glob("*.sql"))]
    waits = {dg.AssetKey(["published", name]) for name in CONTRACT if name not in MADE_BY_RELEASE}
    waits |= {key for sql in draws for key in _dependencies(sql, known)}
    waits.add(dg.AssetKey(["facts", "observations"]))

    @dg.asset(
        key=["published", "release"],
        group_name="published",
        kinds={"duckdb", "parquet"},
        deps=sorted(waits),
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
                connection.sql(
                    "select stream, measure, year, q50 from published.income_annual"
                ).pl(),
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

    return release
