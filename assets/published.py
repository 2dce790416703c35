"""What readers open: every promised table, then one release put in place whole."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from assets.network_files import network_outputs
from assets.resources import Sampling, WarehouseResource
from assets.tables import result
from pipelines.paths import published_dir, shown
from pipelines.publish.contract import PublishedTable, load_contract
from pipelines.publish.release import DATABASE_NAME, draws_sql, publish, utc_now
from pipelines.publish.report import headline_png, write_report
from pipelines.publish.vintages import next_vintage, read_last
from pipelines.versions import code_version, hash_frame
from pipelines.warehouse import (
    build_if_changed,
    fingerprint_of,
    inputs_hash,
    is_current,
    read_frame,
    record,
    sql_files,
    sql_of,
    tables_read,
    write_frame,
)

CONTRACT = load_contract()
PARAMETER = "highest_wage_usd_per_month"
MADE_BY_RELEASE = ("vintages", "revisions", "data_dictionary")


def _dependencies(sql: str, known: set[dg.AssetKey]) -> list[dg.AssetKey]:
    """Assets to wait for: the tables read; for a table that many assets write to, all of them."""
    waits: set[dg.AssetKey] = set()
    for table in tables_read(sql):
        schema, name = table.split(".")
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
    return {PARAMETER: highest[0] if highest else None}


def _table_asset(table: PublishedTable, known: set[dg.AssetKey]) -> dg.AssetsDefinition:
    address = f"published.{table.name}"

    @dg.asset(
        key=["published", table.name],
        group_name="published",
        kinds={"duckdb"},
        # the ledger too: its values are parameters that any of these files may name
        deps=sorted(
            {*_dependencies(sql_of(address), known), dg.AssetKey(["facts", "observations"])}
        ),
        description=f"{table.description} Grain: {', '.join(table.grain)}.",
    )
    def published_table(warehouse: WarehouseResource) -> dg.MaterializeResult:
        with warehouse.open().connect() as connection:
            # one thread: sums of floating-point numbers come out the same on every run
            connection.execute("set threads = 1")
            sql = sql_of(address)
            # a table that names no parameter need not wait for what parameters are read from
            named = parameters_of(connection) if PARAMETER in sql else {}
            was_built = build_if_changed(connection, address, tables_read(sql), named)
            return result(connection, address, was_built=was_built)

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
        if sql_files(f"published.{table.name}")
    ]
    return [*made, _release_asset(known | {one.key for one in made})]


def _picture(png: bytes) -> dg.MarkdownMetadataValue:
    data = base64.b64encode(png).decode()
    return dg.MetadataValue.md(f"![income by month](data:image/png;base64,{data})")


def _release_result(
    target: Path, vintages: pl.DataFrame, *, was_built: bool, **more: int
) -> dg.MaterializeResult:
    return dg.MaterializeResult(
        metadata={
            "folder": shown(target),
            "report": shown(target / "report.html"),
            "vintage": vintages.row(-1, named=True)["vintage_id"],
            "was_built": was_built,
            "tables": len(CONTRACT),
            "income": _picture(headline_png(target)),
            **more,
        }
    )


def _release_asset(known: set[dg.AssetKey]) -> dg.AssetsDefinition:
    draws = list(draws_sql().values())
    waits = {dg.AssetKey(["published", name]) for name in CONTRACT if name not in MADE_BY_RELEASE}
    waits |= {key for sql in draws for key in _dependencies(sql, known)}
    contents = sorted(name for name in CONTRACT if name not in MADE_BY_RELEASE)
    drawn = sorted({table for sql in draws for table in tables_read(sql)})
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
            made_from = inputs_hash(
                code_version(),
                sampling.key(),
                [fingerprint_of(connection, f"published.{name}") for name in contents],
                [fingerprint_of(connection, table) for table in drawn],
            )
            if (target / DATABASE_NAME).exists() and is_current(
                connection, "published.vintages", made_from
            ):
                return _release_result(target, vintages, was_built=False)
            write_frame(connection, "published.vintages", vintages)
            write_frame(connection, "published.revisions", revisions)
            write_frame(connection, "published.data_dictionary", _dictionary())
            done = publish(
                connection,
                CONTRACT,
                target,
                extra_files=lambda folder: write_report(
                    folder, folder / "report.html", network_outputs(folder)
                ),
            )
            record(connection, "published.vintages", made_from)
        return _release_result(target, vintages, was_built=True, rows=sum(done.rows.values()))

    return release
