"""What `./run` runs: a job in this process, with progress, then the answer; or a small command."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import errno
import gc
import importlib.metadata
import json
import os
import sys
import time
import tomllib
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console
from rich.table import Table

from pipelines.operating.problems import RunProblem
from pipelines.paths import REPOSITORY, data_dir, published_dir, shown

if TYPE_CHECKING:
    import dagster as dg

MAIN_JOB = "main"
SILENT: dict[str, Any] = {"loggers": {"console": {"config": {"level": "CRITICAL"}}}}
FAILED, WRONG_CALL, NOT_ANSWERED = 1, 2, 3
_MIN_FREE_BYTES = 1_000_000_000
# a million objects live as long as the run does: looking through them for cycles as often as
# Python does by itself makes importing them take a third longer
_COLLECT_AFTER = 50_000


def say(console: Console, text: str) -> None:
    """Plain text: names of files come from outside and are no markup."""
    console.print(text, markup=False, highlight=False)


def warn(console: Console, sentence: str) -> None:
    """Something a person should know."""
    say(console, f"warning: {sentence}")


def counted(number: int, what: str) -> str:
    """`1 step`, `2 steps`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def check_surroundings() -> None:
    """What would fail a run half-way is said before it begins.

    Raises:
        RunProblem: DPRK_AS_OF is no date, the folder cannot be written to, the disk is full, a
            folder stands where the link to the release belongs, or the clock stands before what was
            written here.
    """
    import datetime as dt
    import shutil

    from pipelines.cadence import last_month_before
    from pipelines.operating.running import clock_problem, folder_problem
    from pipelines.paths import vintages_dir
    from pipelines.publish.vintages import VintageStore

    try:
        last_month = last_month_before(os.environ.get("DPRK_AS_OF", ""))
    except ValueError as error:
        raise RunProblem(str(error)) from None
    problem = folder_problem(data_dir())
    if problem:
        raise RunProblem(problem)
    free = shutil.disk_usage(data_dir()).free
    if free < _MIN_FREE_BYTES:
        raise RunProblem(
            f"only {free / 1e6:,.0f} MB are free for {shown(data_dir())}, a run needs "
            f"{_MIN_FREE_BYTES / 1e6:,.0f}; free some, or point DPRK_DATA_DIR elsewhere"
        )
    link = published_dir()
    if link.exists() and not link.is_symlink():
        raise RunProblem(
            f"{shown(link)} is a plain folder, not the link to the newest release (did a tool that "
            "follows links copy it?); move it away and run again"
        )
    entries = VintageStore(vintages_dir()).entries()
    newest = entries[-1].published_at.replace(tzinfo=dt.UTC) if entries else None
    now = dt.datetime.now(dt.UTC)
    problem = clock_problem(now, newest)
    if problem:
        raise RunProblem(problem)
    if last_month > now.date():
        raise RunProblem(
            f"DPRK_AS_OF asks for {last_month:%Y-%m}, a month that is not over; give a past day"
        )


@contextlib.contextmanager
def alone(what: str, console: Console) -> Generator[None]:
    """Hold the data folder, and say for whom that waits and what was put right in it."""
    from pipelines.operating.running import run_alone

    with run_alone(
        what,
        waiting=lambda holder: say(console, f"waiting for {holder}, to end …"),
        tell=lambda sentence: warn(console, sentence),
    ):
        yield


def execute(name: str, console: Console) -> dg.ExecuteInProcessResult:
    """Run a job of the code location in this process, on the instance of DAGSTER_HOME.

    Its warnings are told on the console, and alerts go out as they do for a run of the UI.
    """
    from pipelines.operating.alerting import alert_after
    from pipelines.operating.code_location import definitions
    from pipelines.operating.history import prune_history
    from pipelines.operating.loggers import LISTENERS
    from pipelines.operating.progress import Watch, expected_durations
    from pipelines.operating.progress import shown as shown_while
    from pipelines.operating.run_lock import process_mark
    from pipelines.operating.running import (
        BEGUN_BY_TAG,
        PROCESS_TAG,
        fail_killed_runs,
        run_history,
    )
    from pipelines.operating.side_by_side import run_here
    from pipelines.operating.unchanged import Watchman

    job = definitions().resolve_job_def(name)
    with alone(name, console), run_history(lambda told: warn(console, told)) as instance:
        watchman = Watchman()
        for sentence in fail_killed_runs(instance):
            warn(console, sentence)
        watch = Watch(expected_durations(job.graph.nodes))
        with shown_while(watch, console):
            LISTENERS.append(watch)
            try:
                outcome = run_here(
                    job,
                    instance=instance,
                    # failures are told once, below, in our own words
                    run_config=SILENT,
                    tags={PROCESS_TAG: process_mark(), BEGUN_BY_TAG: "./run"},
                )
            finally:
                LISTENERS.remove(watch)
        for warning in watch.warnings:
            warn(console, warning)
        if outcome.success:
            watch.keep_durations()
            # what was warned of is told again until it is mended
            if name == MAIN_JOB and not watch.warnings:
                watchman.settle()
        run = instance.get_run_by_id(outcome.run_id)
        if run is not None:
            alert_after(instance, run)
        prune_history(instance)
    return outcome


def _tell_failures(outcome: dg.ExecuteInProcessResult, console: Console) -> None:
    from pipelines.operating.failures import failure_text
    from pipelines.operating.running import mark_corrupt

    told: set[str] = set()
    for event in outcome.all_events:
        if event.event_type_value == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            # a warning is told by its asset
            if not check.passed and check.severity.value == "ERROR":
                console.print(
                    f"[bold red]check failed[/] {check.asset_key.to_user_string()}: "
                    f"{check.check_name}",
                    highlight=False,
                )
                say(console, f"  {check.description}")
        elif event.is_step_failure:
            message = failure_text(event)
            step = str(event.step_key).replace("__", "/")
            if message is not None:
                if mark_corrupt(message):
                    message = (
                        "the work database is damaged; run again: it is set aside and rebuilt from "
                        f"the snapshots ({message.splitlines()[0][:160]})"
                    )
                if "DagsterExecutionInterruptedError" in message:
                    message = "stopped from outside, by a signal; run again"
                message = in_one_sentence(RuntimeError(message)) or message
                if message not in told:
                    console.print(f"[bold red]failed[/] {step}")
                    say(console, f"  {message}")
                told.add(message)
        elif event.is_run_failure and not any(one.is_step_failure for one in outcome.all_events):
            # no step failed: what holds them did
            error = event.job_failure_data.error
            while error and error.cause:
                error = error.cause
            console.print("[bold red]failed[/]")
            say(console, f"  {error.message.strip() if error else event.message}")


def print_answer(console: Console, release: Path | None = None) -> None:
    """The answer table of a release: the one readers see now, unless another is given."""
    from pipelines.publish.answer import COLUMNS, answer_table
    from pipelines.publish.release import DATABASE_NAME, reading

    folder = release or published_dir()
    if not folder.exists():
        console.print("Nothing is published yet.")
        return
    with reading(folder) as reader:
        rows = answer_table(reader)
    table = Table(
        title="What North Korea earns a year, nominal USD million",
        title_justify="left",
        box=None,
        padding=(0, 1, 0, 0),
    )
    for name in COLUMNS:
        table.add_column(name, justify="left" if name == COLUMNS[0] else "right")
    for row in rows:
        table.add_row(*row)
    console.print(table)
    say(console, f"report     {shown(folder / 'report.html')}")
    say(console, f"database   {shown(folder / DATABASE_NAME)}  (read-only, for BI tools)")
    say(console, f"files      {shown(folder)}/parquet, csv, draws")


def _own_stdout() -> TextIO:
    """The terminal itself: what a step prints goes to the run's log, and the bar would with it."""
    if not sys.stdout.isatty():
        return sys.stdout
    return os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")


def in_one_sentence(error: BaseException) -> str | None:
    """What a person can do about an error that is none of the program's; None for any other."""
    from pipelines.warehouse import WarehouseError

    text = " ".join(str(error).split())
    if isinstance(error, WarehouseError):
        return text
    number = getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EDQUOT) or "No space left" in text or "disk is full" in text:
        return f"the disk of {shown(data_dir())} is full; free some space and run again"
    if number == errno.EIO or "disk I/O error" in text:
        # so says SQLite, too, where it cannot grow a file of the run history on a full disk
        return (
            f"the disk of {shown(data_dir())} or of the run history is full or fails (disk I/O "
            "error); free some space, look whether the disk is well, and run again"
        )
    if number in (errno.EROFS, errno.EACCES, errno.EPERM) or "Read-only file system" in text:
        return (
            f"{getattr(error, 'filename', None) or shown(data_dir())} cannot be written to; mend "
            "its rights, or point DPRK_DATA_DIR (DAGSTER_HOME for the run history) elsewhere"
        )
    return None


def _settled(console: Console) -> bool:
    """Whether another run would only make the release served again; then the answer is told."""
    if os.environ.get("DPRK_ONLINE", "") == "1":
        return False
    from pipelines.operating.unchanged import settled_release

    began = time.monotonic()
    with alone("a look whether anything changed", console):
        name = settled_release()
        if name is None:
            return False
        entry = json.loads((published_dir() / "vintage" / "entry.json").read_text(encoding="utf-8"))
        at = entry["published_at"][:16].replace("T", " ")
        took = time.monotonic() - began
        say(console, f"nothing changed since release {name} of {at} UTC; its files are whole")
        say(console, f"looked in {took:.1f} s; ./run --again runs every step all the same")
        print_answer(console)
        for _, sentence in sorted(entry["told"].items()):
            say(console, f"changed    {sentence}")
    return True


def _job(name: str, console: Console) -> int:
    began = time.monotonic()
    outcome = execute(name, console)
    published = _released(outcome)
    if not outcome.success:
        _tell_failures(outcome, console)
        if _is_only_outage(outcome):
            say(console, f"{name} ended, but its sources did not answer; run it again later")
            if name != MAIN_JOB:
                return NOT_ANSWERED
        elif published is None:
            console.print(
                "The run failed. What was published before is unchanged; mend the above, run again."
            )
            return FAILED
        else:
            say(console, f"{name} published, but see above ({time.monotonic() - began:.1f} s)")
    else:
        say(console, f"{name} finished in {time.monotonic() - began:.1f} s")
    if name == MAIN_JOB:
        print_answer(console)
        for sentence in (published or "").split("\n\n"):
            say(console, f"changed    {sentence}") if sentence else None
        say(console, "the UI     ./run ui")
    return 0 if outcome.success else NOT_ANSWERED


def _released(outcome: dg.ExecuteInProcessResult) -> str | None:
    """What the release step of a run said of the moves; None when the run got to no release."""
    for event in outcome.all_events:
        if event.is_step_materialization:
            made = event.step_materialization_data.materialization
            if made.asset_key.path[-1] == "release":
                return str(getattr(made.metadata.get("what_changed"), "value", ""))
    return None


def _is_only_outage(outcome: dg.ExecuteInProcessResult) -> bool:
    """Whether nothing failed but the check that sources answered."""
    failed = [
        str(event.step_key).rsplit("__", 1)[-1]
        for event in outcome.all_events
        if event.is_step_failure
    ]
    from pipelines.operating.failures import OUTAGE_CHECK

    return failed == [f"release_{OUTAGE_CHECK}"]


def _version() -> str:
    with (REPOSITORY / "pyproject.toml").open("rb") as file:
        ours = tomllib.load(file)["project"]["version"]
    found = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("dagster", "duckdb", "polars")
    )
    python = ".".join(str(part) for part in sys.version_info[:3])
    return f"dprk-revenue {ours} (Python {python}, {found})"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _jobs() -> dict[str, Any]:
    from pipelines.operating.code_location import definitions

    found = {
        job.name: job
        for job in definitions().resolve_all_job_defs()
        if not job.name.startswith("__")
    }
    return dict(sorted(found.items()))


def _describe(job: Any) -> str:
    """Steps, last duration and options of a job."""
    from pipelines.operating.progress import EXPECTED_S, expected_durations, known_durations

    known, expected = known_durations(), expected_durations(job.graph.nodes)
    timed = [known[step] for step in expected if step in known]
    took = f"{_minutes(sum(timed))} last time" if timed else "not timed here yet"
    if not timed and any(EXPECTED_S in node.tags for node in job.graph.nodes):
        took = f"some {_minutes(sum(expected.values()))} of two quiet cores"
    return f"{counted(len(expected), 'step')}, {took}"


# words that `./run` itself knows
OF_THE_SHELL = ("jobs", "ui", "probe", "docs", "test", "check", "setup", "setup-dev")
AGAIN = "--again runs every step though nothing changed since the last run"
OPTIONS = """Options are environment variables: DPRK_ONLINE=1 fetches, DPRK_AS_OF=YYYY-MM-DD
estimates as of a past day, DPRK_DATA_DIR moves the data folder. README.md lists them all."""


def main(arguments: list[str] | None = None) -> int:
    """Entry point of `./run`; returns the exit status.

    0 done; 1 failed, readers keep the last release; 2 called wrongly; 3 published, but sources that
    were asked did not answer.
    """
    gc.set_threshold(_COLLECT_AFTER, 20, 50)
    console = Console(file=_own_stdout(), soft_wrap=not sys.stdout.isatty())
    try:
        return _main(sys.argv[1:] if arguments is None else arguments, console)
    except RunProblem as problem:
        say(console, str(problem))
        return FAILED
    except KeyboardInterrupt:
        say(console, "Stopped. What was published before is unchanged.")
        return 130
    except Exception as error:
        sentence = in_one_sentence(error)
        if sentence is None:
            raise
        say(console, sentence)
        return FAILED


def _main(arguments: list[str], console: Console) -> int:
    parser = argparse.ArgumentParser(prog="./run", add_help=False)
    parser.add_argument("command", nargs="?", default=MAIN_JOB)
    parser.add_argument("--version", action="store_true")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    chosen = parser.parse_args(arguments)
    if chosen.version:
        say(console, _version())
        return 0
    from pipelines.operating.commands import COMMANDS

    if chosen.command in COMMANDS:
        return COMMANDS[chosen.command](chosen.rest, console)
    wants_help = bool({"-h", "--help"} & set(chosen.rest))
    is_again = chosen.again or "--again" in chosen.rest
    if not wants_help:
        check_surroundings()
    if chosen.command == MAIN_JOB and not chosen.rest and not is_again and _settled(console):
        return 0
    jobs = _jobs()
    if chosen.command == "jobs":
        for name, job in jobs.items():
            say(console, f"{name:<16} {job.description or ''} ({_describe(job)})")
        return 0
    if chosen.command not in jobs:
        known = [*jobs, *COMMANDS, *OF_THE_SHELL]
        near = difflib.get_close_matches(chosen.command, known, n=1)
        hint = f"did you mean ./run {near[0]}?" if near else f"there are: {', '.join(known)}."
        say(console, f"There is no job or command {chosen.command!r}; {hint}")
        return WRONG_CALL
    if wants_help:
        job = jobs[chosen.command]
        say(console, f"./run {job.name}: {job.description or ''}")
        say(console, f"{_describe(job)}\n{OPTIONS}")
        if job.name == MAIN_JOB:
            say(console, f"{AGAIN}.")
        return 0
    unknown = [one for one in chosen.rest if one != "--again"]
    if unknown:
        say(console, f"./run {chosen.command} takes no {unknown[0]!r}; --help tells what it takes")
        return WRONG_CALL
    return _job(chosen.command, console)


if __name__ == "__main__":
    sys.exit(main())
