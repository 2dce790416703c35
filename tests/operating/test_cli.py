"""What a run tells the person who started it."""

from __future__ import annotations

import datetime as dt
import io
import logging
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import polars as pl
import pytest
from rich.console import Console

from assets import schedules
from pipelines.operating import cli, commands, loggers, progress, ui
from pipelines.operating.code_location import definitions
from pipelines.operating.side_by_side import run_here
from pipelines.paths import REPOSITORY
from pipelines.publish.vintages import VintageStore


def event(kind: str, step: str) -> logging.LogRecord:
    """One event as Dagster logs it."""
    record = logging.LogRecord("x", logging.DEBUG, "", 0, "", None, None)
    told = SimpleNamespace(event_type_value=kind, step_key=step)
    record.dagster_meta = {"dagster_event": told, "orig_message": ""}
    return record


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    """A console that writes to memory, and folders of the test's own."""
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DPRK_DATA_DIR", str(tmp_path / "data"))
    dropped = tmp_path / "data" / "landing" / "ais"
    dropped.mkdir(parents=True)
    (dropped / "junk.csv").write_text("a,b\n1,[bold]2\n", encoding="utf-8")
    os.utime(dropped / "junk.csv", (1, 1))
    return Console(file=io.StringIO(), width=400)


def test_a_refused_file_is_told_after_the_run(console):
    assert cli._job("ais", console) == 0
    told = console.file.getvalue()
    assert any(
        line.startswith("warning: landing: junk.csv: rejected: ") for line in told.splitlines()
    )
    assert "of no known kind" in told
    assert loggers.LISTENERS == []


def test_a_pipe_gets_a_plain_line_a_stage_and_at_each_long_silence(monkeypatch, tmp_path):
    monkeypatch.setenv("DPRK_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(progress, "_SILENCE_S", 0.1)
    screen = io.StringIO()
    console = Console(file=screen, width=200)
    watch = progress.Watch(dict.fromkeys(("raw__a", "staged__b", "raw__c"), 0.3))
    with progress.shown(watch, console):
        for step in ("raw__a", "staged__b", "raw__c"):
            watch.emit(event("STEP_START", step))
            time.sleep(0.5)
            watch.emit(event("STEP_SUCCESS", step))
    told = [line.split(" ", 1)[1] for line in screen.getvalue().splitlines()]
    assert [line for line in told if line.endswith(" steps done)")] == [
        "raw (0 of 3 steps done)", "staged (1 of 3 steps done)",
    ]  # fmt: skip
    assert any("raw/c, 0 s so far, 2 of 3 steps done" in line for line in told)


def test_the_bar_moves_with_time_by_what_steps_took_before(monkeypatch, tmp_path):
    monkeypatch.setenv("DPRK_DATA_DIR", str(tmp_path))
    (tmp_path / ".durations.json").write_text('{"a": 8.0, "b": 2.0}')
    watch = progress.Watch({"a": 45.0, "b": 0.3})
    assert (watch.done_s(), watch.total_s()) == (0, 10)
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    watch.emit(event("STEP_START", "a"))
    now[0] = 104.0
    assert watch.done_s() == 4
    now[0] = 130.0
    assert watch.done_s() == 8
    watch.emit(event("STEP_SUCCESS", "a"))
    assert (watch.done_s(), watch.total_s()) == (30, 32)
    watch.keep_durations()
    assert progress.known_durations() == {"a": 30.0, "b": 2.0}


def test_the_first_bar_knows_which_steps_are_long():
    """A step that says how long it takes fills most of the bar, one that says nothing little."""
    long = SimpleNamespace(name="fit", tags={progress.EXPECTED_S: "45", "dprk/writes": "x"})
    quick = SimpleNamespace(name="a", tags={})
    assert progress.expected_durations([long, quick]) == {"fit": 45.0, "a": progress.UNTIMED_S}
    nodes = definitions().resolve_job_def("main").graph.nodes
    expected = progress.expected_durations(nodes)
    assert expected["joint_fit"] > 50 * expected["published__income_annual"]


def test_a_day_without_a_day_says_what_to_do(console):
    assert cli._job("ais_day", console) == cli.FAILED
    assert "run `./run ais`" in console.file.getvalue()


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """A data folder and a home of the test's own."""
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DPRK_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["mian"], 2, "did you mean ./run main?"),
        (["relases"], 2, "did you mean ./run releases?"),
        (["porbe"], 2, "did you mean ./run probe?"),
        (["dosc"], 2, "did you mean ./run docs?"),
        (["--version"], 0, "dprk-revenue 0."),
        (["releases"], 0, "No release was made here yet"),
        (["open", "abc"], 1, "names no release"),
        (["restore", "nothing.tar.gz"], 1, "is no file"),
        (["main", "--help"], 0, "From sources to the published release"),
        (["main", "--help"], 0, " min of two quiet cores"),
        (["ais", "--help"], 0, "4 steps, not timed here yet"),
    ],
)
def test_small_commands_answer_in_a_sentence(folders, capsys, arguments, status, words):
    assert cli.main(arguments) == status
    assert words in capsys.readouterr().out


def test_releases_stand_in_columns_of_eighty_letters(folders, capsys, monkeypatch):
    """Two releases, the older before a stream was added; years not over and other measures out."""

    def entry(number: int, rows: list[tuple[str, str, int, bool, float]]) -> SimpleNamespace:
        columns = ["stream", "measure", "year", "is_partial_year", "q50"]
        return SimpleNamespace(
            sequence=number,
            name=f"00000000000{number}",
            published_at=dt.datetime(2026, number, 3, 4, 5, tzinfo=dt.UTC),
            made=SimpleNamespace(last_month=f"2026-0{number}-01"),
            frame=lambda _: pl.DataFrame(rows, columns, orient="row"),
        )

    coal = ("coal", "state_income_usd", 2025, False, 162.4e6)
    after = [
        coal,
        ("coal", "state_income_usd", 2026, True, 9e6),
        ("coal", "gross_income_usd", 2025, False, 9e6),
        ("it_workers", "state_income_usd", 2025, False, 223.6e6),
        ("labor", "state_income_usd", 2025, False, 243e6),
        ("total", "state_income_usd", 2025, False, 662e6),
    ]
    entries = [entry(1, [coal]), entry(2, after)]
    monkeypatch.setattr(VintageStore, "entries", lambda _: entries)
    assert cli.main(["releases"]) == 0
    title, *head, older, newer, _ = capsys.readouterr().out.splitlines()
    assert "USD million" in title
    assert [line.split() for line in head] == [
        ["coal", "it_workers", "labor", "total"],
        ["release", "published,", "UTC", "through", "kept", *["2025"] * 4],
    ]
    assert max(len(line.rstrip()) for line in (*head, older, newer)) <= 80
    begin = ["1", "000000000001", "2026-01-03", "04:05", "2026-01", "summary"]
    assert older.split() == [*begin, "162"]
    assert newer.split()[1:3] == ["000000000002", "2026-02-03"]
    assert newer.split()[6:] == ["162", "224", "243", "662"]


def test_the_doctor_keeps_a_space_after_the_longest_name(folders, capsys, monkeypatch):
    name = "source " + "x" * 60
    monkeypatch.setattr(commands, "_source_lines", lambda: iter([("look", name, "weekly, stale")]))
    assert cli.main(["doctor"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert f"look {name}  weekly, stale" in told
    states = [line.split()[0] for line in told[:-1]]
    amiss = states.count("look")
    assert told[-1] == f"{amiss} thing{'s' if amiss > 1 else ''} to look at"


def test_the_ui_says_that_its_port_is_taken_and_starts_nothing(folders, capsys, monkeypatch):
    def start(*_: object, **__: object) -> None:
        raise AssertionError("a server was started")

    monkeypatch.setattr(subprocess, "Popen", start)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setenv("DPRK_UI_PORT", str(port))
        assert ui.main([]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert f"127.0.0.1:{port}" in line
    assert "set DPRK_UI_PORT to another port" in line
    assert ui.port_problem(str(port)) is None
    monkeypatch.setenv("DPRK_UI_PORT", "web")
    assert ui.main([]) == 1
    assert "give a number" in capsys.readouterr().out


def test_help_of_the_ui_starts_nothing(capsys, monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", None)
    with pytest.raises(SystemExit) as left:
        ui.main(["--help"])
    assert left.value.code == 0
    assert "DPRK_UI_PORT" in capsys.readouterr().out


def test_a_day_that_is_no_day_is_one_sentence(folders, capsys, monkeypatch):
    monkeypatch.setenv("DPRK_AS_OF", "last tuesday")
    assert cli.main([]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "DPRK_AS_OF is 'last tuesday'; give a date as YYYY-MM-DD"
    ]
    monkeypatch.setenv("DPRK_AS_OF", "2199-01-01")
    assert cli.main([]) == 1
    assert "a month that is not over" in capsys.readouterr().out


def test_a_full_disk_is_one_sentence(folders, capsys, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cli, "_main", full)
    assert cli.main([]) == 1
    assert capsys.readouterr().out.splitlines()[0].endswith("free some space and run again")


def test_a_folder_that_takes_nothing_is_one_sentence(folders, capsys, monkeypatch):
    (folders / "file").write_text("")
    monkeypatch.setenv("DPRK_DATA_DIR", str(folders / "file"))
    assert cli.main([]) == 1
    told = capsys.readouterr().out
    assert "cannot be written to" in told
    assert len(told.splitlines()) == 1


def test_what_is_saved_comes_back_and_what_was_changed_does_not(folders, capsys, monkeypatch):
    data = folders / "data"
    (data / "raw" / "ecb").mkdir(parents=True)
    (data / "raw" / "ecb" / "x.bin").write_bytes(b"rates")
    (data / "work.duckdb").write_bytes(b"private")
    (data / "landing" / "accepted").mkdir(parents=True)
    (data / "landing" / "accepted" / "a.csv").write_text("dropped")
    (data / "link").symlink_to("raw")
    saved = folders / "saved.tar.gz"
    assert cli.main(["backup", str(saved)]) == 0
    # a link is brought back, and is no file
    assert "\n2 files saved in " in capsys.readouterr().out
    assert cli.main(["restore", str(saved)]) == 1
    assert "is not empty" in capsys.readouterr().out
    monkeypatch.setenv("DPRK_DATA_DIR", str(folders / "other"))
    assert cli.main(["restore", str(saved)]) == 0
    assert capsys.readouterr().out.startswith("2 files restored to ")
    found = sorted(
        str(path.relative_to(folders / "other"))
        for path in (folders / "other").rglob("*")
        if path.is_file()
    )
    assert found == ["landing/accepted/a.csv", "raw/ecb/x.bin"]
    assert (folders / "other" / "landing" / "accepted" / "a.csv").read_text() == "dropped"
    monkeypatch.setenv("DPRK_DATA_DIR", str(folders / "third"))
    saved.write_bytes(saved.read_bytes()[:200])
    assert cli.main(["restore", str(saved)]) == 1
    assert not (folders / "third").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["open", "nosuch"], "'nosuch' names no release of this data folder"),
        (["restore", "nowhere.tar.gz"], "nowhere.tar.gz is no file"),
    ],
)
def test_what_a_person_can_mend_is_one_line_and_no_trace(tmp_path, arguments, words):
    """In a process of its own: `python -m` gives the module another name than importing it does."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "ignore", "-m", "pipelines.operating.cli", *arguments],
        env={**os.environ, "DPRK_DATA_DIR": str(tmp_path), "DAGSTER_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )
    assert done.returncode == 1
    (line,) = done.stdout.splitlines()
    assert words in line
    assert done.stderr == ""


def test_a_source_is_overdue_in_the_ui_by_the_cadence_it_declares():
    """A weekly list may be a week late; a yearly source sixty days; by hand, nobody knows."""
    weekly, yearly = (schedules.freshness_of(name) for name in ("un_sc", "baci"))
    weekly_window, yearly_window = (getattr(one, "fail_window", None) for one in (weekly, yearly))
    assert weekly_window is not None
    assert yearly_window is not None
    assert weekly_window.to_timedelta() == dt.timedelta(days=14)
    assert yearly_window.to_timedelta() == dt.timedelta(days=366 + 60)
    assert schedules.freshness_of("china_customs") is None


def test_a_run_that_fails_without_a_step_says_why():
    @dg.resource
    def broken(_context: dg.InitResourceContext) -> None:
        raise ValueError("the folder is held")

    @dg.asset(required_resource_keys={"broken"})
    def made() -> None:
        """Nothing."""

    defs = dg.Definitions([made], jobs=[dg.define_asset_job("all")], resources={"broken": broken})
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with dg.DagsterInstance.ephemeral() as instance:
        done = run_here(defs.resolve_job_def("all"), instance=instance, run_config=quiet)
    screen = io.StringIO()
    cli._tell_failures(done, Console(file=screen, width=400))
    assert not done.success
    assert "failed" in screen.getvalue()
    assert "the folder is held" in screen.getvalue()
