"""All but a kill that can befall a data folder, once each: `python -m benchmarks.fault_scenes`.

Each scene breaks a copy of a finished small folder (as `benchmarks.fault_campaign` makes one, given
by --folder), starts a run as people do (`benchmarks.small_run`), and looks: exit status, what it
said, whether readers have a whole release, whether the run after it is well. Disk full and
read-only are real mounts in memory and need root; without it they are skipped, and said so.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from benchmarks.fault_campaign import fresh_home
from benchmarks.small_run import SMALL
from pipelines.operating.run_lock import holder_of
from pipelines.operating.running import PROCESS_TAG
from pipelines.paths import REPOSITORY
from pipelines.publish.release import DATABASE_NAME, MANIFEST, damage_of, remove_folder

Scene = Callable[[Path], None]
MB = 1_000_000


def run(root: Path, *arguments: str, **environment: str) -> tuple[int, list[str], float]:
    """One run: exit status, its lines without progress, seconds."""
    began = time.monotonic()
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "ignore", "-m", "benchmarks.small_run", *arguments],
        cwd=REPOSITORY,
        env=environment_of(root) | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [
        line
        for line in (done.stdout + done.stderr).splitlines()
        if line.strip() and "steps done" not in line and "so far" not in line
    ]
    return done.returncode, lines, time.monotonic() - began


def environment_of(root: Path) -> dict[str, str]:
    """A run's environment on the folders of a scene."""
    return {
        **os.environ,
        "DPRK_DATA_DIR": str(root / "data"),
        "DAGSTER_HOME": str(root / "home"),
    }


def ask_for_change(root: Path) -> None:
    """Let the next run make another release."""
    with duckdb.connect(str(root / "data" / "work.duckdb")) as con:
        con.execute("update staged.quarantine set reason = reason || '.'")
        con.execute("delete from meta.fingerprints where address = 'published.quarantine'")


def _writable(path: Path) -> Path:
    path.parent.chmod(0o755)
    path.chmod(0o644)
    return path


def spoil(path: Path, *, at: int, size: int = 64) -> None:
    """Overwrite some bytes of a file."""
    with _writable(path).open("r+b") as file:
        file.seek(min(at, max(path.stat().st_size - size, 0)))
        file.write(b"\xa5" * size)


def database_header(root: Path) -> None:
    """The first bytes of the work database are overwritten."""
    spoil(root / "data" / "work.duckdb", at=0, size=4096)


def database_blocks(root: Path) -> None:
    """Blocks in the middle of the work database are overwritten."""
    file = root / "data" / "work.duckdb"
    for part in range(2, 18):
        spoil(file, at=file.stat().st_size * part // 20, size=4096)
    ask = root / "data" / ".settled.json"
    ask.unlink(missing_ok=True)


def snapshot(root: Path) -> None:
    """A byte of the newest embedded snapshot of a hand-kept table is changed."""
    file = next((root / "data" / "raw" / "units").glob("*.bin"))
    spoil(file, at=10, size=1)


def release_file(root: Path) -> None:
    """A Parquet file of the served release is changed."""
    spoil(root / "data" / "published" / "parquet" / "income_annual.parquet", at=200)


def release_manifest(root: Path) -> None:
    """The manifest of the served release is cut off."""
    file = _writable(root / "data" / "published" / MANIFEST)
    file.write_bytes(file.read_bytes()[:1000])


def release_database(root: Path) -> None:
    """Somebody opens the served database for writing and adds a table."""
    file = _writable(root / "data" / "published" / DATABASE_NAME)
    with duckdb.connect(str(file)) as con:
        con.execute("create table mine as select 1 as x")


def link_gone(root: Path) -> None:
    """The link to the served release is removed."""
    (root / "data" / "published").unlink()


def link_astray(root: Path) -> None:
    """The link points to a release that is not there."""
    (root / "data" / "published").unlink()
    (root / "data" / "published").symlink_to("releases/000000000000")


def folder_gone(root: Path) -> None:
    """All releases are removed; the vintages stay."""
    for one in (root / "data" / "releases").iterdir():
        remove_folder(one)


def vintage_note(root: Path) -> None:
    """The note of the last vintage is garbage."""
    last = sorted((root / "data" / "vintages").glob("[0-9]*"))[-1]
    _writable(last / "entry.json").write_bytes(b"\xff\xfe{")


def vintage_table(root: Path) -> None:
    """A table of the last vintage is garbage."""
    last = sorted((root / "data" / "vintages").glob("[0-9]*"))[-1]
    spoil(last / "annual.parquet", at=0, size=600)
    ask_for_change(root)


def run_history(root: Path) -> None:
    """The record of runs (the UI's state) is garbage."""
    for file in ("history/runs.db", "history/runs/index.db", "schedules/schedules.db"):
        with contextlib.suppress(FileNotFoundError):
            spoil(root / "home" / file, at=0, size=4096)
    ask_for_change(root)


SCENES: dict[str, Scene] = {
    one.__name__: one
    for one in (
        database_header, database_blocks, snapshot, release_file, release_manifest,
        release_database, link_gone, link_astray, folder_gone, vintage_note, vintage_table,
        run_history,
    )
}  # fmt: skip


@contextlib.contextmanager
def mounted(folder: Path, size_mb: int) -> Generator[bool]:
    """A disk in memory of some size; False where this user may not mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    command = [str(mount), "-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", str(folder)]
    has_it = subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603
    try:
        yield has_it
    finally:
        if has_it:
            subprocess.run([str(unmount), "-l", str(folder)], check=False)  # noqa: S603


class Table:
    """What came of each scene, as it comes."""

    def __init__(self) -> None:
        self.bad = 0
        print(
            "| what | exit | s | what was said first | served after | next run |\n"
            "|---|--:|--:|---|---|--:|"
        )

    def row(self, name: str, root: Path, told: tuple[int, list[str], float], then: int) -> None:
        """One scene."""
        status, lines, seconds = told
        served = root / "data" / "published"
        whole = served.exists() and not damage_of(served.resolve())
        traceback = any("Traceback" in line for line in lines)
        self.bad += traceback or not whole or then != 0
        first = "TRACEBACK" if traceback else " / ".join(lines[:2])[:260]
        print(
            f"| {name} | {status} | {seconds:.0f} | {first.replace('|', '/')} | "
            f"{'whole' if whole else 'NOT WHOLE'} | {then} |",
            flush=True,
        )


def _copy(source: Path, root: Path) -> None:
    remove_folder(root / "data")
    shutil.copytree(source / "data", root / "data", symlinks=True)
    shutil.rmtree(root / "home", ignore_errors=True)
    shutil.copytree(source / "home", root / "home")


def broken(source: Path, root: Path, table: Table, only: str) -> None:
    """The scenes that break a file before a run."""
    for name, scene in SCENES.items():
        if only not in name:
            continue
        _copy(source, root)
        scene(root)
        told = run(root)
        # a run that was stopped by damage says so once; the next one must be well
        then = run(root)[0] if told[0] else told[0]
        table.row((scene.__doc__ or "").rstrip("."), root, told, then)


def disk_full(source: Path, root: Path, table: Table) -> None:
    """Too little room before a run, then a disk that fills up while it runs."""
    place = root / "disk"
    size = sum(p.lstat().st_size for p in (source / "data").rglob("*") if p.is_file()) // MB
    with mounted(place, size + 1_400) as has_it:
        if not has_it:
            print("| disk full | | | skipped: no right to mount here | | |")
            return
        _copy(source, place)
        ask_for_change(place)
        filler = place / "filler"
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, 700 * MB)
        told = run(place)
        filler.unlink()
        table.row("Less than a gigabyte is free when it starts", place, told, run(place)[0])
        ask_for_change(place)

        def fill() -> None:
            while not over.wait(0.2) and holder_of(place / "data") is None:
                pass
            # past the look at what is free, to the last byte, and again while the run makes room
            over.wait(3.0)
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
                while not over.is_set():
                    try:
                        file.write(b"\0" * MB)
                    except OSError:
                        over.wait(0.05)

        over = threading.Event()
        filling = threading.Thread(target=fill)
        filling.start()
        told = run(place)
        over.set()
        filling.join()
        filler.unlink(missing_ok=True)
        table.row("The disk fills up while it runs", place, told, run(place)[0])


def read_only(source: Path, root: Path, table: Table) -> None:
    """The disk of the data folder takes no more writes."""
    place = root / "readonly"
    mount = str(shutil.which("mount"))
    size = sum(p.lstat().st_size for p in (source / "data").rglob("*") if p.is_file()) // MB
    with mounted(place, size + 1_400) as has_it:
        if not has_it:
            print("| read-only | | | skipped: no right to mount here | | |")
            return
        _copy(source, place)
        ask_for_change(place)
        subprocess.run([mount, "-o", "remount,ro", str(place)], check=True)  # noqa: S603
        told = run(place, DAGSTER_HOME=str(root / "home"))
        subprocess.run([mount, "-o", "remount,rw", str(place)], check=True)  # noqa: S603
        table.row("The data folder is on a read-only disk", place, told, run(place)[0])


def two_at_once(source: Path, root: Path, table: Table) -> None:
    """Two runs start at the same moment."""
    _copy(source, root)
    ask_for_change(root)
    told: dict[str, tuple[int, list[str], float]] = {}

    def one(name: str) -> None:
        told[name] = run(root)

    both = [threading.Thread(target=one, args=(name,)) for name in ("first", "second")]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    waited = next((one for one in told.values() if any("waiting" in line for line in one[1])), None)
    if waited is None:
        table.bad += 1
        print(f"| two runs at once | | | neither waited: {told} | | |")
        return
    other = next(one for one in told.values() if one is not waited)
    table.row("Two runs at once: the one that waited", root, waited, other[0])


LAUNCH = """mutation Launch($job: String!, $config: RunConfigData) {
  launchRun(executionParams: {
    selector: {
      repositoryLocationName: "dprk_revenue", repositoryName: "__repository__", jobName: $job
    }
    runConfigData: $config
  }) { __typename ... on LaunchRunSuccess { run { runId } } }
}"""


@dataclass(frozen=True)
class Ui:
    """A running webserver and daemon, and the run history under them."""

    address: str
    home: Path

    def launch(self, job: str, config: dict[str, Any]) -> str:
        """Start a job as a click does; returns the run."""
        body = json.dumps({"query": LAUNCH, "variables": {"job": job, "config": config}})
        request = urllib.request.Request(  # noqa: S310
            f"{self.address}/graphql", body.encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
            said = json.load(answer)
        return said["data"]["launchRun"]["run"]["runId"]

    def run(self, run_id: str) -> dg.DagsterRun:
        """The record of a run."""
        with dg.DagsterInstance.from_config(str(self.home)) as instance:
            found = instance.get_run_by_id(run_id)
        if found is None:
            raise LookupError(run_id)
        return found

    def ended(self, run_id: str, *, within_s: float = 900.0) -> dg.DagsterRunStatus:
        """Wait for a run's end; its last status where it does not come."""
        until = time.monotonic() + within_s
        while not (run := self.run(run_id)).is_finished and time.monotonic() < until:
            time.sleep(1)
        return run.status

    def process_of(self, run_id: str, *, within_s: float = 300.0) -> int:
        """The process of a run that has begun to work."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            mark = self.run(run_id).tags.get(PROCESS_TAG)
            if mark:
                return int(mark.split(":")[0])
            time.sleep(0.5)
        raise TimeoutError(f"run {run_id} did not begin")


@contextlib.contextmanager
def ui_of(root: Path) -> Generator[Ui]:
    """`./run ui` on the folders of a scene."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    with subprocess.Popen(
        [sys.executable, "-u", "-W", "ignore", "-m", "pipelines.operating.ui"],
        cwd=REPOSITORY, env=environment_of(root) | {"DPRK_UI_PORT": port},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    ) as server:  # fmt: skip
        try:
            for line in server.stdout or ():
                if "the UI is ready" in line:
                    break
            # its pipe must not fill up
            threading.Thread(target=lambda: list(server.stdout or ()), daemon=True).start()
            yield Ui(f"http://127.0.0.1:{port}", root / "home")
        finally:
            server.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(timeout=60)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)


def beside_the_ui(source: Path, root: Path, table: Table) -> None:
    """`./run` while a run of the UI is under way; then a run of the UI is killed."""
    _copy(source, root)
    ask_for_change(root)
    with ui_of(root) as ui:
        theirs = ui.launch("main", {"resources": SMALL})
        ui.process_of(theirs)
        while holder_of(root / "data") is None and not ui.run(theirs).is_finished:
            time.sleep(0.2)
        told = run(root)
        status = ui.ended(theirs)
        waited = [line for line in told[1] if line.startswith("waiting for main, run ")]
        is_well = waited and status is dg.DagsterRunStatus.SUCCESS
        shown = (told[0], waited + told[1], told[2])
        table.row("./run during a run of the UI", root, shown, 0 if is_well else 1)

        ask_for_change(root)
        killed = ui.launch("main", {"resources": SMALL})
        process = ui.process_of(killed)
        began = time.monotonic()
        os.kill(process, signal.SIGKILL)
        status = ui.ended(killed, within_s=300)
        took = time.monotonic() - began
        with dg.DagsterInstance.from_config(str(ui.home)) as instance:
            failures = instance.all_logs(killed, of_type=dg.DagsterEventType.PIPELINE_FAILURE)
        said = [one.dagster_event.message or "" for one in failures if one.dagster_event]
        # nothing is held up: the next run of the UI gets to its end
        then = ui.ended(ui.launch("weekly_sources", {}))
        is_well = then is dg.DagsterRunStatus.SUCCESS and status is dg.DagsterRunStatus.FAILURE
        table.row(
            "A run of the UI is killed: known as failed by the UI's own looking, the next one runs",
            root, (-signal.SIGKILL, said, took), 0 if is_well else 1,
        )  # fmt: skip


def main() -> None:
    """Play all scenes; exit status 1 where one ends in a traceback or without a whole release."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="with `data` and `home`, small")
    parser.add_argument("--only", default="")
    chosen = parser.parse_args()
    table = Table()
    with tempfile.TemporaryDirectory(prefix="dprk-scenes-") as scratch:
        root = Path(scratch)
        fresh_home(root / "home")
        broken(chosen.folder, root, table, chosen.only)
        whole = {one.__name__: one for one in (two_at_once, beside_the_ui, disk_full, read_only)}
        for name, scene in whole.items():
            if chosen.only in name:
                scene(chosen.folder, root, table)
        remove_folder(root / "data")
    sys.exit(table.bad > 0)


if __name__ == "__main__":
    main()
