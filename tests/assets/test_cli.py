"""What a run tells the person who started it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from assets import cli


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    """A console that writes to memory, and folders of the test's own."""
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DPRK_DATA_DIR", str(tmp_path / "data"))
    dropped = tmp_path / "data" / "landing" / "ais"
    dropped.mkdir(parents=True)
    (dropped / "junk.csv").write_text("a,b\n1,[bold]2\n", encoding="utf-8")
    return Console(file=io.StringIO(), width=400)


def test_a_refused_file_is_told_after_the_run(console):
    assert cli.run_job("ais", console)
    told = console.file.getvalue()
    assert told.startswith("warning: junk.csv")
    assert "none of the known forms" in told
    assert cli.LISTENERS == []


def test_the_bar_moves_with_every_step(console, monkeypatch):
    moved = []
    monkeypatch.setattr(cli.Progress, "advance", lambda *_, **__: moved.append(1))
    assert cli.run_job("ais", console)
    assert len(moved) == 1


def test_a_day_without_a_day_says_what_to_do(console):
    assert not cli.run_job("ais_day", console)
    assert "run `./run ais`" in console.file.getvalue()
