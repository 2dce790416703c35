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
from pipelines.warehouse import write_frame

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
            row = connection.execute(
                "select status, is_stale, rows_in - rows_kept - rows_quarantined "
                "from staged.source_runs where source = $source",
                {"source": source.name},
            ).fetchone()
        status, is_stale, lost = row or ("not staged", True, 0)
        drifted = "DRIFT" in status
        return dg.AssetCheckResult(
            passed=not drifted and lost == 0,
            severity=dg.AssetCheckSeverity.WARN,
            description=status,
            metadata={"is_stale": bool(is_stale), "rows_lost": int(lost)},
        )

    return agreed_form


RAW = [
    *(_raw_asset(one.name, one.module) for one in FEEDS),
    *(_raw_asset(one.source, one.module) for one in LISTS),
]
STAGED = [_staged_asset(source) for source in FEEDS]
DRIFT_CHECKS = [_drift_check(source) for source in FEEDS]


@dg.asset_check(
    asset=["staged", "listed_parties"],
    name="listed_rows_in_are_rows_kept_plus_refused",
    blocking=True,
    description="Every row of every list is staged or in quarantine, with a reason.",
)
def listed_rows_add_up(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Count what came in against what is held."""
    with warehouse.open().connect(read_only=True) as connection:
        rows = connection.execute(
            """
            with held as (
                select list_source as source, count(*) as kept
                from staged.listed_parties
                group by all
            ),
            refused as (
                select source, count(distinct (file, line)) as refused
                from staged.quarantine
                group by all
            )
            select
                runs.source,
                runs.rows_in,
                runs.rows_kept,
                coalesce(held.kept, 0) as kept,
                coalesce(refused.refused, 0) as refused
            from staged.source_runs as runs
            left join held on runs.source = held.source
            left join refused on runs.source = refused.source
            where runs.source in (select unnest($sources))
            """,
            {"sources": [one.source for one in LISTS]},
        ).fetchall()
    lost = [
        source
        for source, rows_in, rows_kept, kept, refused in rows
        # in OpenSanctions files a line may be an address or a link and no party
        if rows_in != rows_kept + refused
        or (kept != rows_kept and not source.startswith("opensanctions"))
    ]
    told = "; ".join(f"{source}: {rows_in} in, {kept} staged, {refused} refused"
                     for source, rows_in, _, kept, refused in rows)  # fmt: skip
    return dg.AssetCheckResult(
        passed=not lost and len(rows) == len(LISTS),
        description=told,
        metadata={"lists": len(rows), "lists_that_lost_rows": len(lost)},
    )


@dg.asset_check(
    asset=["staged", "listed_parties"],
    name="lists_have_their_agreed_form",
    blocking=False,
    description="A list that changed its form stops here; its older edition carries on.",
)
def lists_have_their_form(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Look for drift in the status of the lists."""
    with warehouse.open().connect(read_only=True) as connection:
        drifted = connection.execute(
            "select source, status from staged.source_runs "
            "where status like '%DRIFT%' and source in (select unnest($sources))",
            {"sources": [one.source for one in LISTS]},
        ).fetchall()
    return dg.AssetCheckResult(
        passed=not drifted,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(f"{source}: {status}" for source, status in drifted)
        or "every list has its agreed form",
    )


@dg.asset_check(
    asset=["staged", "listed_links"],
    name="dprk_links_resolve",
    blocking=False,
    description="Links of parties under the North Korea measures name a listed party.",
)
def dprk_links_resolve(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Count links of the DPRK parties whose target is on no list at hand."""
    with warehouse.open().connect(read_only=True) as connection:
        row = connection.execute(
            "select count(*), count(*) filter (target_list_id is null) "
            "from staged.listed_links where is_dprk and list_source like 'ofac%'"
        ).fetchone()
    links, unresolved = row or (0, 0)
    return dg.AssetCheckResult(
        passed=unresolved == 0,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{links - unresolved} of {links} links name a listed party",
        metadata={"links": links, "unresolved": unresolved},
    )
