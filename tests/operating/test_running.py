"""What a run finds when it begins, and puts right."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from pipelines import warehouse
from pipelines.operating.cli import check_surroundings, in_one_sentence
from pipelines.operating.problems import RunProblem
from pipelines.operating.running import run_history, set_corrupt_aside
from pipelines.paths import REPOSITORY


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run history with one run in it."""
    (tmp_path / "dagster.yaml").write_text((REPOSITORY / "dagster.yaml").read_text())
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with dg.DagsterInstance.get() as instance:
        job = dg.GraphDefinition("nothing", node_defs=[]).to_job()
        job.execute_in_process(instance=instance)
    return tmp_path


@pytest.mark.parametrize(
    "file", ["history/runs.db", "history/runs/index.db", "schedules/schedules.db"]
)
@pytest.mark.parametrize("kept_bytes", [0, 2_000])
def test_a_damaged_run_history_is_set_aside_and_said(home, file, kept_bytes):
    path = home / file
    whole = path.read_bytes()
    for extra in path.parent.glob(f"{path.name}-*"):
        extra.unlink()
    path.write_bytes(whole[:kept_bytes] + b"\xff" * (len(whole) - kept_bytes))
    told: list[str] = []
    with run_history(told.append) as instance:
        assert instance.get_runs_count() == (0 if path.name == "runs.db" else 1)
        assert instance.all_instigator_state() == []
    assert len(told) == 1
    assert told[0].startswith(f"{path.name} of the run history could not be read (")
    assert path.with_name(f"{path.name}.damaged").is_file()


def test_a_whole_run_history_stays(home):
    told: list[str] = []
    with run_history(told.append) as instance:
        assert instance.get_runs_count() == 1
    assert told == []
    assert not list(home.rglob("*.damaged"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("IO Error: Could not write file: No space left on device", "is full"),
        ("(sqlite3.OperationalError) database or disk is full", "is full"),
        ("(sqlite3.OperationalError) disk I/O error", "is full or fails"),
        ("[Errno 30] Read-only file system: 'x'", "cannot be written to"),
    ],
)
def test_what_the_machine_lacks_is_one_sentence_whoever_says_it(words, sentence):
    told = in_one_sentence(RuntimeError(words))
    assert told is not None
    assert sentence in told
    assert "\n" not in told


def test_what_is_no_fault_of_the_machine_keeps_its_own_words():
    assert in_one_sentence(RuntimeError("staged/coal: line 3")) is None


def test_a_folder_in_place_of_the_link_is_told_before_the_run_and_not_at_its_end(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("DPRK_DATA_DIR", str(tmp_path))
    (tmp_path / "releases" / "r1").mkdir(parents=True)
    (tmp_path / "published").symlink_to("releases/r1")
    check_surroundings()
    (tmp_path / "published").unlink()
    (tmp_path / "published").mkdir()
    with pytest.raises(RunProblem, match=r"published is a plain folder, not the link .*move it"):
        check_surroundings()


def test_a_damaged_block_is_damage_and_no_lock(tmp_path, monkeypatch):
    """DuckDB's words for it hold "block", and "lock" in that was taken for somebody's lock."""
    monkeypatch.setenv("DPRK_DATA_DIR", str(tmp_path))
    path = tmp_path / "work.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create table kept as select range as x from range(100_000)")
    whole = bytearray(path.read_bytes())
    for place in range(3 * 4096, len(whole), 65_536):
        whole[place : place + 4096] = b"\xa5" * 4096
    path.write_bytes(bytes(whole))
    with pytest.raises(duckdb.IOException, match="block") as raised:
        duckdb.connect(str(path)).close()
    assert not warehouse.is_held(raised.value)
    (told,) = set_corrupt_aside()
    assert told.startswith("work.duckdb could not be read (")
    assert not path.exists()


HOLDER = """
import sys, duckdb
held = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


def test_a_work_database_that_somebody_holds_open_is_one_sentence_that_names_them(
    tmp_path, monkeypatch
):
    """A notebook left open on the work database; it was a traceback."""
    monkeypatch.setattr(warehouse, "_LOCK_RETRIES", 1)
    path = tmp_path / "work.duckdb"
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as holder:  # fmt: skip
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(warehouse.WarehouseError) as raised, warehouse.Warehouse(path).connect():
            pass
        holder.communicate()
    told = in_one_sentence(raised.value)
    assert told is not None
    assert told.startswith(f"{path} is held open by python")
    assert f", process {holder.pid}; " in told
    assert "\n" not in told
