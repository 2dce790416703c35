"""Kill runs hundreds of times, under a reader that never stops, and see what is left.

    python -m benchmarks.fault_campaign [--kills 200] [--seconds N] [--data FOLDER] [--notes FILE]
        [--only WORD]

Works on a copy of a finished data folder (FOLDER, else the repository's own), made small first:
200 draws of a rough fit, so that a run takes seconds. The chain, the release and its swap are the
real ones. Four kinds of run are killed with SIGKILL: a release of every table with a plain page in
place of the report (quick enough for hundreds), the release step whole, the main job with every
published table made anew, and the main job with the fit. Some kills come at a random
moment, some within a third of a second of the swap. After each the campaign looks at what readers
have, does what the next run does first, and looks again.

Kills come in blocks: before a block its data folder is copied; after it both folders run to their
end, and everything published must be equal: bytes of every file but the database, and the rows of
every table of that.

With --notes, counts are added to those in FILE, so that a campaign can go on another day, and
--kills counts them all. With --only, runs of the kinds whose name holds the word are killed, and
no `./run` as a whole. Prints one table; exits with 1 where anything stands that must be zero.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from pipelines.operating.run_lock import holder_of
from pipelines.paths import REPOSITORY, data_dir, published_dir, vintages_dir, work_database
from pipelines.publish.release import (
    DATABASE_NAME,
    MANIFEST,
    damage_of,
    heal,
    kept_releases,
    releases_dir,
    remove_folder,
    whole_releases,
)
from pipelines.publish.vintages import VintageStore

FIXED_CLOCK = "1790000000"
# seconds after the swap begins within which an aimed kill comes
AIM_S = 0.35
# kinds of run: kills of a block, and their part of all kills
PLAIN, STEP, JOB, FIT = (
    "release with a plain page", "release step", "main job", "main job with fit"
)  # fmt: skip
BLOCKS = {PLAIN: (20, 0.45), STEP: (8, 0.15), JOB: (8, 0.33), FIT: (5, 0.07)}
MUST_BE_ZERO = (
    "torn reads",
    "mixed reads",
    "served release not whole right after the kill",
    "listed releases not whole right after the kill",
    "served release not whole",
    "vintages lost",
    "gaps in the history",
    "half-made folders kept",
    "more releases than kept",
    "data folder still held",
    "runs still under way in the queue",
    "runs that failed when nobody killed them",
    "blocks that differ",
)


REAL_MACRO = (
    "select q50 from income_between('coal', 'gross_fob_usd', date '2016-01-01', date '2016-03-01')"
)


def read_for_ever(
    published: str,
    stop: str,
    found: str,
    macro: str = REAL_MACRO,
    stream: str = "coal",
    pause_s: float = 1.0,
) -> None:
    """Open a release as careful readers do, pinned by its folder, and compare its parts.

    Args:
        published: the link readers follow.
        stop: a file that ends the reading; found: where the counts go.
        macro: a call of a macro; stream: whose draws are read.
        pause_s: between two readings.
    """
    import polars as pl

    counts: Counter[str] = Counter()
    link = Path(published)
    while not Path(stop).exists():
        pinned = None
        try:
            pinned = link.resolve(strict=True)
            expected = json.loads((pinned / MANIFEST).read_text())["release_id"]
            with duckdb.connect(str(pinned / DATABASE_NAME), read_only=True) as con:
                con.execute("set threads = 1")
                con.execute("set enable_progress_bar = false")
                newest = con.sql("select release_id from releases order by sequence desc").pl()
                ids = {newest["release_id"][0]}
                con.execute(macro).fetchone()
            table = pl.read_parquet(pinned / "parquet" / "releases.parquet")
            ids.add(table.sort("sequence")["release_id"][-1])
            pl.scan_parquet(pinned / "draws" / f"{stream}.parquet").select(pl.len()).collect()
            ids |= {expected} if expected in (pinned / "report.html").read_text() else {"report"}
            counts["pinned reads"] += 1
            counts["mixed reads"] += ids != {expected}
        except (OSError, duckdb.Error, pl.exceptions.PolarsError, KeyError, ValueError) as error:
            # the pinned folder may be of a release that is no longer kept whole
            if pinned is not None and not pinned.is_dir():
                counts["releases retired while they were read"] += 1
            else:
                counts["torn reads"] += 1
                counts[f"torn: {type(error).__name__}: {str(error)[:90]}"] += 1
        Path(found).write_text(json.dumps(counts))
        time.sleep(pause_s)


def run_in_child(kind: str, data: str, home: str, log: str, mark: str) -> None:
    """Body of a killed process: a release step or a main job, on folders of its own."""
    os.environ |= {"DPRK_DATA_DIR": data, "DAGSTER_HOME": home, "SOURCE_DATE_EPOCH": FIXED_CLOCK}
    into = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(into, 1)
    os.dup2(into, 2)
    from pipelines.publish import release

    move_in = release._move_in

    def marked(folder: Path, place: Path) -> None:
        Path(mark).touch()
        move_in(folder, place)

    release._move_in = marked  # ty: ignore
    if kind == PLAIN:
        _plain_release()
    elif kind == STEP:
        _release_step()
    else:
        from benchmarks.small_run import main

        sys.exit(main(["main"]))


def _plain_page(folder: Path) -> None:
    import polars as pl

    made = pl.read_parquet(folder / "parquet" / "releases.parquet").sort("sequence")
    page = f"<p>{made['release_id'][-1]}</p>".ljust(1_000_000)
    (folder / "report.html").write_text(page)


def _plain_release() -> None:
    """What the release step does, but for the report's charts and the hash of the code."""
    from assets.published import CONTRACT
    from pipelines.operating.run_lock import only_run
    from pipelines.publish.release import publish, utc_now
    from pipelines.publish.vintages import chronicle, estimates_now
    from pipelines.warehouse import Warehouse, read_frame

    store, target = VintageStore(vintages_dir()), published_dir()
    with only_run(data_dir(), "a benchmark", waiting=print), Warehouse(
        work_database()
    ).connect() as con:  # fmt: skip
        heal(target, store)
        con.execute("set threads = 1")
        made, now = store.entries()[-1].made, estimates_now(con)
        publish(
            con,
            CONTRACT,
            target,
            made=made,
            history=lambda release_id: chronicle(
                store,
                release_id,
                made,
                now,
                monthly=read_frame(con, "published.income_monthly"),
                ledger=read_frame(con, "facts.observations"),
                published_at=utc_now(),
            ),
            store=store,
            extra_files=_plain_page,
        )


def _release_step() -> None:
    import dagster as dg

    from assets.definitions import defs
    from benchmarks.small_run import SMALL

    asset = defs.resolve_asset_graph().assets_def_for_key(dg.AssetKey(["published", "release"]))
    with dg.DagsterInstance.ephemeral() as instance:
        dg.materialize([asset], instance=instance, run_config={"resources": SMALL})


def ask_for_work(kind: str, number: int) -> None:
    """Let the next run differ in one refused cell, and make anew what its kind makes."""
    row = (
        "select 'fault campaign' as source, 1 as row, 'none' as file, $n as line, "
        "'none' as \"column\", '' as value, 'none' as rule, 'a row of a benchmark' as reason"
    )
    with duckdb.connect(str(work_database())) as con:
        for schema in ("staged", "published"):
            table = f"{schema}.quarantine"
            con.execute(f"delete from {table} where source = 'fault campaign'")
            columns = {name for name, *_ in con.execute(f"describe {table}").fetchall()}
            dropped = "" if "row" in columns else "* exclude (row)"
            picked = f"select {dropped} from ({row})" if dropped else row
            con.execute(f"insert into {table} by name {picked}", {"n": number})
        again = {
            PLAIN: ["published.quarantine"],
            STEP: ["published.quarantine"],
            JOB: ["published.%"],
            FIT: ["published.%", "estimates.%"],
        }
        for like in again[kind]:
            con.execute("delete from meta.fingerprints where address like $like", {"like": like})


@dataclass
class Campaign:
    """Folders, counts and how long things take.

    Attributes:
        root: everything lies in it: `data`, `home`, `control`, logs.
        took_s: seconds of a run of each kind, as last seen; machines are busy by turns.
        known: vintages seen so far.
        largest_mb: greatest size of the data folder after a healing, and of the work database.
    """

    root: Path
    rng: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    took_s: dict[str, float] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    largest_mb: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # children are forked from a process that has imported everything and started no thread
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["assets.definitions", "pipelines.operating.cli"])

    def run(self, kind: str, *, where: str = "data", after_s: float | None = None, aimed=False):
        """Start a run; kill it after some seconds, or close to its swap, or let it end.

        Returns:
            Whether it was killed, and its exit status where it was not.
        """
        mark = self.root / "mark"
        mark.unlink(missing_ok=True)
        home = self.root / ("home" if where == "data" else "control-home")
        process = self.context.Process(
            target=run_in_child,
            args=(kind, str(self.root / where), str(home), str(self.root / "log"), str(mark)),
        )
        began = time.monotonic()
        process.start()
        if aimed:
            while process.is_alive() and not mark.exists():
                time.sleep(0.002)
            process.join(self.rng.uniform(0, AIM_S))
        else:
            process.join(after_s)
        is_killed = process.is_alive()
        if is_killed and process.pid is not None:
            os.kill(process.pid, signal.SIGKILL)
        process.join()
        took = time.monotonic() - began
        if not is_killed:
            self.took_s[kind] = took
        elif not aimed:
            self.took_s[kind] = max(self.took_s[kind], took)
        return is_killed, process.exitcode

    def look(self, *, is_job: bool = True) -> None:
        """What must hold after any kill, before and after the next start has looked around."""
        counts, target = self.counts, published_dir()
        store, releases = VintageStore(vintages_dir()), releases_dir(target)
        if not target.is_symlink() or damage_of(target.resolve()):
            counts["served release not whole right after the kill"] += 1
        listed = whole_releases(releases)
        counts["listed releases not whole right after the kill"] += sum(
            bool(damage_of(one)) for one in listed
        )
        if holder_of(data_dir()) is not None:
            counts["data folder still held"] += 1
        heal(target, store)
        if damage_of(target.resolve(strict=True)):
            counts["served release not whole"] += 1
        entries = [f"{one.sequence}-{one.release_id}" for one in store.entries()]
        if not self.known <= set(entries):
            counts["vintages lost"] += 1
        if [int(one.split("-")[0]) for one in entries] != list(range(1, len(entries) + 1)):
            counts["gaps in the history"] += 1
        self.known |= set(entries)
        left = [*releases.iterdir(), *vintages_dir().iterdir()]
        counts["half-made folders kept"] += sum(path.name.startswith(".") for path in left)
        # the one that was just finished may stand beside the ones kept
        if len(list(releases.iterdir())) > kept_releases() + 1:
            counts["more releases than kept"] += 1
        if is_job:
            self.look_at_queue()
        self.measure()

    def look_at_queue(self) -> None:
        """A killed job must be known as failed and hold nobody up."""
        import dagster as dg

        from pipelines.operating.running import fail_killed_runs

        counts = self.counts
        with dg.DagsterInstance.get() as instance:
            counts["killed runs recognised"] += len(fail_killed_runs(instance))
            unfinished = [
                dg.DagsterRunStatus.STARTED,
                dg.DagsterRunStatus.STARTING,
                dg.DagsterRunStatus.QUEUED,
            ]
            if instance.get_runs_count(dg.RunsFilter(statuses=unfinished)):
                counts["runs still under way in the queue"] += 1

    def measure(self) -> None:
        """Note the greatest sizes."""
        for name, folder in (
            ("data folder", self.root / "data"),
            ("releases", releases_dir(published_dir())),
            ("run history", self.root / "home"),
        ):
            size = sum(p.lstat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6
            self.largest_mb[name] = max(size, self.largest_mb.get(name, 0))
        size = work_database().stat().st_size / 1e6
        self.largest_mb["work database"] = max(size, self.largest_mb.get("work database", 0))

    def block(self, kind: str, number: int, *, most: int, ended: float) -> None:
        """Kill runs of one kind until one gets to its end, then compare with an undisturbed one."""
        ask_for_work(kind, number)
        control = self.root / "control"
        remove_folder(control)
        shutil.copytree(self.root / "data", control, symlinks=True)
        fresh_home(self.root / "control-home")
        for _ in range(most):
            if time.monotonic() > ended:
                break
            aimed = kind != FIT and self.rng.random() < 0.5
            # one half goes on where the kill before left it, the other has all of it to make again
            if self.rng.random() < 0.5:
                ask_for_work(kind, number)
            after_s = self.rng.uniform(0.05, self.took_s[kind])
            is_killed, status = self.run(kind, after_s=after_s, aimed=aimed)
            self.counts["kills"] += is_killed
            self.counts[f"kills of: {kind}"] += is_killed
            self.counts["kills within a third of a second of the swap"] += is_killed and aimed
            self.counts["runs that failed when nobody killed them"] += not is_killed and status != 0
            self.look(is_job=kind in (JOB, FIT))
            if not is_killed:
                break
        for where in ("data", "control"):
            _, status = self.run(kind, where=where)
            self.counts["runs that failed when nobody killed them"] += status != 0
        self.look()
        ours, theirs = self.root / "data" / "published", control / "published"
        self.counts["blocks compared with an undisturbed run"] += 1
        if contents(ours) != contents(theirs):
            self.counts["blocks that differ"] += 1
            different = dict(contents(ours).items() ^ contents(theirs).items())
            kept = control.rename(self.root / f"differs-{number}")
            shutil.copytree(ours.resolve(), kept / "ours")
            print(
                f"block {number}, {kind}: {sorted(different)} differ; both are kept in {kept}",
                file=sys.stderr,
                flush=True,
            )
        remove_folder(control)

    def whole_processes(self, kills: int) -> None:
        """Kill `./run` as a process group, then let one go to its end."""
        command = [sys.executable, "-m", "benchmarks.small_run"]
        for _ in range(kills):
            with subprocess.Popen(  # noqa: S603
                command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                start_new_session=True,
            ) as run:  # fmt: skip
                try:
                    run.wait(self.rng.uniform(3, 15 + self.took_s[JOB]))
                except subprocess.TimeoutExpired:
                    os.killpg(run.pid, signal.SIGKILL)
                    self.counts["kills"] += 1
                    self.counts["kills of: ./run, the whole process"] += 1
            self.look()
        done = subprocess.run(  # noqa: S603
            command, cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        if done.returncode:
            print(done.stdout[-2000:], file=sys.stderr)
        self.counts["runs that failed when nobody killed them"] += done.returncode != 0


def contents(folder: Path) -> dict[str, str]:
    """Hash of every served file; of the database the rows, as it leaves unused bytes unset."""
    manifest = json.loads((folder / MANIFEST).read_text())
    found = {name: one["sha256"] for name, one in manifest["files"].items()}
    found.pop(DATABASE_NAME)
    with duckdb.connect(str(folder / DATABASE_NAME), read_only=True) as con:
        con.execute("set threads = 1")
        for (table,) in con.execute("show tables").fetchall():
            rows = con.execute(
                f'select count(*), sum(hash(held)::hugeint) from "{table}" as held'
            ).fetchone()
            found[f"{DATABASE_NAME}: {table}"] = str(rows)
    return found


def fresh_home(folder: Path) -> None:
    """An empty run history."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copyfile(REPOSITORY / "dagster.yaml", folder / "dagster.yaml")


def prepare(source: Path, root: Path, took_s: dict[str, float]) -> Campaign:
    """Copy a finished folder and make it small; a folder prepared before is taken as it is."""
    is_new = not (root / "ready").exists()
    os.environ |= {
        "DPRK_DATA_DIR": str(root / "data"),
        "DAGSTER_HOME": str(root / "home"),
        "SOURCE_DATE_EPOCH": FIXED_CLOCK,
    }
    campaign = Campaign(root, random.Random())
    if is_new:
        fresh_home(root / "home")
        for name in ("raw", "landing"):
            if (source / name).is_dir():
                shutil.copytree(source / name, root / "data" / name, symlinks=True)
        print("making a small folder …", file=sys.stderr, flush=True)
        _, status = campaign.run(FIT)
        if status:
            sys.exit(f"the main job fails here even when nobody kills it; see {root / 'log'}")
        (root / "ready").touch()
    campaign.took_s = took_s
    for kind in (PLAIN, STEP, JOB):
        if kind not in took_s:
            ask_for_work(kind, -1)
            campaign.run(kind)
    campaign.took_s.setdefault(FIT, campaign.took_s[JOB] + 30)
    campaign.known = {
        f"{one.sequence}-{one.release_id}" for one in VintageStore(vintages_dir()).entries()
    }
    return campaign


def keep(campaign: Campaign, file: Path | None) -> None:
    """Write down what is known so far, for another day."""
    if file is not None:
        told = {
            "counts": campaign.counts,
            "largest_mb": campaign.largest_mb,
            "took_s": campaign.took_s,
        }
        file.write_text(json.dumps(told, indent=1))


def table_of(counts: Counter[str], largest_mb: dict[str, float]) -> str:
    """The result as a Markdown table: what must be zero first."""
    lines = ["| what | count |", "|---|---|"]
    lines += [f"| {name} | {counts[name]:,} |" for name in MUST_BE_ZERO]
    lines += [
        f"| {name} | {counts[name]:,} |" for name in sorted(counts) if name not in MUST_BE_ZERO
    ]
    lines += [f"| greatest size of the {name}, MB | {mb:,.0f} |" for name, mb in largest_mb.items()]
    return "\n".join(lines)


def main() -> None:
    """Run the campaign and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=4 * 3600)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--notes", type=Path, default=None)
    parser.add_argument("--folder", type=Path, default=None, help="where to work, kept at the end")
    parser.add_argument("--only", default="", help="a word of the kind of run to kill")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    kinds = [kind for kind in BLOCKS if chosen.only in kind]
    if not kinds:
        parser.error(f"--only {chosen.only}: no kind of run is called so; there are {list(BLOCKS)}")
    source = (chosen.data or data_dir()).resolve()
    ended = time.monotonic() + chosen.seconds
    notes = {}
    if chosen.notes and chosen.notes.exists():
        notes = json.loads(chosen.notes.read_text())
    with tempfile.TemporaryDirectory(prefix="dprk-faults-") as scratch:
        root = (chosen.folder or Path(scratch)).resolve()
        root.mkdir(parents=True, exist_ok=True)
        campaign = prepare(source, root, notes.get("took_s", {}))
        counts = campaign.counts = Counter(notes.get("counts", {}))
        campaign.largest_mb = dict(notes.get("largest_mb", {}))
        campaign.rng = random.Random(chosen.seed + counts["kills"])
        made_before = len(campaign.known)
        stop, found = root / "stop", root / "found.json"
        stop.unlink(missing_ok=True)
        reader = multiprocessing.get_context("spawn").Process(
            target=read_for_ever, args=(str(published_dir()), str(stop), str(found))
        )
        reader.start()
        try:
            while counts["kills"] < chosen.kills and time.monotonic() < ended:
                # the kind whose next block is furthest behind its part, so that costly kinds come
                # when they are due and not first
                kind = min(
                    kinds,
                    key=lambda one: (counts[f"kills of: {one}"] + BLOCKS[one][0]) / BLOCKS[one][1],
                )
                number = 1_000 * int(time.time()) + counts["kills"]
                campaign.block(kind, number, most=BLOCKS[kind][0], ended=ended)
                keep(campaign, chosen.notes)
                print(f"{counts['kills']} kills", file=sys.stderr, flush=True)
            if counts["kills"] >= chosen.kills and not chosen.only:
                campaign.whole_processes(5)
        finally:
            stop.touch()
            reader.join()
        counts["releases made meanwhile"] += (
            len(VintageStore(vintages_dir()).entries()) - made_before
        )
        counts.update(json.loads(found.read_text()))
        if not chosen.folder:
            remove_folder(root / "data")
    keep(campaign, chosen.notes)
    print(table_of(counts, campaign.largest_mb))
    sys.exit(any(counts[name] for name in MUST_BE_ZERO))


if __name__ == "__main__":
    main()
