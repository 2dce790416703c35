"""Two peers on the same rows, in the same run: a peer that is absent is skipped.

    python -m benchmarks.ais_peers --rows 50000 --peers-python /path/to/venv/bin/python

The peers need an environment of their own (group `peers` of pyproject.toml): theirs and ours pin
different versions. The engine's time is for all five stages, movingpandas' for the gap split alone,
neptune-ais' for encounters alone with its own defaults.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import polars as pl

from benchmarks import ais_generator
from pipelines.shipping import engine, places

# runs in the peers' environment, which has none of our modules
_MOVINGPANDAS = """
import datetime, json, sys, time
import geopandas, movingpandas, pandas
rows = pandas.read_parquet(sys.argv[1])
rows["at"] = pandas.to_datetime(rows["t"], unit="s")
places = geopandas.points_from_xy(rows["lon"], rows["lat"])
frame = geopandas.GeoDataFrame(rows, geometry=places, crs=4326).set_index("at")
start = time.perf_counter()
tracks = movingpandas.TrajectoryCollection(frame, "mmsi", min_length=0)
split = movingpandas.ObservationGapSplitter(tracks).split(gap=datetime.timedelta(hours=6))
took = time.perf_counter() - start
print(json.dumps({"wall_s": took, "found": len(split.trajectories) - len(tracks.trajectories)}))
"""

_NEPTUNE = """
import json, sys, time
import polars
from neptune_ais.derive.events import detect_encounters
rows = polars.read_parquet(sys.argv[1]).with_columns(
    timestamp=polars.from_epoch("t", "s").dt.replace_time_zone("UTC"),
    source=polars.lit("synthetic"),
)
start = time.perf_counter()
found = detect_encounters(rows)
print(json.dumps({"wall_s": time.perf_counter() - start, "found": found.height}))
"""

PEERS = {"movingpandas gap split": _MOVINGPANDAS, "neptune-ais encounters": _NEPTUNE}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--peers-python", type=Path)
    given = parser.parse_args()
    ports = ais_generator.synthetic_ports()
    ships = ais_generator.ships_for(given.rows)
    # clean rows: the split is to be compared, not the cleaning
    made = ais_generator.make(ships=ships, days=90, seed=2, shared_share=0.0, noise=False)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "positions.parquet"
        made.positions.write_parquet(file)
        times = []
        for _ in range(3):
            start = time.perf_counter()
            partition = engine.run([file], ports)
            events = engine.finish(
                partition.settled,
                partition,
                places=lambda points: places.measure(points, ports, cache_dir=None),
            )
            times.append(time.perf_counter() - start)
        rows = made.positions.height
        gaps = events["gaps"].filter(~pl.col("is_open")).height
        print(f"{rows:,} synthetic positions")
        print(f"{'all five stages':24} {rows / min(times):12,.0f} rows/s, {gaps} gaps")
        meetings = events["encounters"].height
        print(f"{'':24} {meetings} encounters")
        for name, program in PEERS.items():
            if given.peers_python is None:
                print(f"{name:24} skipped, no --peers-python given")
                continue
            done = subprocess.run(  # noqa: S603
                [str(given.peers_python), "-W", "ignore", "-c", program, str(file)],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                print(f"{name:24} skipped, {(done.stderr.strip() or 'killed').splitlines()[-1]}")
                continue
            found = json.loads(done.stdout.strip().splitlines()[-1])
            print(
                f"{name:24} {rows / found['wall_s']:12,.0f} rows/s, {found['found']} found; "
                f"{found['wall_s'] / min(times):.0f} times slower than all five"
            )


if __name__ == "__main__":
    main()
