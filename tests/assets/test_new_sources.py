"""Each source of a folder, dropped as a file and asked without its key."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from assets import landing
from assets.definitions import RESOURCES
from pipelines.operating.asking import asker_of
from pipelines.snapshots import SnapshotStore
from pipelines.sources.folders import HERE, SourceFolder, list_folders
from tests.fixtures.wired import feeds

FOLDERS = list_folders()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DPRK_DATA_DIR", str(tmp_path))
    for name in ("DPRK_ONLINE", "DPRK_AS_OF", *(one.key for one in FOLDERS if one.key)):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def drop(data: Path, name: str, content: bytes) -> None:
    (data / "landing").mkdir(exist_ok=True)
    (data / "landing" / name).write_bytes(content)
    os.utime(data / "landing" / name, (1, 1))


def sample(name: str) -> tuple[str, bytes]:
    (file,) = (HERE / name).glob("sample.*")
    return file.suffix, file.read_bytes()


def stage(folder: SourceFolder) -> None:
    outcome = dg.materialize(
        feeds(folder.name),
        resources=RESOURCES,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )
    assert outcome.success


def status(data: Path, source: str) -> tuple:
    with duckdb.connect(str(data / "work.duckdb"), read_only=True) as opened:
        found = opened.execute(
            "select rows_in, rows_kept, rows_quarantined, status from staged.source_runs "
            "where source = $source",
            {"source": source},
        ).fetchone()
    assert found is not None
    return found


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda one: one.name)
def test_a_dropped_file_is_told_by_content_loaded_and_counted(data: Path, folder) -> None:
    drop(data, folder.sample_name, folder.sample.read_bytes())
    (outcome,) = landing.land_all(SnapshotStore(data / "raw"))
    assert (outcome.status, outcome.source) == ("accepted", folder.name), outcome.message
    assert outcome.rows_kept > 0
    stage(folder)
    rows_in, kept, refused, told = status(data, folder.name)
    assert (rows_in, kept, refused) == (outcome.rows_in, outcome.rows_kept, 0)
    assert told.startswith("1 snapshot(s)")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda one: one.name)
def test_a_damaged_file_is_rejected_with_a_report_and_stages_nothing(data: Path, folder) -> None:
    content = folder.sample.read_bytes()
    # its recognisable beginning stays; the middle of the content is lost
    drop(data, folder.sample_name, content[: len(content) // 3])
    (outcome,) = landing.land_all(SnapshotStore(data / "raw"))
    rejected = list((data / "landing" / "rejected").glob("*.report.md"))
    if outcome.status == "rejected":
        assert len(rejected) == 1
        assert SnapshotStore(data / "raw").retrievals(folder.name) == []
    else:
        # a cut CSV is whole up to its last line: that line is refused, the others stand
        assert outcome.rows_in > outcome.rows_kept


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda one: one.name)
def test_without_network_and_key_the_status_says_what_to_do(data: Path, folder) -> None:
    stage(folder)
    rows_in, kept, _, told = status(data, folder.name)
    if folder.embedded is None:
        assert (rows_in, kept) == (0, 0)
        assert told.startswith(f"no data; {folder.to_get_it}")
    else:
        assert kept == rows_in > 0
        assert told.startswith("comes with the installation")


@pytest.mark.parametrize(
    "folder", [one for one in FOLDERS if one.is_key_needed], ids=lambda one: one.name
)
def test_online_without_a_key_nobody_is_asked(data: Path, monkeypatch, folder) -> None:
    monkeypatch.setenv("DPRK_ONLINE", "1")
    refresh = asker_of(folder)
    assert refresh is not None
    done = refresh(SnapshotStore(data / "raw"))
    assert done.outcome == f"not asked: {folder.key} is not set"
    assert not (data / "raw" / folder.name).exists()


@pytest.mark.parametrize("name", ["uk_sanctions", "eu_fsf"])
def test_the_new_lists_are_taken_as_dropped_files(data: Path, name: str) -> None:
    suffix, content = sample(name)
    drop(data, f"list{suffix}", content)
    (outcome,) = landing.land_all(SnapshotStore(data / "raw"))
    assert (outcome.status, outcome.source) == ("accepted", name)
    assert (outcome.rows_in, outcome.rows_kept) == (3, 3)
