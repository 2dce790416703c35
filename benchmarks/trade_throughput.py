"""Trade rows a second from file to staged table, checked: `python -m benchmarks.trade_throughput`.

Makes synthetic files in the sources' layouts (BACI CSV; Comtrade's bulk layout as CSV and as
Parquet, one row in a thousand broken), then reads, checks, splits and writes them into a DuckDB
file as the staged assets do. Best of three; `nice` it on a shared machine. Threads are limited
by POLARS_MAX_THREADS and DuckDB's own setting.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from pipelines.quarantine import Split
from pipelines.sources.baci.read import parse_baci
from pipelines.sources.comtrade.read import parse_comtrade_bulk
from pipelines.warehouse import Warehouse, write_frame
from tests.fixtures.samples import BACI_NAME, COMTRADE_ROW

_BARE = ("Desc", "ISO", "Abbr")


def baci_file(rows: int, seed: int) -> bytes:
    """A BACI year: distinct (exporter, importer, code), a tenth of the weights missing."""
    rng = np.random.default_rng(seed)
    pair = np.arange(rows)
    frame = pl.DataFrame(
        {
            "t": np.full(rows, 2016),
            "i": 4 + pair % 200 * 4,
            "j": 8 + pair // 200 % 200 * 4,
            "k": pl.Series(10_000 + pair // 40_000 * 7).cast(pl.String).str.zfill(6),
            "v": np.round(rng.lognormal(3, 2, rows), 3),
            "q": pl.Series(np.round(rng.lognormal(3, 2, rows), 3)),
        }
    ).with_columns(
        q=pl.when(pl.int_range(pl.len()) % 10 == 0)
        .then(pl.lit("             NA"))
        .otherwise(pl.col("q").cast(pl.String)),
        k=pl.when(pl.int_range(pl.len()) % 1_000 == 500)
        .then(pl.lit("27011"))
        .otherwise(pl.col("k")),
    )
    return frame.write_csv().encode()


def comtrade_frame(rows: int, seed: int) -> pl.DataFrame:
    """The bulk layout: no names, flags as 0 and 1, one row in a thousand with a wrong level."""
    rng = np.random.default_rng(seed)
    number = np.arange(rows)
    value = np.round(rng.lognormal(8, 2, rows), 2)
    kept = {
        name: value
        for name, value in COMTRADE_ROW.items()
        if not name.endswith(_BARE) and name != "classificationSearchCode"
    }
    frame = pl.DataFrame({name: pl.Series([value]) for name, value in kept.items()})
    return (
        pl.concat([frame] * 1)
        .select(pl.all().repeat_by(rows).explode())
        .with_columns(
            pl.col(pl.Boolean).cast(pl.Int8),
            reporterCode=pl.Series(4 + number % 200 * 4),
            partnerCode=pl.Series(8 + number // 200 % 200 * 4),
            cmdCode=pl.Series(10_000 + number // 40_000 * 7).cast(pl.String).str.zfill(6),
            aggrLevel=pl.Series(np.where(number % 1_000 == 500, 4, 6)),
            primaryValue=pl.Series(value),
            cifvalue=pl.Series(value),
            netWgt=pl.Series(np.round(value * 3)),
        )
    )


def measure(
    content: bytes, parse: Callable[[bytes], Split], table: str, rounds: int
) -> tuple[Split, float, float]:
    """The best of some rounds from bytes to a written table: wall and processor seconds."""
    best = used = float("inf")
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            warehouse = Warehouse(Path(folder) / f"{number}.duckdb")
            started, busy = time.perf_counter(), time.process_time()
            split = parse(content)
            with warehouse.connect() as connection:
                write_frame(connection, table, split.kept)
                write_frame(connection, "staged.quarantine", split.quarantined)
            best = min(best, time.perf_counter() - started)
            used = min(used, time.process_time() - busy)
    return split, best, used


def main() -> int:
    """Print rows a second for each layout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    packed = io.BytesIO()
    bulk = comtrade_frame(chosen.rows, 2)
    bulk.write_parquet(packed)
    cases: list[tuple[str, bytes, Callable[[bytes], Split], str]] = [
        (
            "BACI, CSV",
            baci_file(chosen.rows, 1),
            lambda content: parse_baci(content, file=BACI_NAME)[0],
            "staged.baci",
        ),
        (
            "BACI, CSV, North Korea only",
            baci_file(chosen.rows, 1),
            lambda content: parse_baci(content, file=BACI_NAME, party=408)[0],
            "staged.baci",
        ),
        (
            "Comtrade bulk, Parquet",
            packed.getvalue(),
            lambda content: parse_comtrade_bulk(content, file="bulk.parquet"),
            "staged.comtrade",
        ),
        (
            "Comtrade bulk, CSV",
            bulk.write_csv().encode(),
            lambda content: parse_comtrade_bulk(content, file="bulk.csv"),
            "staged.comtrade",
        ),
    ]
    threads = os.environ.get("POLARS_MAX_THREADS") or str(pl.thread_pool_size())
    table = Table(title=f"File to staged table, checked; {threads} threads, synthetic rows")
    for head in (
        "layout",
        "rows in file",
        "MB",
        "kept",
        "refused",
        "s",
        "rows/s",
        "cpu s",
        "rows/s, 2 free cores",
    ):
        table.add_column(head, justify="left" if head == "layout" else "right")
    for name, content, parse, target in cases:
        split, seconds, busy = measure(content, parse, target, chosen.rounds)
        table.add_row(
            name,
            f"{chosen.rows:,}",
            f"{len(content) / 1e6:.0f}",
            f"{split.kept.height:,}",
            f"{split.rows_quarantined:,}",
            f"{seconds:.2f}",
            f"{chosen.rows / seconds:,.0f}",
            f"{busy:.2f}",
            f"{2 * chosen.rows / busy:,.0f}",
        )
    Console(width=130).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
