"""Gap split by movingpandas on the same rows, in the same run; a peer that is absent is skipped.

    python -m benchmarks.ais_peers --rows 50000 --peers-python /path/to/venv/bin/python

The peers need an environment of their own (group `peers` of pyproject.toml): theirs and ours pin
different versions. The engine's time is for all five stages, movingpandas' for the gap split alone.
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
print(json.dumps({"wall_s": took, "gaps": len(split.trajectories) - len(tracks.trajectories)}))
"""


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
        print(f"all five stages {rows / min(times):12,.0f} rows/s, {gaps} gaps")
        if given.peers_python is None:
            print("movingpandas: skipped, no --peers-python given")
            return
        done = subprocess.run(  # noqa: S603
            [str(given.peers_python), "-W", "ignore", "-c", _MOVINGPANDAS, str(file)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            print(f"movingpandas: skipped, {done.stderr.strip().splitlines()[-1]}")
            return
        found = json.loads(done.stdout.strip().splitlines()[-1])
        print(
            f"movingpandas    {rows / found['wall_s']:12,.0f} rows/s, {found['gaps']} gaps; "
            f"{found['wall_s'] / min(times):.0f} times slower"
        )


if __name__ == "__main__":
    main()
