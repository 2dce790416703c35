"""A run is spared only where nothing it looks at has changed."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path

import pytest

from pipelines.operating import cli, unchanged
from pipelines.publish.release import id_of


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder as a run leaves it, and a repository of one file."""
    data, code = tmp_path / "data", tmp_path / "code"
    for name in ("raw/prices", "landing/accepted", "landing/.loaded", "releases/r1"):
        (data / name).mkdir(parents=True)
    (code / "pipelines").mkdir(parents=True)
    (code / "pipelines" / "priors.csv").write_text("a,1")
    (data / "raw/prices/1.bin").write_bytes(b"x")
    (data / "work.duckdb").write_bytes(b"rows")
    (data / "published").symlink_to("releases/r1")
    monkeypatch.setenv("DPRK_DATA_DIR", str(data))
    monkeypatch.setattr(unchanged, "REPOSITORY", code)
    return tmp_path


def settle() -> None:
    unchanged.Watchman().settle()


def test_a_run_after_one_that_ended_well_is_spared(folder):
    assert unchanged.settled_release() is None
    settle()
    assert unchanged.settled_release() == "r1"


CHANGES = {
    "a prior": lambda at: (at / "code/pipelines/priors.csv").write_text("a,2"),
    "new code": lambda at: (at / "code/pipelines/new.py").write_text("x = 1"),
    "a snapshot": lambda at: (at / "data/raw/prices/2.bin").write_bytes(b"y"),
    "a snapshot gone": lambda at: (at / "data/raw/prices/1.bin").unlink(),
    "a dropped file": lambda at: (at / "data/landing/new.csv").write_text("a,b"),
    "a dropped ship file": lambda at: (
        (at / "data/landing/ais").mkdir(), (at / "data/landing/ais/x.csv").write_text("a"),
    ),
    "the work database": lambda at: (at / "data/work.duckdb").write_bytes(b"other"),
    "the work database gone": lambda at: (at / "data/work.duckdb").unlink(),
    "the link": lambda at: (at / "data/published").unlink(),
    "the release behind it": lambda at: (at / "data/releases/r1").rmdir(),
    "a run that failed": lambda at: unchanged.begin(),
    "a note cut off": lambda at: (at / "data/.settled.json").write_text("{"),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_what_changed_is_run_again(folder, what):
    settle()
    CHANGES[what](folder)
    assert unchanged.settled_release() is None


def test_another_setting_or_day_is_run_again(folder, monkeypatch):
    settle()
    with monkeypatch.context() as other:
        other.setenv("DPRK_AS_OF", "2020-01-01")
        assert unchanged.settled_release() is None
    with monkeypatch.context() as other:
        tomorrow = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
        other.setattr(unchanged, "_today", lambda: tomorrow)
        assert unchanged.settled_release() is None
    assert unchanged.settled_release() == "r1"


def test_what_changes_while_a_run_is_under_way_or_waits_is_run_next_time(folder):
    run = unchanged.Watchman()
    (folder / "code/pipelines/priors.csv").write_text("a,3")
    run.settle()
    assert unchanged.settled_release() is None
    run = unchanged.Watchman()
    (folder / "data/landing/late.csv").write_text("a,b")
    run.settle()
    assert not (folder / "data" / unchanged.NOTE).exists()


def test_what_a_run_writes_sets_no_other_going(folder):
    """Reports, durations and files that were refused are no input."""
    settle()
    (folder / "data/.durations.json").write_text("{}")
    (folder / "data/vintages").mkdir()
    assert unchanged.settled_release() == "r1"


def test_keys_are_not_written_down(folder, monkeypatch):
    monkeypatch.setenv("DPRK_COMTRADE_KEY", "canary-51b2")
    monkeypatch.setenv("DPRK_ALERT_SMTP", "smtp://me:canary-51b2@mail")
    settle()
    note = (folder / "data" / unchanged.NOTE).read_text()
    assert "canary-51b2" not in note
    assert '"DPRK_COMTRADE_KEY": "set"' in note


@pytest.fixture
def released(folder: Path) -> Path:
    """The data folder with a release that its manifest bears out."""
    content: dict[str, object] = {"tables": {}}
    place = folder / "data" / "releases" / "r1"
    note = {
        "sequence": 1, "release_id": id_of(content), "published_at": "2026-01-02T03:04:05",
        "made": {}, "told": {"coal": "coal 2025: as before"}, "name": "r1",
    }  # fmt: skip
    (place / "vintage").mkdir()
    entry = place / "vintage" / "entry.json"
    entry.write_text(json.dumps(note))
    told = {"sha256": hashlib.sha256(entry.read_bytes()).hexdigest(), "bytes": entry.stat().st_size}
    manifest = {
        "release_id": id_of(content), "sequence": 1, "content": content,
        "files": {"vintage/entry.json": told},
    }  # fmt: skip
    (place / "manifest.json").write_text(json.dumps(manifest))
    (folder / "data" / "work.duckdb").unlink()
    return folder


class _Ran(Exception):
    """A job was about to run."""


def test_run_answers_at_once_where_nothing_changed(released, monkeypatch, capsys):
    def run() -> None:
        raise _Ran

    monkeypatch.setattr(cli, "_jobs", run)
    monkeypatch.setattr(cli, "print_answer", lambda console: console.print("the answer"))
    with pytest.raises(_Ran):
        cli.main([])
    settle()
    assert cli.main([]) == 0
    told = capsys.readouterr().out
    assert "nothing changed since release r1 of 2026-01-02 03:04 UTC; its files are whole" in told
    assert "the answer" in told
    assert "changed    coal 2025: as before" in told
    for arguments in (["--again"], ["main", "--again"]):
        with pytest.raises(_Ran):
            cli.main(arguments)
    monkeypatch.setenv("DPRK_ONLINE", "1")
    with pytest.raises(_Ran):
        cli.main([])
    monkeypatch.delenv("DPRK_ONLINE")
    entry = released / "data" / "releases" / "r1" / "vintage" / "entry.json"
    entry.write_text(entry.read_text().replace("as before", "damaged"))
    with pytest.raises(_Ran):
        cli.main([])
    assert "is damaged" in capsys.readouterr().out
