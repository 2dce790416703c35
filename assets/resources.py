"""What assets are handed: the work database, the snapshot store, how to sample."""

from __future__ import annotations

import dagster as dg

from pipelines.paths import data_dir, published_dir, work_database
from pipelines.snapshots import SnapshotStore
from pipelines.warehouse import Warehouse

DEFAULT_SEED = 20_170_805  # the day the Security Council banned coal


class WarehouseResource(dg.ConfigurableResource):
    """The private DuckDB file of the pipeline; one writer at a time."""

    memory_limit: str | None = None
    threads: int | None = None

    def open(self) -> Warehouse:
        """The work database of the current data folder."""
        return Warehouse(work_database(), memory_limit=self.memory_limit, threads=self.threads)


class Snapshots(dg.ConfigurableResource):
    """Bytes as received, under raw/ of the data folder."""

    def store(self) -> SnapshotStore:
        """The store of the current data folder."""
        return SnapshotStore(data_dir() / "raw")


class Sampling(dg.ConfigurableResource):
    """How many joint draws, from which seed: same seed, same numbers."""

    draws: int = 4_000
    seed: int = DEFAULT_SEED


class PublishedFolder(dg.ConfigurableResource):
    """Where readers look."""

    def path(self) -> str:
        """The folder of the current data folder."""
        return str(published_dir())
