"""Stages 1-5 on synthetic positions beside a bare scan of the same columns, in one run.

    python -m benchmarks.ais_stages --rows 10000000                 # scan, sort, stages, memory
    python -m benchmarks.ais_stages --rows 100000000 --memory 2GB   # out of core
    python -m benchmarks.ais_stages --rows 1000000 --spark          # equal rows, time
    python -m benchmarks.ais_stages --rows 1000000 --only anchorage # 800 ships in one place
    python -m benchmarks.ais_stages --rows 1000000 --oracle         # equal rows, time
    python -m benchmarks.ais_stages --rows 3000000 --before 891ca6d # the code of a commit beside

Every measurement runs in a process of its own, one after another, round after round, so that each
stands beside its own scan. A process works twice: the first time gives the greatest resident
memory, the second the time (the statements are parsed, the file is in memory). Shown are the
medians in wall seconds and in CPU seconds (of all threads: what a busy machine distorts least), and
the medians of the ratios to the scan of the same round.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import polars as pl

from benchmarks.ais_landing import HERE, older
from pipelines.shipping import engine, places
from pipelines.shipping import score as ais_score
from pipelines.shipping import synthetic as ais_generator
from pipelines.shipping.backends import DuckDBBackend
from pipelines.shipping.thresholds import Thresholds
from tests.fixtures import ais_oracle

PORTS = ais_generator.synthetic_ports()
TEN_DAYS = 1_440
SCAN = (
    "select count(*), sum(mmsi), sum(t), sum(lon), sum(lat), sum(sog_kn), sum(draught_m) "
    "from read_parquet($file)"
)


def _positions(folder: Path) -> Path:
    return folder / "positions.parquet"


def measure_scan(folder: Path, _: argparse.Namespace) -> dict:
    """Decode every value of the six columns the stages read, in DuckDB with two threads."""
    with duckdb.connect() as connection:
        connection.execute("set threads = 2")
        connection.execute(SCAN, {"file": str(_positions(folder))}).fetchall()
    return {}


def measure_sort(folder: Path, _: argparse.Namespace) -> dict:
    """Sort the six columns by ship and time in memory, from rows in order of time."""
    with duckdb.connect() as connection:
        connection.execute("set threads = 2")
        connection.execute(
            "create table mixed as select mmsi, t, lon, lat, sog_kn, draught_m "
            "from read_parquet($file) order by t",
            {"file": str(_positions(folder))},
        )
        start = time.perf_counter(), time.process_time()
        connection.execute("create table tidy as select * from mixed order by mmsi, t")
        return {
            "wall_s": time.perf_counter() - start[0],
            "cpu_s": time.process_time() - start[1],
        }


def _run(folder: Path, given: argparse.Namespace, **options: Any) -> dict[str, pl.DataFrame]:
    partition = engine.run(
        [_positions(folder)],
        PORTS,
        memory_limit=given.memory,
        spill=folder / "spill",
        **options,
    )
    return engine.finish(
        partition.settled,
        partition,
        places=lambda points: places.measure(points, PORTS, cache_dir=folder.parent / "cache"),
    )


def measure_stages(folder: Path, given: argparse.Namespace) -> dict:
    """Stages 1-5 with their final tables, two workers; scored against the truth."""
    start = time.perf_counter(), time.process_time()
    events = _run(folder, given)
    took = {"wall_s": time.perf_counter() - start[0], "cpu_s": time.process_time() - start[1]}
    truth = {
        name: pl.read_parquet(folder / f"truth_{name}.parquet") for name in ais_generator.TRUTHS
    }
    return took | {
        "events": {name: frame.height for name, frame in events.items()},
        "score": ais_score.score(events, truth).to_dicts(),
    }


def measure_stages_one_worker(folder: Path, given: argparse.Namespace) -> dict:
    """The same with one worker."""
    start = time.perf_counter(), time.process_time()
    events = _run(folder, given, workers=1)
    return {
        "wall_s": time.perf_counter() - start[0],
        "cpu_s": time.process_time() - start[1],
        "events": {name: frame.height for name, frame in events.items()},
    }


def measure_worker_alone(folder: Path, given: argparse.Namespace) -> dict:
    """One worker without the final tables, which grow with the events: what a worker needs."""
    engine.run(
        [_positions(folder)], PORTS, workers=1, memory_limit=given.memory, spill=folder / "spill"
    )
    return {}


def measure_sql_only(folder: Path, given: argparse.Namespace) -> dict:
    """One worker with the portable SQL alone, as any other engine runs it."""
    setattr(engine, "sieve", _refuse)  # noqa: B010
    return measure_stages_one_worker(folder, given)


def _refuse(*_: object, **__: object) -> None:
    raise engine.OutOfOrder("measured without")


def _differences(left: dict[str, pl.DataFrame], right: dict[str, pl.DataFrame]) -> dict[str, int]:
    """Rows of either that the other lacks (EXCEPT ALL both ways), table by table."""
    counts = {}
    with duckdb.connect() as connection:
        for name, frame in left.items():
            connection.register("one", frame)
            connection.register("other", right[name])
            counts[name] = connection.execute(
                "select (select count(*) from (select * from one except all select * from other)) "
                "+ (select count(*) from (select * from other except all select * from one))"
            ).fetchall()[0][0]
            connection.unregister("one")
            connection.unregister("other")
    return counts


def measure_spark(folder: Path, given: argparse.Namespace) -> dict:
    """The same stages on local Spark, and rows that differ from DuckDB's."""
    from pipelines.shipping.backends import SparkBackend

    start = time.perf_counter()
    SparkBackend()
    started = time.perf_counter() - start
    start = time.perf_counter()
    theirs = _run(folder, given, engine="spark")
    took = time.perf_counter() - start
    start = time.perf_counter()
    ours = _run(folder, given)
    return {
        "wall_s": took,
        "spark_start_s": started,
        "duckdb_wall_s": time.perf_counter() - start,
        "rows_that_differ": _differences(ours, theirs),
    }


def measure_oracle(folder: Path, given: argparse.Namespace) -> dict:
    """The Polars oracle, and rows that differ from the engine's."""
    start = time.perf_counter()
    expected = ais_oracle.events(pl.read_parquet(_positions(folder)), PORTS)
    took = time.perf_counter() - start
    ours = ais_oracle.shape_like_oracle(_run(folder, given))
    return {"wall_s": took, "rows_that_differ": _differences(ours, expected)}


def measure_anchorage(folder: Path, given: argparse.Namespace) -> dict:
    """The stage across ships where every ship has many others beside it.

    800 ships lie in 6 by 6 km for ten days or as many slots as asked, off every port.
    """
    rng = np.random.default_rng(1)
    ships, slots = 800, given.slots
    north, east = (rng.uniform(0, 6 / 111.195, (ships, 1)) for _ in range(2))
    swing = 2 * np.pi * (np.arange(slots) / 72 + rng.random((ships, 1)))
    frame = pl.DataFrame(
        {
            "mmsi": np.repeat(np.arange(ships) + ais_generator.FIRST_MMSI, slots),
            "segment": np.zeros(ships * slots, dtype=np.int64),
            "slot": np.tile(np.arange(slots) + 2_900_000, ships),
            "lon": (122 + (east + 0.001 * np.cos(swing)) / np.cos(np.radians(36))).ravel(),
            "lat": (36 + north + 0.001 * np.sin(swing)).ravel(),
        }
    )
    parameters = Thresholds().parameters() | {"until_t": 2_999_000 * 600}
    with TemporaryDirectory() as spare, DuckDBBackend(threads=2) as backend:
        held = engine._Slots(Path(spare))
        held.add(frame)
        start = time.perf_counter(), time.process_time()
        counted: list[int] = []
        table = backend.table

        def _counting(name: str, *arguments: Any, **options: Any) -> None:
            table(name, *arguments, **options)
            if name == "contacts":
                counted.append(backend.number(f"select count(*) from {{{name}}}"))

        backend.table = _counting
        meetings, _ = engine._work_meetings(backend, held, engine.State(), parameters)
        took = time.perf_counter() - start[0], time.process_time() - start[1]
    contacts = sum(counted)
    return {
        "wall_s": took[0],
        "cpu_s": took[1],
        "found": f"{frame.height:,} slots, {contacts:,} pairs of ships at a slot, "
        f"{contacts / took[0]:,.0f} a second, {meetings.height:,} meetings",
    }


MEASURES = {
    name.removeprefix("measure_"): function
    for name, function in list(globals().items())
    if name.startswith("measure_")
}


def _alone(name: str, folder: Path, given: argparse.Namespace, program: Path = HERE) -> dict:
    """One measurement in a fresh process, by this program or an older one."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.ais_stages", "--measure", name]
    command += ["--folder", str(folder.absolute()), "--rows", str(given.rows)]
    if given.memory:
        command += ["--memory", given.memory]
    if given.slots != TEN_DAYS:
        command += ["--slots", str(given.slots)]
    if given.cold:
        command += ["--cold"]
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False, cwd=program
    )
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def _peak_mb() -> float:
    """Greatest memory of this process; getrusage would hand on what its parent once held."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def _measure(given: argparse.Namespace) -> dict:
    """One measurement in this process."""
    cold = given.cold or given.measure in ("spark", "oracle")
    found: dict = {}
    rss_mb = 0.0
    for _ in range(1 if cold else 2):
        start = time.perf_counter(), time.process_time()
        made = MEASURES[given.measure](given.folder, given)
        found = {
            "wall_s": time.perf_counter() - start[0],
            "cpu_s": time.process_time() - start[1],
        } | made
        rss_mb = rss_mb or _peak_mb()
    return {"rss_mb": rss_mb} | found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--out", type=Path, default=Path("data/benchmarks"))
    parser.add_argument("--memory", help="DuckDB's limit, such as 2GB")
    parser.add_argument("--slots", type=int, default=TEN_DAYS, help="of the anchorage")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", choices=sorted(MEASURES))
    parser.add_argument("--only", help="measurements by name, comma-separated")
    parser.add_argument("--cold", action="store_true", help="work once in each process, not twice")
    parser.add_argument("--before", help="a commit whose program is measured beside this one")
    parser.add_argument("--spark", action="store_true")
    parser.add_argument("--oracle", action="store_true")
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(_measure(given)))
        return

    folder = given.folder or given.out / f"ais_{given.rows}"
    if not _positions(folder).exists():
        ais_generator.write(folder, rows=given.rows)
    names = ["scan", "sort", "stages", "stages_one_worker", "sql_only"]
    if given.only:
        names = given.only.split(",")
    with TemporaryDirectory() as scratch:
        programs = {"": HERE}
        if given.before:
            programs[" before"] = older(given.before, Path(scratch))
        rounds = [
            {
                name + when: _alone(name, folder, given, program)
                for name in names
                for when, program in programs.items()
                if name != "scan" or not when
            }
            for _ in range(given.rounds)
        ]
    names = list(rounds[0])
    once = ["spark"] * given.spark + ["oracle"] * given.oracle
    single = {name: _alone(name, folder, given) for name in once}
    print(f"{given.rows:,} rows asked for, medians of {given.rounds} rounds")
    print(f"{'':24} {'wall s':>8} {'x scan':>7} {'CPU s':>8} {'x scan':>7} {'RSS MB':>7}")
    for name in [*names, *once]:
        done = [one[name] for one in rounds] if name in names else [single[name]]
        shown = {key: median(one[key] for one in done) for key in ("wall_s", "cpu_s", "rss_mb")}
        ratio = {
            key: median(one[name][key] / one["scan"][key] for one in rounds)
            if "scan" in names and name in names
            else float("nan")
            for key in ("wall_s", "cpu_s")
        }
        print(
            f"{name:24} {shown['wall_s']:8.2f} {ratio['wall_s']:7.1f} {shown['cpu_s']:8.2f} "
            f"{ratio['cpu_s']:7.1f} {shown['rss_mb']:7.0f}"
        )
        for key in ("events", "rows_that_differ", "spark_start_s", "duckdb_wall_s", "found"):
            if key in done[0]:
                print(f"    {key}: {done[0][key]}")
    if "stages" in names:
        with pl.Config(tbl_hide_dataframe_shape=True):
            print(pl.DataFrame(rounds[0]["stages"]["score"]))


if __name__ == "__main__":
    main()
