"""What assets are handed: the work database, the snapshot store, how to sample."""

from __future__ import annotations

import datetime as dt
import os

import dagster as dg

from pipelines.paths import data_dir, work_database
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
    """How many joint draws, from which seed, up to when: same three, same numbers."""

    draws: int = 4_000
    seed: int = DEFAULT_SEED
    # YYYY-MM-DD; empty means today. DPRK_AS_OF reruns the estimates of a past day.
    as_of: str = ""

    def key(self) -> tuple[int, int]:
        """What decides the random numbers."""
        return self.draws, self.seed

    def last_month(self) -> dt.date:
        """First day of the last month that had ended on the day of `as_of`.

        Raises:
            ValueError: `as_of` is not a date.
        """
        asked = self.as_of or os.environ.get("DPRK_AS_OF", "")
        try:
            day = dt.date.fromisoformat(asked) if asked else dt.datetime.now(dt.UTC).date()
        except ValueError as error:
            raise ValueError(f"DPRK_AS_OF is {asked!r}; give a date as YYYY-MM-DD") from error
        return (day.replace(day=1) - dt.timedelta(days=1)).replace(day=1)


class Network(dg.ConfigurableResource):
    """Whether this run may fetch, with which keys, and for which day."""

    # the scheduled job sets it; DPRK_ONLINE=1 does so for any run
    online: bool = False
    comtrade_key: str = ""

    def is_online(self) -> bool:
        """Fetching is asked for, and the run is not of a past day."""
        return self.online or os.environ.get("DPRK_ONLINE", "") == "1"

    def as_of(self) -> str:
        """YYYY-MM-DD of the day to rebuild, from DPRK_AS_OF; empty means today."""
        return os.environ.get("DPRK_AS_OF", "")


def secret(variable: str) -> str | dg.EnvVar:
    """A key that Dagster reads when a run starts; its value is in no definition, page or log."""
    return dg.EnvVar(variable) if os.environ.get(variable) else ""
