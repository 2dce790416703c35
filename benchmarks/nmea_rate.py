"""Sentences decoded and rows landed a second: `python -m benchmarks.nmea_rate [--sentences N]`.

pyais is what the project decodes with. Where they are installed, libais (Apache-2.0, group `nmea`
of pyproject.toml) and aiscat (GPL-3.0, never a dependency) decode the same file beside it. Figures
of one run, on one machine, are side by side, in wall seconds and in CPU seconds of all threads.
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
from pipelines.shipping.decode.lines import blocks
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


def timed(work: Callable[[], int]) -> tuple[int, float, float]:
    """(items, wall seconds, CPU seconds) of one run."""
    began = time.perf_counter(), time.process_time()
    done = work()
    return done, time.perf_counter() - began[0], time.process_time() - began[1]


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


def _libais_alone(decode: Callable[[str, int], object], file: Path) -> int:
    """Single sentences alone, cut at their commas: no checksum, no tag block, no multi-part."""
    done = 0
    with file.open("rb") as stream:
        for line in stream:
            _, parts, _, _, _, payload, end = line.rsplit(b"!", 1)[1].split(b",")
            if parts == b"1":
                decode(payload.decode(), int(end[:1]))
                done += 1
    return done


def _libais_framed(decode: Callable[[str, int], object], file: Path) -> int:
    """The same within pyais's framing, as our decoder would use it."""
    with file.open("rb") as stream:
        return sum(
            1
            for message in IterMessages(stream)
            if (
                decode(message.payload.decode(), message.fill_bits)
                if message.frag_cnt == 1
                else message.decode()
            )
        )


def main() -> None:
    """Print the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    chosen = parser.parse_args()
    table = Table(title="Decoding and landing, synthetic input, one run")
    for head in ("what", "items", "wall s", "CPU s", "items/CPU s"):
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
                lambda: sum(frame.height for frame in decode_nmea(blocks(sentences))),
            ),
            ("NMEA landed, rules and all", lambda: _land(sentences, folder)),
            ("CSV parsed and no more (DuckDB)", lambda: _parse_only(csv)),
            ("CSV landed, rules and all", lambda: _land(csv, folder)),
        ]
        notes = []
        try:
            libais = importlib.import_module("ais").decode
        except ImportError:
            notes.append("libais is not installed: not measured")
        else:
            runs[1:1] = [
                ("libais alone, single sentences", lambda: _libais_alone(libais, sentences)),
                ("libais in pyais's framing", lambda: _libais_framed(libais, sentences)),
            ]
        try:
            aiscat = importlib.import_module("aiscat")
        except ImportError:
            notes.append("aiscat is not installed: not measured")
        else:
            notes.append("aiscat decodes to dictionaries")
            runs.insert(
                1, ("aiscat alone", lambda: sum(1 for _ in aiscat.from_file(str(sentences))))
            )
        for name, work in runs:
            done, wall_s, cpu_s = timed(work)
            cells = f"{done:,}", f"{wall_s:.2f}", f"{cpu_s:.2f}", f"{done / cpu_s:,.0f}"
            table.add_row(name, *cells)
    Console().print(table, "; ".join(notes))


if __name__ == "__main__":
    main()
