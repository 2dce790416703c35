"""What readers open: every promised table, then one release put in place whole."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import dagster as dg
import duckdb

from assets.resources import Sampling, WarehouseResource
from assets.tables import column_lineage, result, results, table_specs
from pipelines.fitting.apart import estimated, income_code, read_beside
from pipelines.hand_kept import hand_kept
from pipelines.inference.diagnostics import HIGHEST_K
from pipelines.operating.progress import EXPECTED_S
from pipelines.operating.side_by_side import OWN_TABLES, PRIORITY
from pipelines.paths import published_dir, shown, vintages_dir
from pipelines.publish.browse import write_tables
from pipelines.publish.contract import PublishedTable, dictionary, load_contract
from pipelines.publish.release import (
    HISTORY,
    draws_sql,
    is_served,
    publish,
    utc_now,
)
from pipelines.publish.vintages import (
    Chronicle,
    Entry,
    Estimates,
    MadeFrom,
    VintageStore,
    chronicle,
    estimates_now,
    made_now,
    states_between,
)
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
PICTURE = "income.png"
MADE_BY_RELEASE = HISTORY | {"data_dictionary"}


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


# by the deepest layer that a table reads, deepest first
_TOPICS = {
    "network": "published_network",
    "shipping": "published_ships",
    "estimates": "published_income",
    "facts": "published_evidence",
}


def _group_of(address: str) -> str:
    """Groups small enough to read: published tables by what they are about."""
    read = {table.split(".")[0] for table in tables_read(sql_of(address))}
    return next((group for layer, group in _TOPICS.items() if layer in read), "published_sources")


def _table_asset(table: PublishedTable, known: set[dg.AssetKey]) -> dg.AssetsDefinition:
    address = f"published.{table.name}"

    @dg.asset(
        key=["published", table.name],
        group_name=_group_of(address),
        kinds={"duckdb"},
        # draws first: they are many, and a release waits for them
        op_tags=OWN_TABLES if table.is_file_published else {**OWN_TABLES, PRIORITY: "1"},
        deps=_dependencies(sql_of(address), known),
    )
    def published_table(warehouse: WarehouseResource) -> dg.MaterializeResult:
        with warehouse.open().connect() as connection:
            sql = sql_of(address)
            was_built = build_if_changed(connection, address, tables_read(sql))
            lineage = {"dagster/column_lineage": column_lineage(connection, sql)}
            return result(connection, address, was_built=was_built, **lineage)

    return published_table


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


def _release_result(
    target: Path, release_id: str, told: Mapping[str, str], *, was_built: bool, **more: int
) -> dg.MaterializeResult:
    png = base64.b64encode((target / PICTURE).read_bytes()).decode()
    return dg.MaterializeResult(
        asset_key=["published", "release"],
        metadata={
            "folder": shown(target),
            "report": shown(target / "report.html"),
            "vintage": release_id,
            "what_changed": dg.MetadataValue.md("\n\n".join(told.values())),
            "was_built": was_built,
            "tables": len(CONTRACT),
            "income": dg.MetadataValue.md(f"![income by month](data:image/png;base64,{png})"),
            **more,
        },
    )


def _write_pages(folder: Path, reader: duckdb.DuckDBPyConnection) -> None:
    # charts and the network's file forms take seconds to load, and most starts make no page
    from pipelines.network.files import network_outputs
    from pipelines.publish.site.build import headline_png, write_site

    network_outputs(folder, reader)
    write_site(folder, reader)
    (folder / PICTURE).write_bytes(headline_png(folder, reader))


def _between(
    connection: duckdb.DuckDBPyConnection,
    last: Entry,
    made: MadeFrom,
    now: Estimates,
    sampling: Sampling,
) -> dict[str, Estimates]:
    """Estimates between the last release and this one; none where causes need no telling apart."""
    log = dg.get_dagster_logger()
    states, why = states_between(last, made, now, read_frame(connection, "facts.observations"))
    if why:
        log.warning(f"what moved the numbers could not be told apart: {why}")
    try:
        return estimated(connection, states, sampling, tell=log.info)
    except Exception as error:
        # a release does not wait for why the last one differs
        sentence = " ".join(str(error).split())[:300]
        log.warning(f"what moved the numbers could not be told apart: {sentence}")
        return {}


def _release_asset(known: set[dg.AssetKey]) -> dg.AssetsDefinition:
    draws = list(draws_sql().values())
    waits = {dg.AssetKey(["published", name]) for name in CONTRACT if name not in MADE_BY_RELEASE}
    waits |= {key for sql in draws for key in _dependencies(sql, known)}
    contents = sorted(name for name in CONTRACT if name not in MADE_BY_RELEASE)
    drawn = sorted({table for sql in draws for table in tables_read(sql)})
    waits.add(dg.AssetKey(["facts", "observations"]))

    tables = [f"published.{name}" for name in CONTRACT if name in MADE_BY_RELEASE]

    specs = table_specs(
        ["published.release", *tables],
        group="published_release",
        kinds={"duckdb", "parquet"},
        reads=sorted(".".join(key.path) for key in waits),
        by=[publish],
    )
    specs[0] = specs[0].replace_attributes(
        description="The release: published database, Parquet, CSV, draws, data dictionary, "
        "report; built beside the last one, checked, then put in its place in one step."
    )

    @dg.multi_asset(name="published__release", specs=specs, op_tags={EXPECTED_S: "17"})
    def release(warehouse: WarehouseResource, sampling: Sampling) -> Iterator[dg.MaterializeResult]:
        """Build, check and swap in everything readers open."""
        target, store = published_dir(), VintageStore(vintages_dir())
        with warehouse.open().connect() as connection:
            made = made_now(
                connection,
                sampling,
                model=income_code(),
                beside=read_beside(connection, hand_kept()),
            )
            made_from = inputs_hash(
                asdict(made),
                [fingerprint_of(connection, f"published.{name}") for name in contents],
                [fingerprint_of(connection, table) for table in drawn],
            )
            entries = store.entries()
            if (
                entries
                and is_served(target, entries[-1].sequence, entries[-1].release_id)
                and is_current(connection, "published.releases", made_from)
            ):
                last = entries[-1]
                yield _release_result(target, last.release_id, last.told, was_built=False)
                yield from results(connection, tables)
                return
            write_frame(connection, "published.data_dictionary", dictionary(CONTRACT))
            now = estimates_now(connection)

            def history(release_id: str) -> Chronicle:
                # the content of the last release is that release again, with its moves
                is_new = bool(entries) and entries[-1].release_id != release_id
                return chronicle(
                    store,
                    release_id,
                    made,
                    now,
                    monthly=read_frame(connection, "published.income_monthly"),
                    ledger=read_frame(connection, "facts.observations"),
                    published_at=utc_now(),
                    between=_between(connection, entries[-1], made, now, sampling)
                    if is_new
                    else None,
                    shifts=connection.sql(
                        sql_of("history.shifts"), params={"highest_k": HIGHEST_K}
                    ).pl(),
                )

            done = publish(
                connection,
                CONTRACT,
                target,
                made=made,
                history=history,
                store=store,
                pages=_write_pages,
                extra_files=lambda folder: write_tables(folder, CONTRACT),
            )
            record(connection, "published.releases", made_from)
            yield _release_result(
                target, done.release_id, done.told, was_built=True, rows=sum(done.rows.values())
            )
            yield from results(connection, tables)

    return release
