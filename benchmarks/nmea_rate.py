"""Sentences decoded and rows landed a second: `python -m benchmarks.nmea_rate [--sentences N]`.

pyais is what the project decodes with. Where aiscat is installed (GPL-3.0, never a dependency), it
decodes the same file beside it. All figures of one run, on one machine, are side by side.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
from pyais.encode import encode_dict
from pyais.stream import IterMessages
from rich.console import Console
from rich.table import Table

from pipelines.paths import data_dir
from pipelines.shipping.decode.nmea import decode_nmea
from pipelines.shipping.landing import land_file

_DISTINCT = 2_000


def write_sentences(target: Path, sentences: int) -> None:
    """Synthetic type 1 sentences with tag blocks; one sentence in twenty is a two-part type 5."""
    rng = np.random.default_rng(1)
    singles, parts = [], []
    for number in range(_DISTINCT):
        mmsi = 299_000_000 + number % 50
        fix: dict[str, str | float | bytes] = {
            "msg_type": 1,
            "mmsi": mmsi,
            "speed": 9.1,
            "course": 91.0,
            "heading": 90,
        }
        fix |= {"lon": float(rng.uniform(121, 125)), "lat": float(rng.uniform(35, 39))}
        singles.append(encode_dict(fix)[0])
        if number % 20 == 0:
            ship: dict[str, str | float | bytes] = {
                "msg_type": 5,
                "mmsi": mmsi,
                "shipname": "SYNTHETIC",
                "draught": 6.5,
            }
            parts.append(encode_dict(ship | {"seq_id": number % 10}))
    with target.open("w", encoding="ascii") as file:
        written = number = 0
        while written < sentences:
            group = (
                parts[number // 20 % len(parts)]
                if number % 20 == 0
                else [singles[number % _DISTINCT]]
            )
            for one in group:
                block = f"s:x,c:{1_704_067_200 + number}"
                check = 0
                for letter in block.encode():
                    check ^= letter
                file.write(f"\\{block}*{check:02X}\\{one}\n")
            written += len(group)
            number += 1


def write_csv(target: Path, rows: int) -> None:
    """Synthetic rows in the layout of the US coastal archive of 2023."""
    ships = 200
    number = np.arange(rows)
    ship, step = number % ships, number // ships
    instant = 1_704_067_200 + step * 17
    pl.DataFrame(
        {
            "MMSI": 299_000_000 + ship,
            "BaseDateTime": pl.from_epoch(pl.Series(instant)).dt.strftime("%Y-%m-%dT%H:%M:%S"),
            "LAT": (36 + ship / 80 + step * 17 / 3600 / 60 * 8 % 2).round(5),
            "LON": (121 + ship % 97 / 40).round(5),
            "SOG": np.round(step % 140 / 10, 1),
            "COG": np.round(step % 3600 / 10, 1),
            "Heading": np.where(step % 2 == 0, 511.0, 90.0),
            "VesselName": [f"SYNTHETIC {one}" for one in ship.tolist()],
            "IMO": "IMO9074729",
            "CallSign": "XXXX",
            "VesselType": 70,
            "Status": 0,
            "Length": 180.0,
            "Width": 30.0,
            "Draft": np.where(step % 3 == 0, 0.0, 8.1),
            "Cargo": 70,
            "TransceiverClass": "A",
        }
    ).write_csv(target)


def timed(work: Callable[[], int]) -> tuple[int, float]:
    """(items, seconds) of one run."""
    began = time.perf_counter()
    done = work()
    return done, time.perf_counter() - began


def _land(file: Path, folder: Path) -> int:
    return land_file(
        file,
        folder / f"landed-{file.stem}",
        received_at=dt.datetime.now(dt.UTC),
        cache_dir=data_dir() / "cache",
    ).rows_in


def _parse_only(file: Path) -> int:
    with duckdb.connect() as connection:
        connection.execute(
            "create table parsed as select * from read_csv($path)", {"path": str(file)}
        )
        return int((connection.execute("select count(*) from parsed").fetchone() or (0,))[0])


def _pyais_only(file: Path) -> int:
    with file.open("rb") as stream:
        return sum(1 for message in IterMessages(stream) if message.decode())


def main() -> None:
    """Print the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    chosen = parser.parse_args()
    table = Table(title="Decoding and landing, synthetic input, one run")
    for head in ("what", "items", "s", "items/s"):
        table.add_column(head, justify="left" if head == "what" else "right")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        sentences, csv = folder / "sentences.nmea", folder / "rows.csv"
        write_sentences(sentences, chosen.sentences)
        write_csv(csv, chosen.rows)
        runs: list[tuple[str, Callable[[], int]]] = [
            ("pyais alone, sentences to messages", lambda: _pyais_only(sentences)),
            (
                "our decoder, sentences to rows",
                lambda: sum(frame.height for frame in decode_nmea(sentences)),
            ),
            ("NMEA landed, rules and all", lambda: _land(sentences, folder)),
            ("CSV parsed and no more (DuckDB)", lambda: _parse_only(csv)),
            ("CSV landed, rules and all", lambda: _land(csv, folder)),
        ]
        try:
            aiscat = importlib.import_module("aiscat")
        except ImportError:
            note = "aiscat is not installed: not measured"
        else:
            note = "aiscat decodes to dictionaries"
            runs.insert(
                1, ("aiscat alone", lambda: sum(1 for _ in aiscat.from_file(str(sentences))))
            )
        for name, work in runs:
            done, seconds = timed(work)
            table.add_row(name, f"{done:,}", f"{seconds:.2f}", f"{done / seconds:,.0f}")
    Console().print(table, note)


if __name__ == "__main__":
    main()
