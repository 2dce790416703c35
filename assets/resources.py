"""What assets are handed: the work database, the snapshot store, how to sample."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os

import dagster as dg
import duckdb
from pydantic import PrivateAttr

from pipelines.cadence import last_month_before
from pipelines.operating import unchanged
from pipelines.operating.failures import tag_why
from pipelines.operating.running import mark_process, run_alone
from pipelines.paths import data_dir, work_database
from pipelines.snapshots import SnapshotStore
from pipelines.warehouse import Warehouse, WarehouseError

DEFAULT_SEED = 20_170_805  # the day the Security Council banned coal


def _say(context: dg.InitResourceContext, level: int, sentence: str) -> None:
    if context.log is not None:
        context.log.log(level, sentence)


class WarehouseResource(dg.ConfigurableResource):
    """The private DuckDB file of the pipeline; one writer at a time."""

    memory_limit: str | None = None
    _held: contextlib.ExitStack = PrivateAttr(default_factory=contextlib.ExitStack)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Hold the data folder for the run; a run of somebody else's is waited for."""
        run = context.run
        what = f"{run.job_name}, run {run.run_id[:8]}" if run else "a run"
        if run and context.instance:
            mark_process(context.instance, run.run_id)
        self._held = contextlib.ExitStack()
        self._held.enter_context(
            run_alone(
                what,
                waiting=lambda holder: _say(context, logging.INFO, f"waiting for {holder}"),
                tell=lambda sentence: _say(context, logging.WARNING, sentence),
            )
        )
        # where somebody else holds the file, the first step that needs it says who
        with contextlib.suppress(WarehouseError, duckdb.Error):
            self._held.enter_context(self.open().kept_open())
        unchanged.begin()

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Let the next run begin; what failed is told among the run's tags."""
        self._held.close()
        if context.run and context.instance:
            tag_why(context.instance, context.run.run_id)

    def open(self) -> Warehouse:
        """The work database of the current data folder."""
        return Warehouse(work_database(), memory_limit=self.memory_limit)


class Snapshots(dg.ConfigurableResource):
    """Bytes as received, under raw/ of the data folder."""

    def store(self) -> SnapshotStore:
        """The store of the current data folder."""
        return SnapshotStore(data_dir() / "raw")


class Sampling(dg.ConfigurableResource):
    """How many joint draws, from which seed, up to when: same three, same numbers."""

    draws: int = 4_000
    seed: int = DEFAULT_SEED
    # effective draws of every year, and split R-hat, that publication needs; tests ask for less
    least_ess: float = 1_000.0
    highest_rhat: float = 1.02
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
        return last_month_before(self.as_of or os.environ.get("DPRK_AS_OF", ""))


class Network(dg.ConfigurableResource):
    """Whether this run may fetch, and for which day."""

    # the scheduled job sets it; DPRK_ONLINE=1 does so for any run
    online: bool = False

    def is_online(self) -> bool:
        """Fetching is asked for, and the run is not of a past day."""
        return self.online or os.environ.get("DPRK_ONLINE", "") == "1"

    def as_of(self) -> str:
        """YYYY-MM-DD of the day to rebuild, from DPRK_AS_OF; empty means today."""
        return os.environ.get("DPRK_AS_OF", "")


def secret(variable: str) -> str | dg.EnvVar:
    """A key that Dagster reads when a run starts; its value is in no definition, page or log."""
    return dg.EnvVar(variable) if os.environ.get(variable) else ""
