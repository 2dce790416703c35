"""What `./run` runs: a job in this process, with progress, then the answer."""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
import time
from typing import Any, TextIO

import dagster as dg
import duckdb
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from assets.definitions import defs
from assets.loggers import LISTENERS
from assets.schedules import MAIN_JOB
from pipelines.paths import published_dir, shown, work_database
from pipelines.publish.answer import COLUMNS, answer_table
from pipelines.publish.release import DATABASE_NAME
from pipelines.warehouse import Warehouse

_FOLD = re.compile(r"fold (\d+) of (\d+): (.*)")
SILENT = {"loggers": {"console": {"config": {"level": "CRITICAL"}}}}


class _StepProgress(logging.Handler):
    """Moves the bar at each finished step."""

    def __init__(self, progress: Progress, task: Any) -> None:
        super().__init__(level=logging.DEBUG)
        self.progress, self.task = progress, task
        # what steps warned of, each once, to be told when the bar is gone
        self.warnings: dict[str, None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        told = getattr(record, "dagster_meta", {})
        event, message = told.get("dagster_event"), str(told.get("orig_message", ""))
        if event is None:
            self._show_fold(message)
            if record.levelno == logging.WARNING:
                self.warnings[message] = None
            return
        kind = event.event_type_value
        if kind == "STEP_START":
            self.progress.update(self.task, description=str(event.step_key).replace("__", "/"))
        elif kind in {"STEP_SUCCESS", "STEP_FAILURE", "STEP_SKIPPED"}:
            self.progress.advance(self.task)

    def _show_fold(self, message: str) -> None:
        """A long step tells its own progress as 'fold 3 of 45: what'."""
        told = _FOLD.match(message)
        if told:
            done, total, what = told.groups()
            self.progress.update(self.task, description=f"{done}/{total} {what}")


def run_job(name: str, console: Console, *, run_config: dict[str, Any] | None = None) -> bool:
    """Run a job of the code location in this process, on the instance of DAGSTER_HOME.

    Returns:
        Whether it succeeded; failures are told on the console.
    """
    job = defs.resolve_job_def(name)
    steps = len(list(job.graph.nodes))
    with (
        Warehouse(work_database()).kept_open(),
        dg.DagsterInstance.get() as instance,
        Progress(
            TextColumn("{task.description:<48.48}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        ) as progress,
    ):
        task = progress.add_task("starting", total=steps)
        handler = _StepProgress(progress, task)
        LISTENERS.append(handler)
        try:
            outcome = job.execute_in_process(
                instance=instance,
                raise_on_error=False,
                # failures are told once, below, in our own words
                run_config={**SILENT, **(run_config or {})},
            )
        finally:
            LISTENERS.remove(handler)
    for warning in handler.warnings:
        # names of files come from outside: shown as text
        console.print(f"warning: {warning}", markup=False, highlight=False)
    if not outcome.success:
        _tell_failures(outcome, console)
    return bool(outcome.success)


def _tell_failures(outcome: dg.ExecuteInProcessResult, console: Console) -> None:
    for event in outcome.all_events:
        if event.event_type_value == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            if not check.passed:
                console.print(
                    f"[bold red]check failed[/] {check.asset_key.to_user_string()}: "
                    f"{check.check_name}",
                    highlight=False,
                )
                console.print(f"  {check.description}", markup=False, highlight=False)
        elif event.is_step_failure:
            error = event.step_failure_data.error
            cause = error.cause if error and error.cause else error
            step = str(event.step_key).replace("__", "/")
            if cause is not None and "DagsterAssetCheckFailedError" not in (cause.cls_name or ""):
                console.print(f"[bold red]failed[/] {step}")
                console.print(f"  {cause.message.strip()}", markup=False, highlight=False)


def print_answer(console: Console) -> None:
    """The answer table of the release that readers see now."""
    database = published_dir() / DATABASE_NAME
    if not database.exists():
        console.print("Nothing is published yet.")
        return
    with duckdb.connect(str(database), read_only=True) as reader:
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
    folder = published_dir()
    console.print(f"report     {shown(folder / 'report.html')}", highlight=False)
    console.print(f"database   {shown(database)}  (read-only, for BI tools)", highlight=False)
    console.print(f"files      {shown(folder)}/parquet, csv, draws", highlight=False)
    console.print("the UI     ./run ui", highlight=False)


def _own_stdout() -> TextIO:
    """The terminal itself: what a step prints goes to the run's log, and the bar would with it."""
    if not sys.stdout.isatty():
        return sys.stdout
    return os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Entry point of `./run`; returns the exit status."""
    names = sorted(job.name for job in defs.resolve_all_job_defs() if not job.name.startswith("__"))
    parser = argparse.ArgumentParser(prog="./run", description="Run a job of the pipeline.")
    parser.add_argument("job", nargs="?", default=MAIN_JOB, help="a job, or 'jobs', or 'answer'")
    chosen = parser.parse_args(arguments)
    console = Console(file=_own_stdout(), soft_wrap=not sys.stdout.isatty())
    if chosen.job == "jobs":
        console.print("\n".join(names))
        return 0
    if chosen.job == "answer":
        print_answer(console)
        return 0
    if chosen.job not in names:
        console.print(
            f"There is no job {chosen.job!r}; there are: {', '.join(names)}.", markup=False
        )
        return 2
    began = time.monotonic()
    if not run_job(chosen.job, console):
        console.print(
            "The run failed. What was published before is unchanged; mend the above, run again."
        )
        return 1
    console.print(f"{chosen.job} finished in {time.monotonic() - began:.1f} s")
    if chosen.job == MAIN_JOB:
        print_answer(console)
    return 0


if __name__ == "__main__":
    sys.exit(main())
