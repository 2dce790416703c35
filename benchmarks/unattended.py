"""What an operator sees when nobody looks: outages, a clock two months on, alerts, as runs tell it.

    python -m benchmarks.unattended [--only WORD] [--data FOLDER] [--folder FOLDER]

Each scene is a whole `./run` (few draws, a rough fit) on a copy of a finished data folder, on a
network of doors on this machine, with a webhook and a mail server, started as cron would. Printed:
seconds, exit status, what stood on the terminal, alerts that came, what turned stale, which release
came of it and what moved. Two months go by with Debian's `libfaketime` (scene skipped without it).
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from benchmarks import doors
from benchmarks.fault_campaign import fresh_home
from pipelines.paths import REPOSITORY, STREAMS_DIR, data_dir
from pipelines.publish.release import remove_folder
from pipelines.publish.vintages import VintageStore
from pipelines.snapshots import SnapshotStore
from tests.fixtures.receivers import Receivers, receivers

# what cron gives, and what `./run` itself sets
AS_CRON = {
    "HOME": os.environ.get("HOME", "/"),
    "PATH": "/usr/bin:/bin",
    "SHELL": "/bin/sh",
    "PYTHONUTF8": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


@dataclass
class Stage:
    """The data folder of the scenes and who listens."""

    root: Path
    doors: doors.Doors
    receivers: Receivers

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.root / "data"

    def run(self, title: str, *, shown: int = 40, **environment: str) -> int:
        """One run, and all there is to see of it."""
        hooks, mails = len(self.receivers.hooks), len(self.receivers.mails)
        began = time.monotonic()
        with (
            tempfile.TemporaryFile("w+", encoding="utf-8") as said,
            subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", "benchmarks.small_run"],
                cwd=REPOSITORY,
                env={
                    **AS_CRON,
                    "DPRK_ALERT_WEBHOOK": self.receivers.webhook,
                    "DPRK_ALERT_SMTP": self.receivers.smtp,
                    "DPRK_ALERT_TO": "operator@example.org",
                    **self.doors.environment,
                    "DPRK_DATA_DIR": str(self.data),
                    "DAGSTER_HOME": str(self.root / "home"),
                    **environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ) as done,
        ):
            done.wait()
            # under a moved clock Dagster's capture of logs outlives the run it captures
            with contextlib.suppress(ProcessLookupError):
                os.killpg(done.pid, signal.SIGKILL)
            said.seek(0)
            lines = said.read().splitlines()
        print(f"\n## {title}\n\n{time.monotonic() - began:.0f} s, exit status {done.returncode}")
        print("\n```\n" + "\n".join(line[:220] for line in lines[-shown:]) + "\n```\n")
        for alert in self.receivers.hooks[hooks:]:
            for one in alert["alerts"]:
                print(f"- alert, webhook: {one['kind']}: {one['text'][:300]}")
        for mail in self.receivers.mails[mails:]:
            print(f"- alert, e-mail: {mail.splitlines()[0]}")
        self.tell_release()
        return done.returncode

    def tell_release(self) -> None:
        """Which release is served, how its sources stand and what it moved."""
        entries = VintageStore(self.data / "vintages").entries()
        last = entries[-1]
        print(f"- release {last.name}, number {last.sequence}, through {last.made.last_month}")
        published = self.data / "published" / "parquet"
        status = pl.read_parquet(published / "sources_status.parquet")
        asked = status.filter(pl.col("asked_at").is_not_null())
        stale = status.filter("is_stale")["source"].to_list()
        print(
            f"- sources asked {asked.height}, answered {asked['is_answered'].sum()}; stale: "
            f"{', '.join(stale) or 'none'}"
        )
        changes = last.frame("changes")
        counts = changes.group_by("cause").len().sort("cause").rows()
        revisions = pl.read_parquet(published / "revisions.parquet")
        mine = revisions.filter(pl.col("vintage_id") == last.release_id).height
        print(f"- rows of changes by cause {counts}, rows of revisions {mine}")
        for stream, text in sorted(last.told.items()):
            print(f"  - {stream}: {text[:200]}")


def cut(stage: Stage) -> None:
    """No network: nothing listens where the network was."""
    closed = "http://127.0.0.1:9"
    stage.run("The network is cut", DPRK_ONLINE="1", HTTPS_PROXY=closed)


def half_dead(stage: Stage) -> None:
    """One door answers, some fail, some hang."""
    hosts = [host for host in doors.HOSTS if host != "www.ecb.europa.eu"]
    stage.doors.moods = {
        host: doors.FAILS if number % 2 else doors.HANGS for number, host in enumerate(hosts)
    } | {"www.ecb.europa.eu": doors.ANSWERS}
    stage.doors.mood = doors.FAILS
    stage.run("Half-dead: one door answers, every second fails, the others hang", DPRK_ONLINE="1")
    print(f"- requests that reached a door: {dict(stage.doors.asked)}")


def slow(stage: Stage) -> None:
    """Every door drips a byte every two seconds."""
    stage.doors.moods, stage.doors.mood = {}, doors.DRIPS
    stage.run("Slow: a byte every two seconds", DPRK_ONLINE="1")


def two_months_on(stage: Stage) -> None:
    """The clock moves on by two months; nobody brings anything."""
    if not FAKETIME.is_file():
        print("\n## Two months on: skipped, libfaketime is not installed")
        return
    stage.run(
        "The clock moved on by 61 days, no new data",
        LD_PRELOAD=str(FAKETIME),
        FAKETIME="+61d",
        DONT_FAKE_MONOTONIC="1",
    )


def refused_file(stage: Stage) -> None:
    """Somebody drops a file that is none, and a copy of figures with a cell that is no number."""
    (stage.data / "landing" / "notes of a meeting.csv").write_text("who,what\na,b\n")
    lines = (STREAMS_DIR / "coal" / "figures.csv").read_text(encoding="utf-8").splitlines()
    place = lines[0].split(",").index("central")
    cells = next(one for one in lines[1:] if '"' not in one and one.split(",")[place]).split(",")
    cells[place] = "many"
    (stage.data / "landing" / "figures.csv").write_text("\n".join([lines[0], ",".join(cells), ""]))
    old = time.time() - 3600
    for name in ("notes of a meeting.csv", "figures.csv"):
        os.utime(stage.data / "landing" / name, (old, old))
    stage.run("Dropped files that are refused")


def headline_moved(stage: Stage) -> None:
    """The last vintage is made to have said a tenth of what it said."""
    last = VintageStore(stage.data / "vintages").entries()[-1]
    for name, columns in (("annual", ["q05", "q25", "q50", "q75", "q95"]), ("batches", ["q50"])):
        file = last.folder / f"{name}.parquet"
        file.chmod(0o644)
        pl.read_parquet(file).with_columns(pl.col(columns) * 0.1).write_parquet(file)
    note = last.folder / "entry.json"
    note.chmod(0o644)
    told = json.loads(note.read_text())
    told["made"]["code"] = "another"
    note.write_text(json.dumps(told))
    # its manifest must bear it out, or the next start sets it aside
    manifest = json.loads((last.folder / "manifest.json").read_text())
    for name in ("annual.parquet", "batches.parquet", "entry.json"):
        digest = hashlib.sha256((last.folder / name).read_bytes()).hexdigest()
        manifest["files"][f"vintage/{name}"]["sha256"] = digest
    (last.folder / "manifest.json").write_text(json.dumps(manifest))
    _row_of_a_benchmark(stage)
    stage.run("Headlines moved by more than their intervals")


def blocked(stage: Stage) -> None:
    """A blocking check fails: the diagnostics at hand say that chains did not mix."""
    import duckdb

    def worsen(by: float) -> None:
        with duckdb.connect(str(stage.data / "work.duckdb")) as con:
            con.execute(
                "update estimates.diagnostics set rhat = rhat + $by where year = 2025", {"by": by}
            )

    worsen(2.0)
    stage.run("A fit that did not converge blocks the release")
    worsen(-2.0)


def changed_form(stage: Stage) -> None:
    """A publisher changed its form: the newest snapshot is whole and no longer what is read."""
    SnapshotStore(stage.data / "raw").put(
        "ecb_fx",
        b"<html><body>This page has moved.</body></html>",
        url="https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip",
        licence="made up for a benchmark",
        retrieved_at=dt.datetime.now(dt.UTC),
    )
    stage.run("The newest snapshot is a page instead of a table")


def failed(stage: Stage) -> None:
    """The link to the release is a folder: a copy made by a tool that follows links."""
    link = stage.data / "published"
    release = link.resolve()
    if link.is_symlink():
        link.unlink()
        shutil.copytree(release, link)
    _row_of_a_benchmark(stage)
    stage.run("The link is a folder")


def _row_of_a_benchmark(stage: Stage) -> None:
    import duckdb

    with duckdb.connect(str(stage.data / "work.duckdb")) as con:
        con.execute("delete from meta.fingerprints where address = 'published.releases'")
        con.execute("update staged.quarantine set reason = reason || '.'")


SCENES: dict[str, Callable[[Stage], None]] = {
    one.__name__: one
    for one in (
        cut,
        half_dead,
        refused_file,
        changed_form,
        headline_moved,
        blocked,
        failed,
        two_months_on,
        slow,
    )
}


def main() -> None:
    """Play the scenes, one after the other, on one folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="")
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--folder", type=Path, default=None, help="where to play; kept at the end")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dprk-unattended-") as scratch:
        root = (chosen.folder or Path(scratch)).resolve()
        if not (root / "data").is_dir():
            shutil.copytree(chosen.data or data_dir(), root / "data", symlinks=True)
            fresh_home(root / "home")
        with doors.open_doors(Path(scratch)) as opened, receivers() as got:
            stage = Stage(root, opened, got)
            for name, scene in SCENES.items():
                if chosen.only in name:
                    scene(stage)
                    sys.stdout.flush()
        if not chosen.folder:
            remove_folder(root / "data")


if __name__ == "__main__":
    main()
