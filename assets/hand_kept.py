"""Tables that people keep by hand, found by their contracts; every row counted, none refused."""

from collections.abc import Iterator

import dagster as dg

from assets.checks import count_check, refused_check
from assets.resources import Snapshots, WarehouseResource
from assets.tables import code_links, table_specs, written
from pipelines.hand_kept import FIGURES, OVERLAYS, KeptTable, files_of, hand_kept, stage_kept


def _asset(kept: KeptTable) -> dg.AssetsDefinition:
    table, is_dropped = f"staged.{kept.table}", kept.table == FIGURES

    @dg.multi_asset(
        name=table.replace(".", "__"),
        specs=table_specs(
            [table],
            kinds={"duckdb", "polars"},
            reads=[
                *(["raw.landed_files"] if is_dropped else []),
                *(f"staged.{name}" for name in kept.reads),
            ],
            by=[stage_kept, *(file.path for file in files_of(kept))],
        ),
    )
    def staged(
        warehouse: WarehouseResource, snapshots: Snapshots
    ) -> Iterator[dg.MaterializeResult]:
        with warehouse.open().connect() as connection:
            yield from written(connection, [table], stage_kept(connection, snapshots.store(), kept))

    return staged


STAGED = [_asset(kept) for kept in hand_kept().values()]
COUNT_CHECKS = [count_check(table) for table in hand_kept()]
REFUSED_CHECKS = [refused_check(table) for table in hand_kept()]
# written beside the figures they correct
BESIDE = dg.AssetSpec(
    OVERLAYS.split("."),
    group_name="staged",
    deps=[["staged", FIGURES]],
    metadata=code_links(stage_kept),
)
