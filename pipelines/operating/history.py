"""Dagster's record of runs, kept small: the newest runs, and those that last made something.

A run leaves some megabytes of events. Without an end to them an unattended machine's disk fills.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Generator
from pathlib import Path

import dagster as dg
import sqlalchemy as sa
import sqlalchemy.event
import sqlalchemy.exc
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.event_log import SqlEventLogStorage, SqliteEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS

KEPT_RUNS = 30
# of the files of events that a process writes to: the index of all, and the run under way
_KEPT_OPEN = 2


@sqlalchemy.event.listens_for(sa.Engine, "connect")
def _without_waiting_for_the_disk(connection: object, _: object) -> None:
    """Dagster opens, writes and closes its files for every event, and each waits for the disk.

    A killed process loses nothing by not waiting. What a power cut tears is set aside at the next
    start (`pipelines.operating.running.run_history`), and no number depends on it.
    """
    if isinstance(connection, sqlite3.Connection):
        connection.execute("pragma synchronous = off")


@contextlib.contextmanager
def _kept_open(self: SqliteEventLogStorage, shard: str) -> Generator[sa.Connection]:
    """A file of events, open from one event to the next.

    Dagster makes an engine for each, opens the file, reads which tables it has and closes it again:
    an eighth of what all steps of a run take. Its lock, which lets in one thread at a time, stays.
    """
    with self._db_lock:
        engines: dict[str, sa.Engine] = self.__dict__.setdefault("_kept_open", {})
        if shard not in engines:
            if len(engines) == _KEPT_OPEN:
                engines.pop(next(name for name in engines if name != INDEX_SHARD_NAME)).dispose()
            engine = sa.create_engine(
                self.conn_string_for_shard(shard),
                poolclass=sa.StaticPool,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
            )
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            engines[shard] = engine
        with engines[shard].begin() as connection:
            written = _rows_written(connection)
            yield connection
            is_written = _rows_written(connection) > written
        if is_written:
            # what is written lies beside the file for a while, and the UI watches the file
            os.utime(self.path_for_shard(shard))


def _rows_written(connection: sa.Connection) -> int:
    raw = connection.connection.dbapi_connection
    return raw.total_changes if isinstance(raw, sqlite3.Connection) else 0


SqliteEventLogStorage._connect = _kept_open


def kept_runs() -> int:
    """How many of the newest runs stay in the record: DPRK_KEEP_RUNS, else thirty."""
    asked = os.environ.get("DPRK_KEEP_RUNS", "")
    return max(1, int(asked)) if asked.isdigit() else KEPT_RUNS


def _last_of_something(instance: dg.DagsterInstance, storage: SqlEventLogStorage) -> set[str]:
    """Runs that last made an asset or last looked at a check: the UI and automation go by them."""
    made = {
        record.asset_entry.last_materialization_record.run_id
        for record in instance.get_asset_records()
        if record.asset_entry.last_materialization_record is not None
    }
    checks = AssetCheckExecutionsTable.c
    last = sa.select(sa.func.max(checks.id)).group_by(checks.asset_key, checks.check_name)
    with storage.index_connection() as connection:
        found = connection.execute(sa.select(checks.run_id).where(checks.id.in_(last))).fetchall()
    return made | {run_id for (run_id,) in found}


def prune_history(instance: dg.DagsterInstance) -> list[str]:
    """Forget finished runs that are neither among the newest nor the last to have made something.

    No number comes from them; every release keeps its own history beside the snapshots.

    Returns:
        The runs that were forgotten; none while the record is in somebody's use, as the next run
        forgets them.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        return []
    gone: list[str] = []
    with contextlib.suppress(sa.exc.DBAPIError):
        finished = dg.RunsFilter(statuses=list(FINISHED_STATUSES))
        old = [run.run_id for run in instance.get_runs(finished)[kept_runs() :]]
        needed = _last_of_something(instance, storage) if old else set()
        for run_id in old:
            if run_id not in needed:
                _forget(instance, storage, run_id)
                gone.append(run_id)
    if isinstance(storage, SqliteEventLogStorage):
        with storage._db_lock:
            # closed, a file takes in what was written beside it
            for engine in storage.__dict__.pop("_kept_open", {}).values():
                engine.dispose()
    return gone


def _forget(instance: dg.DagsterInstance, storage: SqlEventLogStorage, run_id: str) -> None:
    with storage.index_connection() as connection:
        checks = AssetCheckExecutionsTable
        connection.execute(checks.delete().where(checks.c.run_id == run_id))
    instance.delete_run(run_id)
    # what Dagster leaves of a deleted run: its file of events and what its steps printed
    if isinstance(storage, SqliteEventLogStorage):
        events = Path(storage.path_for_shard(run_id))
        for file in events.parent.glob(f"{events.name}*"):
            file.unlink(missing_ok=True)
    shutil.rmtree(Path(instance.storage_directory()) / run_id, ignore_errors=True)
