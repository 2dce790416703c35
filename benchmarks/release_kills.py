"""Kill the making of a small release a thousand times: `python -m benchmarks.release_kills`.

What `benchmarks.fault_campaign` does with whole runs in hours this does in minutes: building,
manifest, history, the swap, the vintage store and the removal of old releases are the real code;
the tables are those of a made-up world of two streams (tests/publish/world.py). Half the kills come
at a random moment, half within `AIM_S` of the swap. A reader never stops. After each kill the
campaign looks at what readers have, heals as the next start does, and looks again; every twentieth
kill at the latest the folder runs to its end beside a copy that nobody killed, and everything
published must be equal: bytes of every file but the database, rows of every table of that.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import duckdb
import polars as pl

from benchmarks.fault_campaign import contents, read_for_ever
from pipelines.operating.run_lock import holder_of, only_run
from pipelines.publish.contract import load_contract
from pipelines.publish.release import (
    HISTORY,
    damage_of,
    heal,
    kept_releases,
    publish,
    releases_dir,
    remove_folder,
    whole_releases,
)
from pipelines.publish.vintages import BATCHES, Estimates, MadeFrom, VintageStore, chronicle
from pipelines.warehouse import build_table
from tests.publish import world

AIM_S = 0.05
DRAWN = ("income_draws", "quantity_draws", "stream_measures")
CONTRACT = {name: load_contract()[name] for name in (*DRAWN, *sorted(HISTORY))}
AT = dt.datetime(2026, 3, 1, 12)  # noqa: DTZ001  as tables hold instants
MACRO = (
    "select q50 from "
    "income_between('ore', 'state_income_usd', date '2020-01-01', date '2020-02-01')"
)
MUST_BE_ZERO = (
    "torn reads", "mixed reads", "served release not whole right after the kill",
    "listed releases not whole right after the kill", "served release not whole after healing",
    "vintages lost", "gaps in the history", "half-made folders kept", "more releases than kept",
    "data folder still held", "ended badly unkilled", "blocks that differ",
)  # fmt: skip


def build_world(data: Path) -> None:
    """The work database of the made-up world."""
    data.mkdir(parents=True)
    with duckdb.connect(str(data / "work.duckdb")) as con:
        for schema in ("staged", "facts", "estimates", "published"):
            con.execute(f"create schema {schema}")
        world.build(con)
        for table in ("income_draws", "stream_measures"):
            build_table(con, f"published.{table}")
        con.execute(
            "create table published.quantity_draws as select 'ore' as stream, "
            "'tonnes' as quantity, 'WLD' as counterpart_iso3, "
            "draw::bigint as draw, date '2020-01-01' as month, "
            "2.0 * draw as amount, true as is_flow from range(2000) as draws(draw)"
        )


def _estimates(median: float) -> Estimates:
    key = {"stream": "ore", "measure": "state_income_usd", "year": 2020}
    points = {"q05": 0.5, "q25": 0.8, "q50": 1.0, "q75": 1.2, "q95": 2.0}
    spread = {name: median * part for name, part in points.items()}
    annual = pl.DataFrame([{**key, **spread, "is_partial_year": False}])
    batches = [{**key, "batch": batch, "q50": median + batch} for batch in range(BATCHES)]
    return Estimates(annual, pl.DataFrame(batches))


def make(data: str, number: int, mark: str) -> None:
    """Body of a killed process: what a run does from the lock to the swap."""
    from pipelines.publish import release

    move_in = release._move_in

    def marked(folder: Path, place: Path) -> None:
        Path(mark).touch()
        move_in(folder, place)

    release._move_in = marked  # ty: ignore
    root = Path(data)
    store, now = VintageStore(root / "vintages"), _estimates(1e6 + number)
    ledger = pl.DataFrame({"observation_id": [f"o{number}"], "stream": ["ore"], "central": [1.0]})
    made = MadeFrom(code="c", evidence=f"e{number}", inputs=f"i{number}", last_month="2026-01-01")
    with (
        only_run(root, "a benchmark", waiting=lambda _: None),
        duckdb.connect(str(root / "work.duckdb")) as con,
    ):
        heal(root / "published", store)
        con.execute("set threads = 1")
        con.execute("update published.quantity_draws set amount = $n where draw = 0", {"n": number})
        publish(
            con,
            CONTRACT,
            root / "published",
            made=made,
            history=lambda release_id: chronicle(
                store, release_id, made, now, monthly=now.annual, ledger=ledger, published_at=AT
            ),
            store=store,
            extra_files=_page,
        )


def _page(folder: Path) -> None:
    made = pl.read_parquet(folder / "parquet" / "releases.parquet").sort("sequence")
    (folder / "report.html").write_text(f"<p>{made['release_id'][-1]}</p>".ljust(200_000))


class Kills:
    """One data folder, one reader's counts, one stream of chance."""

    def __init__(self, root: Path, rng: random.Random) -> None:
        self.root, self.rng = root, rng
        self.counts: Counter[str] = Counter()
        self.known: set[str] = set()
        self.took_s, self.largest_mb = 1.0, 0.0
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["benchmarks.release_kills"])

    def run(self, where: str, number: int, *, kill: bool) -> bool:
        """Make release `number`; kill it or let it end. Returns whether it was killed."""
        mark = self.root / "mark"
        mark.unlink(missing_ok=True)
        process = self.context.Process(
            target=make, args=(str(self.root / where), number, str(mark))
        )
        aimed = self.rng.random() < 0.5
        began = time.monotonic()
        process.start()
        if kill and aimed:
            while process.is_alive() and not mark.exists():
                time.sleep(0.001)
            process.join(self.rng.uniform(0, AIM_S))
        else:
            process.join(self.rng.uniform(0.01, 1.05 * self.took_s) if kill else None)
        is_killed = process.is_alive()
        if is_killed and process.pid is not None:
            os.kill(process.pid, signal.SIGKILL)
        process.join()
        if not is_killed:
            self.took_s = time.monotonic() - began
            self.counts["ended badly unkilled"] += process.exitcode != 0
        self.counts["kills"] += is_killed
        self.counts[f"kills within {AIM_S * 1000:.0f} ms of the swap"] += is_killed and aimed
        return is_killed

    def look(self) -> None:
        """What must hold after any kill."""
        data, counts = self.root / "data", self.counts
        target, store = data / "published", VintageStore(data / "vintages")
        releases = releases_dir(target)
        whole = {one: damage_of(one) for one in whole_releases(releases)}
        counts["listed releases not whole right after the kill"] += sum(map(bool, whole.values()))
        if not target.is_symlink() or damage_of(target.resolve()):
            counts["served release not whole right after the kill"] += 1
        counts["data folder still held"] += holder_of(data) is not None
        heal(target, store)
        counts["served release not whole after healing"] += bool(damage_of(target.resolve()))
        entries = [f"{one.sequence}-{one.release_id}" for one in store.entries()]
        counts["vintages lost"] += not self.known <= set(entries)
        counts["gaps in the history"] += [int(one.split("-")[0]) for one in entries] != list(
            range(1, len(entries) + 1)
        )
        self.known |= set(entries)
        left = [*releases.iterdir(), *store.root.iterdir(), *data.iterdir()]
        # who holds the folder, or held it when it was killed
        ours = {".run.lock", ".run.json"}
        counts["half-made folders kept"] += any(
            path.name.startswith(".") and path.name not in ours for path in left
        )
        counts["more releases than kept"] += len(list(releases.iterdir())) > kept_releases() + 1
        size = sum(p.lstat().st_size for p in releases.rglob("*") if p.is_file()) / 1e6
        self.largest_mb = max(self.largest_mb, size)

    def block(self, number: int, most: int, wanted: int, ended: float) -> None:
        """Kill until one gets to its end, then hold the folder to one that nobody killed."""
        remove_folder(self.root / "control")
        shutil.copytree(self.root / "data", self.root / "control", symlinks=True)
        for _ in range(most):
            is_killed = self.run("data", number, kill=True)
            self.look()
            is_over = self.counts["kills"] >= wanted or time.monotonic() > ended
            if not is_killed or is_over:
                break
        for where in ("data", "control"):
            self.run(where, number, kill=False)
        self.look()
        self.counts["blocks compared with an undisturbed run"] += 1
        ours, theirs = self.root / "data" / "published", self.root / "control" / "published"
        self.counts["blocks that differ"] += contents(ours) != contents(theirs)


def main() -> None:
    """Run, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--notes", type=Path, default=None, help="add the counts to this file's")
    chosen = parser.parse_args()
    ended = time.monotonic() + chosen.seconds
    with tempfile.TemporaryDirectory(prefix="dprk-kills-") as scratch:
        root = Path(scratch)
        build_world(root / "data")
        kills = Kills(root, random.Random(chosen.seed))
        kills.run("data", 0, kill=False)
        kills.run("data", 0, kill=False)
        stop, found = root / "stop", root / "found.json"
        reader = multiprocessing.get_context("spawn").Process(
            target=read_for_ever,
            args=(str(root / "data" / "published"), str(stop), str(found), MACRO, "ore", 0.1),
        )
        reader.start()
        number = 0
        while kills.counts["kills"] < chosen.kills and time.monotonic() < ended:
            number += 1
            kills.block(number, 20, chosen.kills, ended)
        stop.touch()
        reader.join()
        counts = kills.counts
        counts.update(json.loads(found.read_text()))
        counts["releases made meanwhile"] = len(kills.known)
        remove_folder(root / "data")
        remove_folder(root / "control")
    largest_mb = kills.largest_mb
    if chosen.notes:
        noted = json.loads(chosen.notes.read_text()) if chosen.notes.exists() else {}
        counts.update(noted.get("counts", {}))
        largest_mb = max(largest_mb, noted.get("largest_mb", 0.0))
        told = {"counts": counts, "largest_mb": largest_mb}
        chosen.notes.write_text(json.dumps(told, indent=1))
    print("| what | count |\n|---|--:|")
    for name in (*MUST_BE_ZERO, *sorted(set(counts) - set(MUST_BE_ZERO))):
        print(f"| {name} | {counts[name]:,} |")
    print(f"| greatest size of the releases, MB | {largest_mb:,.1f} |")
    sys.exit(any(counts[name] for name in MUST_BE_ZERO))


if __name__ == "__main__":
    main()
