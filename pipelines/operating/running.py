"""Begin a run: hold the data folder, put right what the last one left, say what was found."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import sqlite3
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from pipelines.operating.run_lock import Holder, is_alive, only_run, process_mark
from pipelines.paths import data_dir, published_dir, vintages_dir, work_database
from pipelines.publish.release import heal
from pipelines.publish.vintages import VintageStore
from pipelines.warehouse import is_held

if TYPE_CHECKING:  # loading it takes seconds, and looking whether anything changed needs none of it
    import dagster as dg

PROCESS_TAG = "dprk/process"
BEGUN_BY_TAG = "dprk/begun_by"
# DuckDB's words for a file whose blocks do not bear out their checksums
CORRUPT = ("Corrupt database file", "not a valid DuckDB database", "checksum")
_MARK = ".corrupt"


def mark_corrupt(message: str) -> bool:
    """Note, where an error says so, that the work database is damaged; the next run rebuilds it."""
    if not any(word in message for word in CORRUPT):
        return False
    work_database().with_suffix(_MARK).write_text(message, encoding="utf-8")
    return True


def set_corrupt_aside() -> list[str]:
    """Move a work database that cannot be read out of the way: snapshots hold all it is made of."""
    file, mark = work_database(), work_database().with_suffix(_MARK)
    if not file.exists():
        mark.unlink(missing_ok=True)
        return []
    reason = ""
    if mark.exists():
        reason = "a run found damaged blocks in it"
    else:
        try:
            duckdb.connect(str(file)).close()
        except duckdb.Error as error:
            if is_held(error):
                # held from outside: the first connection of the run says by whom
                return []
            reason = str(error).splitlines()[0][:200]
    if not reason:
        return []
    aside = file.with_name(f"{file.name}.damaged")
    file.replace(aside)
    for wal in file.parent.glob(f"{file.name}.wal*"):
        wal.unlink()
    mark.unlink(missing_ok=True)
    return [
        f"{file.name} could not be read ({reason}); it was set aside as {aside.name} and is "
        "rebuilt from the snapshots"
    ]


@contextlib.contextmanager
def run_alone(
    what: str, *, waiting: Callable[[Holder], None], tell: Callable[[str], None]
) -> Generator[None]:
    """Hold the data folder for one run, after putting right what the last one left.

    Args:
        what: what runs, for whoever waits.
        waiting: called once when another run holds the folder.
        tell: called with each sentence a person should know.
    """
    with only_run(data_dir(), what, waiting=waiting) as is_outermost:
        if is_outermost:
            told = [*set_corrupt_aside(), *heal(published_dir(), VintageStore(vintages_dir()))]
            for sentence in told:
                tell(sentence)
        yield


def _damaged_history() -> list[tuple[Path, str]]:
    """Files of Dagster's own storage that SQLite cannot read, and its words on each."""
    home = Path(os.environ.get("DAGSTER_HOME", ""))
    found = []
    for file in (
        *home.glob("history/*.db"),
        *home.glob("*/runs/*.db"),
        *home.glob("schedules/*.db"),
    ):
        try:
            with contextlib.closing(
                sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
            ) as opened:
                said = str(opened.execute("pragma quick_check(1)").fetchone()[0])
        except sqlite3.OperationalError:
            continue  # in use, or not to be read: that is no damage
        except sqlite3.DatabaseError as error:
            said = str(error)
        if said != "ok":
            found.append((file, said))
    return found


@contextlib.contextmanager
def run_history(tell: Callable[[str], None]) -> Generator[dg.DagsterInstance]:
    """Dagster's record of runs; a file of it that cannot be read is set aside, and it begins anew.

    No number comes from it: it holds what ran when, and the schedules' state.
    """
    import dagster as dg
    import sqlalchemy.exc

    try:
        with dg.DagsterInstance.get() as instance:
            instance.get_runs_count()
            instance.all_instigator_state()
            instance.get_latest_materialization_event(dg.AssetKey(["published", "release"]))
    except sqlalchemy.exc.DatabaseError:
        damaged = _damaged_history()
        if not damaged:
            raise
        for file, said in damaged:
            for part in file.parent.glob(f"{file.name}*"):
                if not part.name.endswith(".damaged"):
                    part.replace(part.with_name(f"{part.name}.damaged"))
            tell(
                f"{file.name} of the run history could not be read ({said[:100]}); it was set "
                f"aside as {file.name}.damaged and begins anew. No number depends on it"
            )
    with dg.DagsterInstance.get() as instance:
        yield instance


def fail_killed_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs whose process is gone as failed, so that they hold nobody up.

    Returns:
        One sentence a run.
    """
    from dagster import DagsterRunStatus, RunsFilter

    under_way = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
    told = []
    for run in instance.get_runs(RunsFilter(statuses=under_way)):
        mark = run.tags.get(PROCESS_TAG)
        if mark is None or is_alive(mark):
            continue
        sentence = (
            f"run {run.run_id[:8]} of {run.job_name} was killed before it ended; readers keep the "
            "release they had"
        )
        instance.report_run_failed(run, f"{sentence}. Start the job again.")
        told.append(sentence)
    return told


def mark_process(instance: dg.DagsterInstance, run_id: str) -> None:
    """Note which process executes a run."""
    if instance.has_run(run_id):
        instance.add_run_tags(run_id, {PROCESS_TAG: process_mark()})


def folder_problem(folder: Path) -> str:
    """Why nothing can be written to a data folder; empty when all is well."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".probe"
        probe.write_bytes(b"0" * 65_536)
        probe.unlink()
    except OSError as error:
        return (
            f"{folder} cannot be written to ({error.strerror}); free or mend it, or point "
            "DPRK_DATA_DIR to another folder"
        )
    return ""


def clock_problem(now: dt.datetime, newest: dt.datetime | None) -> str:
    """Why the clock cannot be believed; empty when all is well.

    Args:
        now: aware instant of the clock.
        newest: aware instant of the newest thing this pipeline ever noted.
    """
    if newest is not None and now < newest - dt.timedelta(days=1):
        return (
            f"the clock says {now:%Y-%m-%d %H:%M} UTC, but this data folder was written on "
            f"{newest:%Y-%m-%d %H:%M}; set the clock right and run again"
        )
    return ""
