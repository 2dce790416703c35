"""The shipping stages on a standalone Spark cluster of two workers: are the rows those of DuckDB?

    python -m benchmarks.ais_spark_cluster --ships 6 --days 12

Starts a master and two workers on this machine, each a process of its own with one core, submits
the stages as a user would (DPRK_SPARK_MASTER names the cluster), compares every table (EXCEPT ALL
both ways) and ends what it started. Needs Java 17 and the group `spark` of pyproject.toml.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from pipelines.shipping import synthetic as ais_generator
from pipelines.shipping.backends import SPARK_MASTER

_START_S = 300
_LOOPBACK = "127.0.0.1"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        return int(probe.getsockname()[1])


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Generator[str]:
    """The address of a master with so many workers registered; all end with the block."""
    spec = importlib.util.find_spec("pyspark")
    assert spec is not None
    assert spec.origin is not None
    start = str(Path(spec.origin).parent / "bin" / "spark-class")
    port, page = _free_port(), _free_port()
    address = f"spark://{_LOOPBACK}:{port}"
    deploy = "org.apache.spark.deploy"
    master = [f"{deploy}.master.Master", "--port", str(port), "--webui-port", str(page)]
    commands = [[*master, "--host", _LOOPBACK]]
    for number in range(workers):
        worker = [f"{deploy}.worker.Worker", "--cores", "1", "--memory", "1g", "--host", _LOOPBACK]
        worker += ["--webui-port", str(_free_port()), "--work-dir", str(folder / f"worker{number}")]
        commands.append([*worker, address])
    running = []
    try:
        for number, command in enumerate(commands):
            log = (folder / f"process{number}.log").open("wb")
            running.append(
                subprocess.Popen([start, *command], stdout=log, stderr=log)  # noqa: S603
            )
        _wait_for(page, workers)
        yield address
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            process.wait(timeout=60)


def _wait_for(page: int, workers: int) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://{_LOOPBACK}:{page}/json/", timeout=5) as answer:
                if json.load(answer)["aliveworkers"] == workers:
                    return
        except OSError:
            pass
        time.sleep(1)
    raise SystemExit(f"no {workers} workers within {_START_S} s")


def submit(folder: Path) -> dict[str, object]:
    """Run the stages on the cluster that the environment names and compare them with DuckDB's."""
    from pyspark.sql import SparkSession

    from benchmarks.ais_stages import PORTS, _differences
    from pipelines.shipping import engine

    file = folder / "positions.parquet"
    began = time.perf_counter()
    theirs = engine.run([file], PORTS, engine="spark")
    took = time.perf_counter() - began
    session = SparkSession.getActiveSession()
    assert session is not None
    context = session.sparkContext
    # the driver counts as one of them
    java = context._jsc
    assert java is not None
    executors = java.sc().getExecutorMemoryStatus().size() - 1
    ours = engine.run([file], PORTS)
    left = {f"settled {name}": ours.settled[name] for name in engine.EVENT_PARTS}
    right = {f"settled {name}": theirs.settled[name] for name in engine.EVENT_PARTS}
    for name in engine.EVENT_PARTS:
        left[f"unsettled {name}"] = ours.unsettled[name]
        right[f"unsettled {name}"] = theirs.unsettled[name]
    for name, frame in ours.state.tables.items():
        left[f"state {name}"], right[f"state {name}"] = frame, theirs.state.tables[name]
    return {
        "master": context.master,
        "executors": executors,
        "seconds": round(took, 1),
        "rows": sum(frame.height for frame in left.values()),
        "rows_that_differ": sum(_differences(left, right).values()),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--ships", type=int, default=6)
    parser.add_argument("--days", type=int, default=12)
    parser.add_argument("--submit", type=Path, help="the step that the cluster's user runs")
    given = parser.parse_args()
    if given.submit:
        print(json.dumps(submit(given.submit)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        made = ais_generator.make(ships=given.ships, days=given.days, seed=4, shared_share=0.34)
        made.positions.write_parquet(folder / "positions.parquet")
        with cluster(folder) as address:
            command = [sys.executable, "-W", "ignore", "-m", "benchmarks.ais_spark_cluster"]
            done = subprocess.run(  # noqa: S603
                [*command, "--submit", str(folder)],
                env={**os.environ, SPARK_MASTER: address, "SPARK_LOCAL_IP": _LOOPBACK},
                capture_output=True,
                text=True,
                check=False,
            )
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    print(done.stdout.strip().splitlines()[-1])


if __name__ == "__main__":
    main()
