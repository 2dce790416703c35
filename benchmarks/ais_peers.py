"""Peers on the same rows, in the same run: one that is absent is skipped.

    python -m venv /path/to/peers && /path/to/peers/bin/pip install movingpandas neptune-ais pymeos
    python -m benchmarks.ais_peers --rows 1000000 --peers-python /path/to/peers/bin/python

The peers need an environment of their own (group `peers` of pyproject.toml): theirs and ours pin
different versions. Each peer is asked for one thing that it has, with our thresholds, on positions
without faults (the finding is to be compared, not the cleaning), and reading the file is not
counted. Beside it stand the two of ours that answer the same:

- all five stages with their final tables, from the file, reading included;
- for gaps, tracks and gaps alone: the pass over the file, segments, silences, in one thread;
- for encounters, the stage across ships alone, from the ten-minute slots of slow ships.

Times are wall seconds, and CPU seconds of all threads, which a busy machine distorts least.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.shipping import engine, places
from pipelines.shipping import synthetic as ais_generator
from pipelines.shipping.backends import DuckDBBackend
from pipelines.shipping.port_grid import port_grid, port_map
from pipelines.shipping.thresholds import Thresholds

# what follows runs in the peers' environment, which has none of our modules
_CLOCK = """
import datetime, json, sys, time
class Clock:
    def __enter__(self):
        self.start = time.perf_counter(), time.process_time()
        return self
    def __exit__(self, *_):
        self.wall_s = time.perf_counter() - self.start[0]
        self.cpu_s = time.process_time() - self.start[1]
    def say(self, **found):
        print(json.dumps({"wall_s": self.wall_s, "cpu_s": self.cpu_s} | found))
"""

_MOVINGPANDAS = """
import geopandas, movingpandas, pandas
rows = pandas.read_parquet(sys.argv[1], columns=["mmsi", "t", "lon", "lat"])
rows["at"] = pandas.to_datetime(rows["t"], unit="s")
places = geopandas.points_from_xy(rows["lon"], rows["lat"])
frame = geopandas.GeoDataFrame(rows, geometry=places, crs=4326).set_index("at")
with Clock() as clock:
    tracks = movingpandas.TrajectoryCollection(frame, "mmsi", min_length=0)
    split = movingpandas.ObservationGapSplitter(tracks).split(gap=datetime.timedelta(hours=6))
clock.say(rows=len(rows), found=len(split.trajectories) - len(tracks.trajectories))
"""

_PYMEOS = """
import polars, pymeos, pymeos_cffi, shapely
pymeos.pymeos_initialize()
rows = polars.read_parquet(sys.argv[1], columns=["mmsi", "t", "lon", "lat"]).with_columns(
    at=polars.from_epoch("t", "s").dt.replace_time_zone("UTC")
)
six_hours = pymeos_cffi.timedelta_to_interval(datetime.timedelta(hours=6))
found, split_s = 0, 0.0
with Clock() as clock:
    for _, ship in rows.group_by("mmsi", maintain_order=True):
        points = shapely.points(ship["lon"].to_numpy(), ship["lat"].to_numpy())
        instants = [
            pymeos.TGeogPointInst(point=point, timestamp=at)._inner
            for point, at in zip(points, ship["at"].to_list())
        ]
        start = time.perf_counter()
        track = pymeos_cffi.tsequenceset_make_gaps(
            instants, pymeos.TInterpolation.LINEAR, six_hours, 0.0
        )
        split_s += time.perf_counter() - start
        found += pymeos_cffi.temporal_num_sequences(track) - 1
clock.say(rows=rows.height, found=found, split_s=split_s)
"""

_NEPTUNE = """
import polars
from neptune_ais.derive.events import EncounterConfig, detect_encounters
rows = polars.read_parquet(sys.argv[1], columns=["mmsi", "t", "lon", "lat"]).select(
    "mmsi", "lon", "lat",
    timestamp=polars.from_epoch("t", "s").dt.replace_time_zone("UTC"),
    source=polars.lit("synthetic"),
)
asked = EncounterConfig(max_distance_m=500, min_duration_s=7200, gap_seconds=1800)
with Clock() as clock:
    found = detect_encounters(rows, config=asked)
pairs = found.select("mmsi", "other_mmsi").unique().sort("mmsi", "other_mmsi").rows()
clock.say(rows=rows.height, found=found.height, pairs=pairs)
"""


def _ask(python: Path, program: str, file: Path, memory_gb: float) -> dict[str, Any] | str:
    """What a peer found and how long it took, or why it did not answer."""
    limit = int(memory_gb * 2**30)
    done = subprocess.run(  # noqa: S603
        [str(python), "-W", "ignore", "-c", _CLOCK + program, str(file)],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)),
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["killed"]
        return said[-1][:120]
    return json.loads(done.stdout.strip().splitlines()[-1])


class _Timed:
    """Wall and CPU seconds of a block."""

    def __enter__(self) -> _Timed:
        self._start = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall_s = time.perf_counter() - self._start[0]
        self.cpu_s = time.process_time() - self._start[1]


def _ours(file: Path, ports: pl.DataFrame) -> tuple[dict[str, pl.DataFrame], list[_Timed], Any]:
    """Events; times of all five stages and of the stage across ships; the slots it read."""
    across: list[_Timed] = []
    kept: list[pl.DataFrame] = []
    work = engine._work_meetings

    def _watched(backend: Any, slots: Any, state: Any, parameters: Any) -> Any:
        kept.append(slots.since(0))
        with _Timed() as timed:
            found = work(backend, slots, state, parameters)
        across.append(timed)
        return found

    setattr(engine, "_work_meetings", _watched)  # noqa: B010
    try:
        rounds = []
        for _ in range(4):
            with _Timed() as timed:
                partition = engine.run([file], ports)
                events = engine.finish(
                    partition.settled,
                    partition,
                    places=lambda points: places.measure(points, ports, cache_dir=None),
                )
            rounds.append(timed)
    finally:
        setattr(engine, "_work_meetings", work)  # noqa: B010
    # the first round parses the statements
    best = [min(times[1:], key=lambda one: one.cpu_s) for times in (rounds, across)]
    return events, best, kept[0]


def _gaps_alone(file: Path, ports: pl.DataFrame) -> tuple[int, _Timed]:
    """Gaps of believed segments, and the time from the file to them."""
    parameters = Thresholds().parameters()
    until_t = engine._latest([file])
    parameters["until_t"] = until_t
    grid, ship_map = port_grid(ports), port_map(ports)
    found, rounds = 0, []
    for _ in range(3):
        with _Timed() as timed, DuckDBBackend(threads=1) as backend:
            (bucket,) = engine.plan_buckets([file], 1)
            backend.lend("port_cells", grid[0])
            backend.lend("port_candidates", grid[1])
            for name in ("pieces", "segments", "runs", "silences"):
                backend.put(f"carried_{name}", pl.DataFrame(schema=engine.CARRIED[name]))
            engine._legs(backend, bucket, (None, until_t), ship_map, parameters)
            for name in ("reports", "pieces", "piece_targets"):
                backend.table(name, parameters)
            backend.lend("chain_links", engine._follow_chains(backend.frame("links", parameters)))
            for name in ("segment_pieces", "segments", "states"):
                backend.table(name, parameters)
            found = backend.frame("silences", parameters).filter("is_believed").height
        rounds.append(timed)
    return found, min(rounds[1:], key=lambda one: one.cpu_s)


def _outside_ports(positions: pl.DataFrame, ports: pl.DataFrame) -> pl.DataFrame:
    """Positions beyond the outer circle of every port."""
    away = np.ones(positions.height, dtype=bool)
    lon, lat = positions["lon"].to_numpy(), positions["lat"].to_numpy()
    for port_lon, port_lat, reach_km in ports.select("lon", "lat", "r_out_km").iter_rows():
        east = (lon - port_lon) * np.cos(np.radians(port_lat))
        away &= np.hypot(east, lat - port_lat) * ais_generator.KM_PER_DEGREE > reach_km
    return positions.filter(pl.Series(away))


def _say(name: str, rows: int, wall_s: float, cpu_s: float, note: str) -> None:
    print(
        f"{name:44} {rows:>10,} rows {wall_s:9.3f} s {cpu_s:9.3f} CPU s "
        f"{rows / cpu_s:12,.0f} /CPU s; {note}"
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--peers-python", type=Path)
    parser.add_argument("--only", help="peers by their first word, comma-separated")
    parser.add_argument("--peer-memory-gb", type=float, default=12.0)
    given = parser.parse_args()
    ports = ais_generator.synthetic_ports()
    ships = ais_generator.ships_for(given.rows)
    made = ais_generator.make(ships=ships, days=90, seed=2, shared_share=0.0, noise=False)
    rows = made.positions.height
    with tempfile.TemporaryDirectory() as folder:
        file, at_sea, slots_file = (
            Path(folder) / name for name in ("positions.parquet", "at_sea.parquet", "slots.parquet")
        )
        made.positions.write_parquet(file)
        outside = _outside_ports(made.positions, ports)
        outside.write_parquet(at_sea)
        events, (whole, across), slots = _ours(file, ports)
        silences, alone = _gaps_alone(file, ports)
        slots.select("mmsi", "lon", "lat", t=pl.col("slot") * 600).write_parquet(slots_file)
        gaps = events["gaps"].filter(~pl.col("is_open")).height
        pairs = set(events["encounters"].select("mmsi_a", "mmsi_b").iter_rows())
        print(f"{rows:,} synthetic positions of {ships} ships, without faults")
        note = f"{gaps} gaps, {events['encounters'].height} encounters of {len(pairs)} pairs"
        _say("ours: all five stages", rows, whole.wall_s, whole.cpu_s, note)
        _say("ours: tracks and gaps alone", rows, alone.wall_s, alone.cpu_s, f"{silences} gaps")
        _say(
            "ours: encounters from slots",
            slots.height,
            across.wall_s,
            across.cpu_s,
            f"{len(pairs)} pairs",
        )
        asked: list[tuple[str, str, Path, list[tuple[str, _Timed]]]] = [
            (
                "movingpandas gap split",
                _MOVINGPANDAS,
                file,
                [("all five", whole), ("our gaps", alone)],
            ),
            (
                "pymeos build and split by gaps",
                _PYMEOS,
                file,
                [("all five", whole), ("our gaps", alone)],
            ),
            (
                "neptune-ais encounters, positions at sea",
                _NEPTUNE,
                at_sea,
                [("all five", whole), ("our encounters", across)],
            ),
            (
                "neptune-ais encounters, our slots",
                _NEPTUNE,
                slots_file,
                [("our encounters", across)],
            ),
        ]
        for name, program, rows_file, beside in asked:
            if given.only and name.split(" ", 1)[0] not in given.only.split(","):
                continue
            if given.peers_python is None:
                print(f"{name:44} skipped, no --peers-python given")
                continue
            found = _ask(given.peers_python, program, rows_file, given.peer_memory_gb)
            if isinstance(found, str):
                print(f"{name:44} no answer: {found}")
                continue
            note = f"{found['found']} found"
            if "pairs" in found:
                theirs = {(one, other) for one, other in found["pairs"]}
                note += (
                    f", {len(theirs)} pairs; {len(theirs - pairs)} only theirs, "
                    f"{len(pairs - theirs)} only ours"
                )
            if "split_s" in found:
                note += f", {found['split_s']:.3f} s of it for the split"
            _say(name, found["rows"], found["wall_s"], found["cpu_s"], note)
            for what, ours in beside:
                print(
                    f"{'':44} {found['wall_s'] / ours.wall_s:.1f} times {what} by the clock, "
                    f"{found['cpu_s'] / ours.cpu_s:.1f} times by CPU"
                )


if __name__ == "__main__":
    main()
