"""From file to events: landing beside the bare parse, and the code before beside the code now.

    python -m benchmarks.ais_landing --rows 1000000 --before de46203 --rounds 3
    python -m benchmarks.ais_landing --rows 10000000 --only bare,clean,events

Every measurement is a process of its own, one after another, round after round, so that each stands
beside the bare parse of its own round. `--before` takes the program of an older commit out of the
repository into a scratch folder and measures the same files with it. Shown are medians, in CPU
seconds of all threads (what a busy machine distorts least), wall seconds and greatest memory.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parent.parent
_SHARED = os.environ.get("DPRK_SHARED_DIR", str(HERE.parent / "shared"))


def faulty(clean: Path, target: Path) -> None:
    """A copy of a file with one row in a hundred damaged, in forty kinds, each row one."""
    rng = random.Random(3)

    def cell(at: int, value: str) -> Callable[[list[str]], str]:
        return lambda cells: ",".join([*cells[:at], value, *cells[at + 1 :]])

    kinds: list[Callable[[list[str]], str]] = [
        *(cell(0, v) for v in ("ABC", "12345678901", "3669882", "992476001", " 299000001", "")),
        *(cell(1, v) for v in ("", "2023-02-30T00:00:00", "infinity", "1999-12-31T23:59:59")),
        *(cell(1, v) for v in ("2027-11-25T00:00:01", "2024-01-01T00:00:00Z", "01/01/2024 00:00")),
        *(cell(2, v) for v in ("", "91", "-90.001", "nan", "38,2")),
        *(cell(3, v) for v in ("181", "x", "inf")),
        *(cell(4, v) for v in ("fast", "102.3", "1,5", "999")),
        *(cell(5, v) for v in ("360", "")),
        *(cell(7, v) for v in ('"QUOTED"', '"UNCLOSED', 'A"B', '"A, B"', "\uc740\ud558\uc218")),
        *(cell(at, v) for at, v in ((8, "IMO0000000"), (12, "long"), (14, "deep"))),
        lambda cells: ",".join([*cells, ""]),
        lambda cells: ",".join(cells[:-1]),
        lambda _: "",
        lambda _: "# comment",
        lambda cells: ",".join(cells)[:30],
        lambda _: "," * 16,
        lambda cells: ",".join(cells) + "\r",
        lambda cells: ";".join(cells),
        lambda _: "x" * 3000,
    ]
    with clean.open(encoding="utf-8") as source, target.open("w", encoding="utf-8") as out:
        out.write(source.readline())
        for line in source:
            if rng.random() < 0.01:
                line = rng.choice(kinds)(line.rstrip("\n").split(",")) + "\n"
            out.write(line)


# what a measuring process runs; the older program has the same names in other places. Its greatest
# memory is the kernel's VmHWM, since getrusage hands on what the parent once held
_MEASURE = """
import datetime as dt, json, shutil, sys, time
from pathlib import Path
what, file, scratch = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
from pipelines.shipping import landing
try:
    from pipelines.shipping import days
except ImportError:
    days = landing
import pyarrow, polars, duckdb
def land():
    shutil.rmtree(scratch, ignore_errors=True)
    return landing.land_file(file, scratch / "landed", received_at=dt.datetime.now(dt.UTC),
                             cache_dir=scratch.parent / "cache")
def events():
    try:
        from pipelines.shipping.synthetic import synthetic_ports
    except ImportError:
        from benchmarks.ais_generator import synthetic_ports
    from pipelines.shipping import history, places
    done = land()
    for day in days.stale_days(scratch / "landed", scratch / "days"):
        days.build_day(scratch / "landed", scratch / "days", day)
    ports = synthetic_ports()
    history.update_events(scratch / "days", scratch / "history", ports,
        places=lambda points: places.measure(points, ports, cache_dir=scratch.parent / "cache"))
    return done
def sentences():
    try:
        from pipelines.shipping.decode.lines import blocks
        source = blocks(file)
    except ImportError:
        source = file
    from pipelines.shipping.decode.nmea import decode_nmea
    for frame in decode_nmea(source):
        pass
def bare():
    with duckdb.connect() as connection:
        connection.execute("create table parsed as select * from read_csv($path)",
                           {"path": str(file)})
work = {"bare": bare, "land": land, "events": events, "sentences": sentences}[what]
if what == "sentences":
    work()  # so that the modules are compiled
else:
    import numpy
    from pipelines.shipping import land as mask
    mask.is_land_cell(numpy.zeros(1, int), numpy.zeros(1, int), cache_dir=scratch.parent / "cache")
began = time.perf_counter(), time.process_time()
found = work()
done = {"wall_s": time.perf_counter() - began[0], "cpu_s": time.process_time() - began[1],
        "rss_mb": next(int(line.split()[1]) / 1024 for line in open("/proc/self/status")
                       if line.startswith("VmHWM"))}
if found is not None:
    done["rows"] = f"{found.rows_in:,} in, {found.rows_kept:,} kept"
print(json.dumps(done))
"""


def _measure(program: Path, what: str, file: Path, scratch: Path) -> dict:
    command = [sys.executable, "-W", "ignore", "-c", _MEASURE, what, str(file), str(scratch)]
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False, cwd=program
    )
    if done.returncode:
        raise SystemExit(f"{what} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def older(commit: str, folder: Path) -> Path:
    """The program of a commit, in a folder."""
    packed = subprocess.run(  # noqa: S603
        ["git", "archive", commit, "pipelines", "sql", "benchmarks", "assets", "tests"],  # noqa: S607
        capture_output=True,
        check=True,
        cwd=HERE,
    ).stdout
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--before", help="a commit whose program is measured beside this one")
    parser.add_argument("--only", default="bare,clean,faults,events,sentences")
    given = parser.parse_args()
    from benchmarks.nmea_rate import write_csv

    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        clean, damaged = scratch / "clean.csv", scratch / "faults.csv"
        write_csv(clean, given.rows)
        faulty(clean, damaged)
        runs: list[tuple[str, str, Path, int]] = [
            ("bare", "bare", clean, given.rows),
            ("clean", "land", clean, given.rows),
            ("faults", "land", damaged, given.rows),
            ("events", "events", clean, given.rows),
        ]
        for name in ("tag_blocked.nm4", "nmea_sample.txt"):
            source = Path(_SHARED) / "real" / "ais" / name
            if source.exists():
                many = scratch / name
                many.write_bytes(source.read_bytes() * 200)
                lines = many.read_bytes().count(b"\n")
                runs.append((f"sentences {name}", "sentences", many, lines))
        programs = {"now": HERE}
        if given.before:
            programs["before"] = older(given.before, scratch / "older")
        wanted = given.only.split(",")
        runs = [run for run in runs if run[0].split(" ", 1)[0] in wanted]
        found: dict[tuple[str, str], list[dict]] = {}
        for _ in range(given.rounds):
            for name, what, file, _ in runs:
                for program, place in programs.items():
                    if what == "bare" and program == "before":
                        continue
                    made = _measure(place, what, file, scratch / "work")
                    found.setdefault((name, program), []).append(made)
        _print(given.rows, runs, found, given.rounds)


def _print(
    rows: int,
    runs: list[tuple[str, str, Path, int]],
    found: dict[tuple[str, str], list[dict]],
    rounds: int,
) -> None:
    table = Table(title=f"{rows:,} rows, medians of {rounds} rounds, one run")
    heads = (
        "what",
        "program",
        "CPU s",
        "x bare",
        "wall s",
        "per CPU s",
        "s a million",
        "MB",
        "rows",
    )
    for head in heads:
        table.add_column(head, justify="left" if head in ("what", "program") else "right")
    bare = found.get(("bare", "now"))
    for name, what, _, many in runs:
        for program in ("now", "before"):
            made = found.get((name, program))
            if made is None:
                continue
            cpu = median(one["cpu_s"] for one in made)
            ratio = ""
            if bare is not None and what != "sentences":
                pairs = zip(made, bare, strict=True)
                ratio = f"{median(one['cpu_s'] / other['cpu_s'] for one, other in pairs):.2f}"
            table.add_row(
                name,
                "DuckDB" if what == "bare" else program,
                f"{cpu:.2f}",
                ratio,
                f"{median(one['wall_s'] for one in made):.2f}",
                f"{many / cpu:,.0f}",
                f"{cpu * 1e6 / many:.2f}",
                f"{max(one['rss_mb'] for one in made):.0f}",
                made[0].get("rows", ""),
            )
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
