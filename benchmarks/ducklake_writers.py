"""Two processes write one DuckLake at once; no row is lost and each sees the other's.

    pip install --no-deps duckdb-extensions==1.5.5 duckdb-extension-ducklake==1.5.5 \
        duckdb-extension-sqlite-scanner==1.5.5
    python -m benchmarks.ducklake_writers [--rows 2000] [--batches 20]

The catalog is a SQLite file here, Postgres on servers. A writer that loses the race for a
commit tries again. Prints rows written, rows found, and how often somebody had to try again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb


def attached(folder: Path) -> duckdb.DuckDBPyConnection:
    """A connection with the lake attached as `lake`."""
    from duckdb_extensions import import_extension  # ty: ignore[import-not-found]

    for name in ("ducklake", "sqlite_scanner"):
        import_extension(name)
    connection = duckdb.connect()
    connection.execute("load ducklake")
    connection.execute("load sqlite_scanner")
    connection.execute(
        f"attach 'ducklake:sqlite:{folder / 'catalog.sqlite'}' as lake "
        f"(data_path '{folder / 'data'}')"
    )
    return connection


def write(folder: str, writer: int, batches: int, rows: int, retries: Any) -> None:
    """Append batches of rows, each in a commit of its own."""
    connection = attached(Path(folder))
    for batch in range(batches):
        for attempt in range(50):
            try:
                connection.execute(
                    "insert into lake.observations select $w, $b, range from range($n)",
                    {"w": writer, "b": batch, "n": rows},
                )
                break
            except duckdb.Error:
                with retries.get_lock():
                    retries.value += 1
                time.sleep(0.02 * (attempt + 1) * (writer + 1))
        else:
            raise SystemExit(f"writer {writer} never got batch {batch} in")


def main() -> None:
    """Run both writers and count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--batches", type=int, default=20)
    chosen = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="dprk-lake-") as place:
        attached(Path(place)).execute(
            "create table lake.observations (writer bigint, batch bigint, row bigint)"
        )
        retries = context.Value("i", 0)
        writers = [
            context.Process(target=write, args=(place, one, chosen.batches, chosen.rows, retries))
            for one in (0, 1)
        ]
        for one in writers:
            one.start()
        for one in writers:
            one.join()
        found = (
            attached(Path(place))
            .execute("select count(*), count(distinct (writer, batch, row)) from lake.observations")
            .fetchone()
        )
    written = 2 * chosen.batches * chosen.rows
    print(f"written {written}, found {found}, tried again {retries.value}")
    raise SystemExit(found != (written, written) or any(one.exitcode for one in writers))


if __name__ == "__main__":
    main()
