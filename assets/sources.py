"""Every source that has a folder: asked, listed as retrieved, staged, and checked for its form."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import dagster as dg

from assets.resources import Network, Snapshots, WarehouseResource
from assets.tables import results, table_specs, written
from pipelines.operating.asking import ask, register_folders
from pipelines.sources.feeds import stage_feed
from pipelines.sources.folders import SourceFolder, list_folders
from pipelines.sources.list_editions import LISTS, TABLES, stage_lists
from pipelines.sources.notes import retrievals_of
from pipelines.sources.staging import instant_of
from pipelines.warehouse import sql_of, write_frame

FEEDS = list_folders()
register_folders()


def _raw_asset(source: str, module: ModuleType) -> dg.AssetsDefinition:
    asks = [name for name in ("refresh", "ask", "fetch") if hasattr(module, name)]

    @dg.multi_asset(
        name=f"raw__{source}",
        specs=table_specs(
            [f"raw.{source}"],
            kinds={"file"},
            reads=["raw.landed_files"],
            by=[
                *(f"{module.__name__}:{name}" for name in asks[:1]),
                retrievals_of,
                Path(str(module.__file__)).with_name("source.toml"),
            ],
        ),
    )
    def raw(
        warehouse: WarehouseResource, snapshots: Snapshots, network: Network
    ) -> Iterator[dg.MaterializeResult]:
        store, table = snapshots.store(), f"raw.{source}"
        done = ask(source, store, network)
        if not done.is_complete:
            dg.get_dagster_logger().info(done.outcome)
        with warehouse.open().connect() as connection:
            retrievals = retrievals_of(store, source, instant_of(network.as_of()))
            write_frame(connection, table, retrievals)
            yield from results(connection, [table], outcome=done.outcome, stored=done.stored)

    return raw


def _staged_asset(source: SourceFolder) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=f"staged__{source.name}",
        specs=table_specs(
            [f"staged.{source.name}"],
            kinds={"duckdb", "polars"},
            reads=[f"raw.{source.name}"],
            by=[f"{source.module.__name__}:parse", stage_feed],
        ),
    )
    def staged(
        warehouse: WarehouseResource, snapshots: Snapshots, network: Network
    ) -> Iterator[dg.MaterializeResult]:
        with warehouse.open().connect() as connection:
            done = stage_feed(connection, snapshots.store(), source, network.as_of())
            yield from written(connection, [f"staged.{source.name}"], done)

    return staged


LISTED = [f"staged.{table}" for table in TABLES]


@dg.multi_asset(
    name="official_lists",
    specs=table_specs(
        LISTED,
        kinds={"duckdb", "polars"},
        reads=[f"raw.{one.source}" for one in LISTS],
        by=[stage_lists],
    ),
)
def official_lists(
    warehouse: WarehouseResource, snapshots: Snapshots, network: Network
) -> Iterator[dg.MaterializeResult]:
    """Stage the newest readable edition of every list."""
    with warehouse.open().connect() as connection:
        done = stage_lists(connection, snapshots.store(), instant_of(network.as_of()))
        yield from written(connection, LISTED, done)


def _drift_check(source: SourceFolder) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=["staged", source.name],
        name=f"{source.name}_has_its_agreed_form",
        blocking=False,
        description="A source that changed its form stops here; older snapshots carry on.",
    )
    def agreed_form(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        with warehouse.open().connect(read_only=True) as connection:
            found = connection.execute(sql_of("runs.form_of_source"), {"source": source.name})
            status, has_drifted, is_stale, lost = found.fetchone() or ("not staged", False, True, 0)
        return dg.AssetCheckResult(
            passed=not has_drifted and lost == 0,
            severity=dg.AssetCheckSeverity.WARN,
            description=status,
            metadata={"is_stale": is_stale, "rows_lost": lost},
        )

    return agreed_form


RAW = [
    *(_raw_asset(one.name, one.module) for one in FEEDS),
    *(_raw_asset(one.source, one.module) for one in LISTS),
]
STAGED = [_staged_asset(source) for source in FEEDS]
DRIFT_CHECKS = [_drift_check(source) for source in FEEDS]
