"""One made-up figure against the real release: does it move a number without a word?

    python -m benchmarks.poisoned_row                          # floors, on the release's own draws
    python -m benchmarks.poisoned_row --row nonsense --row whole [--way dropped]

A floor is one factor of the density, so what it does to the release is its draws reweighted by that
factor: seconds. A row asked for is put into coal's figures for 2025, typed by a new origin into the
shipped table or dropped into landing/, in a copy of repository and data; the main job runs offline
as `./run` does, and what it said stands beside the headline before and after.
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
import numpy as np
from scipy.stats import norm

from pipelines.inference.evidence import ASTRAY
from pipelines.inference.influence import quantiles
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


def weigh(*floors_mt: float) -> None:
    """Coal of 2025 with one floor more: the release's draws, weighted as the density would."""
    database = str(data_dir() / "published" / "dprk_revenue.duckdb")
    with duckdb.connect(database, read_only=True) as reader:
        tonnes, usd = reader.execute(
            """
            select list(amount order by draw), list(usd order by draw)
            from (
                select draw, sum(amount) as amount from quantity_draws
                where stream = 'coal' and quantity = 'tonnes' and year(month) = 2025 group by draw
            )
            inner join (
                select draw, sum(usd) as usd from income_draws
                where stream = 'coal' and measure = 'net_usd' and year(month) = 2025 group by draw
            ) using (draw)
            """
        ).fetchone() or ([], [])
    income = np.array(usd)[:, None] / 1e6
    print(f"as published: coal 2025 net {headline(data_dir())} USD m")
    for floor in floors_mt:
        above = norm.cdf((np.log(tonnes) - np.log(floor * 1e6)) / 0.2)
        weights = ASTRAY + (1 - ASTRAY) * above
        low, middle, high = quantiles(income, weights / weights.sum())[:, 0]
        print(f"a floor of {floor:,.0f} Mt: {middle:,.0f} ({low:,.0f}-{high:,.0f})")


def measure(name: str, way: str, root: Path) -> None:
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
    target = folder / "figures.csv"
    if way == "dropped":
        header = target.read_text(encoding="utf-8").splitlines()[0]
        target = data / "landing" / "made-up-figures.csv"
        target.write_text(f"{header}\n", encoding="utf-8")
    else:
        add(folder / "origins.csv", ORIGIN)
        add(folder / "figure_sources.csv", SOURCE)
    add(target, FIGURE | ROWS[name])
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
    print(f"{name}, {way}: exit {done.returncode}; USD m were {before}, are {headline(data)}")
    told = (done.stdout + done.stderr).splitlines()
    for line in told:
        if any(word in line for word in ("coal-9999", "failed", "figures", "stays")):
            print(f"    {line.strip()}")
    if done.returncode == 0:
        with duckdb.connect(str(data / "published" / "dprk_revenue.duckdb"), read_only=True) as now:
            for row in now.execute(
                "select observation_id, posterior_quantile, influence from conflicts "
                "where observation_id = 'coal-9999'"
            ).fetchall():
                print(f"    conflicts: {row}")


def main() -> None:
    """Weigh floors, or run the rows asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--row", choices=list(ROWS), action="append")
    parser.add_argument("--way", choices=["shipped", "dropped"], default="shipped")
    asked = parser.parse_args()
    if not asked.row:
        weigh(5, 10, 20, 39, 50)
    for name in asked.row or []:
        with tempfile.TemporaryDirectory() as folder:
            measure(name, asked.way, Path(folder))


if __name__ == "__main__":
    main()
