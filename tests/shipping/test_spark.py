"""The same SQL on Apache Spark gives the same rows; skips where Spark or Java is missing.

A few ships by default. DPRK_SPARK_ROWS=1000000 runs the size that the claim is made for.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from pipelines.shipping import engine
from pipelines.shipping import synthetic as ais_generator

pytest.importorskip("pyspark", reason="pyspark is not installed")
if shutil.which("java") is None:
    pytest.skip("Java is not on the PATH", allow_module_level=True)


def _bag(frame: pl.DataFrame) -> Counter[tuple]:
    """Rows with how often each occurs: EXCEPT ALL both ways in one comparison."""
    return Counter(frame.rows())


def test_spark_and_duckdb_give_equal_rows(tmp_path: Path) -> None:
    rows = int(os.environ.get("DPRK_SPARK_ROWS", "0"))
    ships, days = (ais_generator.ships_for(rows), 90) if rows else (6, 12)
    made = ais_generator.make(ships=ships, days=days, seed=4, shared_share=0.34)
    file = tmp_path / "positions.parquet"
    made.positions.write_parquet(file)
    ports = ais_generator.synthetic_ports()
    ours = engine.run([file], ports)
    theirs = engine.run([file], ports, engine="spark")
    assert ours.settled["calls"].height > 0
    assert (ours.settled["segments"]["n_pieces"] > 3).any() or ours.unsettled["segments"].height
    for name in engine.EVENT_PARTS:
        assert _bag(ours.settled[name]) == _bag(theirs.settled[name]), name
        assert _bag(ours.unsettled[name]) == _bag(theirs.unsettled[name]), name
    for name, frame in ours.state.tables.items():
        assert _bag(frame) == _bag(theirs.state.tables[name]), name


@pytest.mark.skipif(
    not os.environ.get("DPRK_SPARK_CLUSTER"),
    reason="starts three Java processes; set DPRK_SPARK_CLUSTER=1 to run it",
)
def test_a_standalone_cluster_of_two_workers_gives_equal_rows() -> None:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.ais_spark_cluster"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert found["master"].startswith("spark://")
    assert found["executors"] == 2
    assert found["rows"] > 100
    assert found["rows_that_differ"] == 0
