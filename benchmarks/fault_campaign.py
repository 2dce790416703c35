"""Kill the release step at random moments, hundreds of times, under a reader that never stops.

    python -m benchmarks.fault_campaign [--kills 200] [--runs 3] [--seconds 1500] [--data FOLDER]

Works on a copy of a finished data folder (FOLDER, else the repository's own). Each round changes
one published row, forks a process that makes the release, and kills it with SIGKILL at a random
moment, every second time close to the swap. After each kill it does what the next run does first,
and checks that readers have a whole release, that no vintage is lost and that nothing half-made is
kept. Every tenth round is also run to its end beside a copy that nobody killed: all files but the
database must come out equal in every byte.
`--runs` more rounds kill a whole `./run`. Prints one table.
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
from pathlib import Path

import duckdb
import polars as pl

from pipelines.paths import REPOSITORY, data_dir, published_dir, vintages_dir, work_database
from pipelines.publish.release import (
    DATABASE_NAME,
    MANIFEST,
    damage_of,
    heal,
    kept_releases,
    releases_dir,
    remove_folder,
)
from pipelines.publish.vintages import VintageStore

FIXED_CLOCK = "1790000000"


def read_for_ever(published: str, stop: str, found: str) -> None:
    """Open a release as careful readers do, pinned by its folder, and compare its parts."""
    counts: Counter[str] = Counter()
    link = Path(published)
    while not Path(stop).exists():
        try:
            pinned = link.resolve(strict=True)
            expected = json.loads((pinned / MANIFEST).read_text())["release_id"]
            with duckdb.connect(str(pinned / DATABASE_NAME), read_only=True) as con:
                con.execute("set threads = 1")
                ids = {
                    con.execute(
                        "select release_id from releases order by sequence desc limit 1"
                    ).fetchone()[0]
                }  # fmt: skip
                con.execute(
                    "select q50 from income_between('coal', 'gross_fob_usd', "
                    "date '2016-01-01', date '2016-03-01')"
                ).fetchone()
            table = pl.read_parquet(pinned / "parquet" / "releases.parquet")
            ids.add(table.sort("sequence")["release_id"][-1])
            pl.scan_parquet(pinned / "draws" / "coal.parquet").select(pl.len()).collect()
            ids |= {expected} if expected in (pinned / "report.html").read_text() else {"report"}
            counts["reads"] += 1
            counts["mixed"] += ids != {expected}
        except (OSError, duckdb.Error, pl.exceptions.PolarsError, KeyError, ValueError) as error:
            # the pinned folder may be of a release that is no longer kept whole
            gone = "pinned" in locals() and not pinned.is_dir()
            counts["retired under a reader" if gone else "torn"] += 1
            if not gone:
                counts[f"torn: {type(error).__name__}: {str(error)[:90]}"] += 1
        time.sleep(0.02)
    Path(found).write_text(json.dumps(counts))


def change(number: int) -> None:
    """Let the next release differ in one row of its table of refused cells."""
    with duckdb.connect(str(work_database())) as con:
        con.execute("delete from published.quarantine where source = 'fault campaign'")
        con.execute(
            "insert into published.quarantine by name select 'fault campaign' as source, "
            "1 as row, 'none' as file, $n as line, 'none' as column, '' as value, "
            "'none' as rule, 'a row of a benchmark' as reason",
            {"n": number},
        )
        con.execute("delete from meta.fingerprints where address = 'published.quarantine'")


def make_release() -> None:
    """The release step, as a run executes it."""
    import dagster as dg

    from assets.definitions import defs

    asset = defs.resolve_asset_graph().assets_def_for_key(dg.AssetKey(["published", "release"]))
    draws = json.loads((published_dir() / MANIFEST).read_text())["content"]["made_from"]["draws"]
    with dg.DagsterInstance.ephemeral() as instance:
        dg.materialize(
            [asset],
            instance=instance,
            run_config={"resources": {"sampling": {"config": {"draws": draws}}}},
        )


def _child() -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    make_release()


def forked(kill_after_s: float | None) -> tuple[float, bool]:
    """Make a release in a forked process; kill it after some seconds.

    Returns:
        Seconds it ran, and whether it was killed before it ended.
    """
    process = multiprocessing.get_context("fork").Process(target=_child)
    began = time.monotonic()
    process.start()
    process.join(kill_after_s)
    is_killed = process.is_alive()
    if is_killed and process.pid is not None:
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    return time.monotonic() - began, is_killed


def hashes() -> dict[str, str]:
    """Hashes of the served files; the database aside, whose unused bytes DuckDB leaves unset."""
    manifest = json.loads((published_dir() / MANIFEST).read_text())
    return {name: one["sha256"] for name, one in manifest["files"].items() if name != DATABASE_NAME}


def check_after_kill(counts: Counter[str], known: set[str]) -> None:
    """What must hold after any kill, once the next start has looked around."""
    store = VintageStore(vintages_dir())
    before = published_dir().resolve(strict=True)
    if damage_of(before):
        counts["served release not whole before healing"] += 1
    heal(published_dir(), store)
    if damage_of(published_dir().resolve(strict=True)):
        counts["served release not whole"] += 1
    entries = [f"{one.sequence}-{one.release_id}" for one in store.entries()]
    if not known <= set(entries):
        counts["vintages lost"] += 1
    if [int(one.split("-")[0]) for one in entries] != list(range(1, len(entries) + 1)):
        counts["gaps in the history"] += 1
    known |= set(entries)
    releases = releases_dir(published_dir())
    if any(path.name.startswith(".") for path in releases.iterdir()):
        counts["half-made folders kept"] += 1
    # the one that was just finished may stand beside the ones kept
    if len(list(releases.iterdir())) > kept_releases() + 1:
        counts["more releases than kept"] += 1


def kill_whole_runs(number: int, counts: Counter[str], known: set[str], rng: random.Random) -> None:
    """Kill `./run` itself, then let one go to its end; its queue must not be blocked."""
    for _ in range(number):
        with subprocess.Popen(  # noqa: S603
            [str(REPOSITORY / "run")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as run:  # fmt: skip
            try:
                run.wait(rng.uniform(5, 90))
            except subprocess.TimeoutExpired:
                os.killpg(run.pid, signal.SIGKILL)
                counts["whole runs killed"] += 1
        check_after_kill(counts, known)
    if number:
        done = subprocess.run(  # noqa: S603
            [str(REPOSITORY / "run")], capture_output=True, text=True, check=False
        )
        counts["runs failed after kills"] += done.returncode != 0
        counts["killed runs recognised"] += done.stdout.count("was killed before it ended")


def main() -> None:
    """Run the campaign and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=1500)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    source = (chosen.data or data_dir()).resolve()
    rng = random.Random(chosen.seed)
    ended = time.monotonic() + chosen.seconds
    with tempfile.TemporaryDirectory(prefix="dprk-faults-") as place:
        root = Path(place)
        os.environ |= {
            "DPRK_DATA_DIR": str(root / "data"),
            "DAGSTER_HOME": str(root / "home"),
            "SOURCE_DATE_EPOCH": FIXED_CLOCK,
        }
        (root / "home").mkdir()
        shutil.copyfile(REPOSITORY / "dagster.yaml", root / "home" / "dagster.yaml")
        shutil.copytree(source, root / "data", symlinks=True)
        import assets.definitions  # noqa: F401  forked processes need not import it again

        counts: Counter[str] = Counter()
        store = VintageStore(vintages_dir())
        at_hand = len(store.entries())
        change(-1)
        whole_s, _ = forked(None)
        is_made = len(store.entries()) == at_hand + 1
        known = {f"{one.sequence}-{one.release_id}" for one in store.entries()}
        made_before = len(known)
        if not is_made:
            sys.exit("the release step fails here even when nobody kills it")
        stop, found = root / "stop", root / "found.json"
        reader = multiprocessing.get_context("spawn").Process(
            target=read_for_ever, args=(str(published_dir()), str(stop), str(found))
        )
        reader.start()
        number = -1
        while counts["kills"] < chosen.kills and time.monotonic() < ended:
            number += 1
            change(number)
            is_paired = number % 10 == 9
            if is_paired:
                shutil.copytree(root / "data", root / "control", symlinks=True)
            # every second kill aims at the last sixth, where the swap is
            low = whole_s * 5 / 6 if number % 2 else 0.05
            took, is_killed = forked(rng.uniform(low, whole_s * 1.05))
            counts["kills"] += is_killed
            counts["kills in the last sixth"] += is_killed and number % 2
            counts["ended before the kill"] += not is_killed
            # machines are busy by turns: follow how long it takes
            whole_s = took if not is_killed else max(whole_s, took)
            check_after_kill(counts, known)
            if is_paired:
                forked(None)
                ours = hashes()
                os.environ["DPRK_DATA_DIR"] = str(root / "control")
                forked(None)
                counts["pairs run to the end"] += 1
                counts["pairs that differ"] += hashes() != ours
                os.environ["DPRK_DATA_DIR"] = str(root / "data")
                known |= {f"{one.sequence}-{one.release_id}" for one in store.entries()}
                remove_folder(root / "control")
        kill_whole_runs(chosen.runs, counts, known, rng)
        counts["releases made meanwhile"] = len(store.entries()) - made_before
        stop.touch()
        reader.join()
        counts.update(json.loads(found.read_text()))
        size = sum(
            p.stat().st_size for p in releases_dir(published_dir()).rglob("*") if p.is_file()
        )
        remove_folder(root / "data")
    must_be_zero = (
        "torn", "mixed", "served release not whole before healing", "served release not whole",
        "vintages lost", "gaps in the history", "half-made folders kept", "more releases than kept",
        "pairs that differ", "runs failed after kills",
    )  # fmt: skip
    print("| what | count |\n|---|---|")
    for name in sorted(set(counts) | set(must_be_zero)):
        print(f"| {name} | {counts[name]} |")
    print(f"| releases on disk at the end, MB | {size / 1e6:,.0f} |")
    sys.exit(any(counts[name] for name in must_be_zero))


if __name__ == "__main__":
    main()
