"""Tables that people keep by hand, found by their contracts; every row counted, none refused."""

import dagster as dg
import duckdb

from assets.checks import count_check, refused_check
from assets.made import wired
from assets.tables import code_links
from pipelines.hand_kept import FIGURES, OVERLAYS, KeptTable, files_of, hand_kept, stage_kept
from pipelines.making import Made, Maker, maker
from pipelines.snapshots import SnapshotStore


def _maker(kept: KeptTable) -> Maker:
    def staged(connection: duckdb.DuckDBPyConnection, store: SnapshotStore) -> Made:
        return stage_kept(connection, store, kept)

    return maker(
        f"staged.{kept.table}",
        reads=[
            *(["raw.landed_files"] if kept.table == FIGURES else []),
            *(f"staged.{name}" for name in kept.reads),
        ],
        by=(stage_kept, *(file.path for file in files_of(kept))),
        keeps_books=True,
    )(staged)


STAGED = [wired(_maker(kept)) for kept in hand_kept().values()]
COUNT_CHECKS = [count_check(table) for table in hand_kept()]
REFUSED_CHECKS = [refused_check(table) for table in hand_kept()]
# written beside the figures they correct
BESIDE = dg.AssetSpec(
    OVERLAYS.split("."),
    group_name="staged",
    deps=[["staged", FIGURES]],
    metadata=code_links(stage_kept),
)
