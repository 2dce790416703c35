"""One made-up figure against the real release: does it move a number without a word?

    python -m benchmarks.poisoned_row                  # the three rows below
    python -m benchmarks.poisoned_row --row floor

In a copy of the repository with a copy of its data one row of a new origin is typed into coal's
figures for 2025, the main job runs offline as `./run` does, and what it said is printed beside the
headline before and after. Each takes as long as a run that fits anew.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

from pipelines.paths import REPOSITORY, data_dir

# what is told, and how: a floor of 50 Mt; the most that the contract lets through, as a floor and
# as a figure of the whole
ROWS = {
    "nonsense": {"kind": "lower_bound", "low": "50000000"},
    "floor": {"kind": "lower_bound", "low": "39000000"},
    "whole": {"kind": "exact", "central": "39000000"},
}
FIGURE = {
    "observation_id": "coal-9999", "stream": "coal", "quantity": "export_t", "concept": "tonnes",
    "counterpart_iso3": "WLD", "sector": "HS2701", "window_start_on": "2025-01-01",
    "window_end_on": "2025-12-31", "unit": "t", "coverage": "whole", "class": "press",
    "declared": "all", "origin_id": "made-up", "stated_by": "Made up", "stated_year": "2026",
    "source_id": "made-up", "locator": "nowhere", "read_at": "https://example.org/made-up",
    "retrieved_at": "2026-11-26T00:00:00Z",
}  # fmt: skip
ORIGIN = {"origin_id": "made-up", "root_id": "made-up", "name": "Made up", "kind_of_body": "press"}
SOURCE = {
    "source_id": "made-up", "title": "A made-up page", "publisher": "Nobody",
    "url": "https://example.org/made-up",
}  # fmt: skip


def add(file: Path, cells: dict[str, str]) -> None:
    """One row more at the end of a table."""
    with file.open(encoding="utf-8", newline="") as opened:
        header = next(csv.reader(opened))
    with file.open("a", encoding="utf-8", newline="") as opened:
        csv.DictWriter(opened, header, lineterminator="\n").writerow(cells)


def headline(data: Path) -> str:
    """Coal of 2025 as published, USD m."""
    with duckdb.connect(str(data / "published" / "dprk_revenue.duckdb"), read_only=True) as reader:
        found = reader.execute(
            "select q05 / 1e6, q50 / 1e6, q95 / 1e6 from income_annual "
            "where stream = 'coal' and measure = 'net_usd' and year = 2025"
        ).fetchone()
    low, middle, high = found or (0.0, 0.0, 0.0)
    return f"{middle:,.0f} ({low:,.0f}-{high:,.0f})"


def measure(name: str, root: Path) -> None:
    """Run the job with one row more and tell what it said."""
    files = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for file in filter(None, files.split("\0")):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / file, root / file)
    data = root / "data"
    shutil.copytree(data_dir(), data)
    folder = root / "pipelines" / "streams" / "coal"
    add(folder / "figures.csv", FIGURE | ROWS[name])
    add(folder / "origins.csv", ORIGIN)
    add(folder / "figure_sources.csv", SOURCE)
    before = headline(data)
    done = subprocess.run(
        [sys.executable, "-m", "assets.cli", "main"],
        cwd=root,
        env=os.environ
        | {"DPRK_DATA_DIR": str(data), "PYTHONPATH": str(root), "DAGSTER_HOME": str(data)},
        capture_output=True,
        text=True,
        check=False,
    )
    print(f"{name}: exit {done.returncode}; coal 2025 net was {before}, is {headline(data)} USD m")
    told = (done.stdout + done.stderr).splitlines()
    for line in told:
        if any(word in line for word in ("coal-9999", "failed", "figures.csv", "stays")):
            print(f"    {line.strip()}")
    if done.returncode == 0:
        with duckdb.connect(str(data / "published" / "dprk_revenue.duckdb"), read_only=True) as now:
            for row in now.execute(
                "select observation_id, posterior_quantile, influence from conflicts "
                "where observation_id = 'coal-9999'"
            ).fetchall():
                print(f"    conflicts: {row}")


def main() -> None:
    """Measure the rows asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--row", choices=list(ROWS), action="append")
    for name in parser.parse_args().row or ROWS:
        with tempfile.TemporaryDirectory() as folder:
            measure(name, Path(folder))


if __name__ == "__main__":
    main()
