"""The record of runs stays small and keeps what the UI and automation go by."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
import sqlalchemy.event
import sqlalchemy.exc
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable

from pipelines.operating.history import kept_runs, prune_history
from pipelines.paths import REPOSITORY


@dg.asset
def once() -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"words": "w" * 2_000}, data_version=dg.DataVersion("a"))


@dg.asset
def often() -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"words": "w" * 2_000})


@dg.asset_check(asset=often)
def is_well() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _check_rows(instance: dg.DagsterInstance) -> int:
    storage = instance.event_log_storage
    assert isinstance(storage, SqlEventLogStorage)
    with storage.index_connection() as connection:
        count = sa.select(sa.func.count()).select_from(AssetCheckExecutionsTable)
        return connection.execute(count).scalar_one()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "dagster.yaml").write_text((REPOSITORY / "dagster.yaml").read_text())
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("DPRK_KEEP_RUNS", "3")
    return tmp_path


def test_the_newest_runs_stay_and_the_last_to_make_a_table_stays_however_old(home):
    with dg.DagsterInstance.get() as instance:
        first = dg.materialize([once], instance=instance).run_id
        later = [dg.materialize([often, is_well], instance=instance).run_id for _ in range(6)]
        printed = home / "storage" / later[0] / "compute_logs"
        printed.mkdir(parents=True, exist_ok=True)
        assert prune_history(instance) == list(reversed(later[:3]))
        kept = [run.run_id for run in instance.get_runs()]
        assert kept == [*reversed(later[3:]), first]
        assert {one.stem for one in (home / "history" / "runs").glob("*.db")} == {*kept, "index"}
        assert not printed.exists()
        # a table that no later run made still has its version, so that nothing is set going
        record = instance.get_latest_data_version_record(dg.AssetKey("once"))
        assert record is not None
        assert record.run_id == first
        assert _check_rows(instance) == 3
        assert prune_history(instance) == []


def test_a_run_under_way_is_never_forgotten(home, monkeypatch):
    monkeypatch.setenv("DPRK_KEEP_RUNS", "1")
    with dg.DagsterInstance.get() as instance:
        job = dg.GraphDefinition("nothing", node_defs=[]).to_job()
        under_way = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
        ended = [job.execute_in_process(instance=instance).run_id for _ in range(3)]
        assert prune_history(instance) == [ended[1], ended[0]]
        assert {run.run_id for run in instance.get_runs()} == {under_way.run_id, ended[2]}


def test_the_disk_of_a_thousandth_run_is_that_of_the_fourth(home):
    sizes = []
    with dg.DagsterInstance.get() as instance:
        for _ in range(12):
            dg.materialize([often, is_well], instance=instance)
            prune_history(instance)
            sizes.append(_size(home / "history"))
    # the room of forgotten runs in the index is used again
    assert max(sizes[6:]) < 1.1 * sizes[5]


def test_a_run_opens_its_files_of_events_once_and_none_is_left_open(home):
    opened = []

    def note(connection: sqlite3.Connection, _: object) -> None:
        opened.append(Path(connection.execute("pragma database_list").fetchone()[2]).stem)

    with dg.DagsterInstance.get() as instance:
        sa.event.listen(sa.Engine, "connect", note)
        try:
            run = dg.materialize([often, is_well], instance=instance).run_id
        finally:
            sa.event.remove(sa.Engine, "connect", note)
        assert opened.count(run) == 1
        assert opened.count("index") <= 3
        assert len(instance.all_logs(run)) > 10
        prune_history(instance)
        assert not list((home / "history" / "runs").glob("*-wal"))


def test_who_watches_a_run_is_told_while_it_is_under_way(home):
    """The UI watches the file of a run from another process; here from another instance."""
    heard = threading.Event()
    with dg.DagsterInstance.get() as instance, dg.DagsterInstance.get() as ui:
        job = dg.GraphDefinition("nothing", node_defs=[]).to_job()
        run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
        instance.report_engine_event("the first opens the file", run)

        def hear(entry: dg.EventLogEntry, _: str) -> None:
            if "the second" in entry.message:
                heard.set()

        ui.watch_event_logs(run.run_id, None, hear)
        instance.report_engine_event("the second is written to an open one", run)
        assert heard.wait(20)
        ui.end_watch_event_logs(run.run_id, hear)


def test_a_record_in_use_holds_up_no_run(home, monkeypatch):
    with dg.DagsterInstance.get() as instance:
        runs = [dg.materialize([often], instance=instance).run_id for _ in range(4)]

        def locked(run_id: str) -> None:
            raise sa.exc.OperationalError("delete", {}, Exception("database is locked"))

        with monkeypatch.context() as patched:
            patched.setattr(instance, "delete_run", locked)
            assert prune_history(instance) == []
        assert instance.get_runs_count() == 4
        assert prune_history(instance) == [runs[0]]


@pytest.mark.parametrize(("asked", "kept"), [("", 30), ("7", 7), ("0", 1), ("-3", 30), ("x", 30)])
def test_how_many_runs_are_kept_is_a_setting(monkeypatch, asked, kept):
    monkeypatch.setenv("DPRK_KEEP_RUNS", asked)
    assert kept_runs() == kept
