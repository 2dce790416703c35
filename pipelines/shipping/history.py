"""Events of all days, kept up to date: a new day costs that day, an old one changed starts anew.

Beside the positions lies what earlier days left open (the engine's state) and the events nothing
later can change. A manifest says which days, from which files, with which ports and thresholds.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from pipelines.shipping.days import day_files, day_reports
from pipelines.shipping.engine import (
    CARRIED,
    EVENT_PARTS,
    Partition,
    Places,
    State,
    finish,
    run,
)
from pipelines.shipping.thresholds import Thresholds
from pipelines.shipping.tracks import DAY_S

# days are worked on together up to this many reports: few passes over a long first history
ROWS_AT_ONCE = {"duckdb": 10_000_000, "spark": 1_000_000_000}


@dataclass(frozen=True)
class Update:
    """What an update did.

    Attributes:
        events: the event tables of the whole history; None where there are no positions at all.
        days: days in the history; new_days: those worked on now.
        is_restart: an old day, the ports or the thresholds changed, and all was worked anew.
    """

    events: dict[str, pl.DataFrame] | None
    days: int
    new_days: int
    is_restart: bool


def _setting(ports: pl.DataFrame) -> str:
    circles = ports.select("port_id", "lon", "lat", "r_in_km", "r_out_km").sort("port_id")
    # events kept by a version that knew other columns are no start for this one
    shape = {name: list(columns) for name, columns in (EVENT_PARTS | CARRIED).items()}
    text = json.dumps([circles.rows(), asdict(Thresholds()), shape])
    return hashlib.sha256(text.encode()).hexdigest()


def _start_of(day: str) -> int:
    return int(dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC).timestamp())


def _load(folder: Path, until_t: int) -> tuple[dict[str, pl.DataFrame], Partition]:
    """Settled events and the last partition, as stored."""

    def tables(kind: str) -> dict[str, pl.DataFrame]:
        return {one.stem: pl.read_parquet(one) for one in (folder / kind).glob("*.parquet")}

    return tables("settled"), Partition({}, tables("unsettled"), State(until_t, tables("state")))


def _store(
    folder: Path,
    settled: dict[str, pl.DataFrame],
    last: Partition,
    setting: str,
    days: list[tuple[str, str]],
) -> None:
    """Put the whole history beside, then in place: an interrupted run leaves the old one."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".part-"))
    for kind, tables in (
        ("settled", settled),
        ("unsettled", last.unsettled),
        ("state", last.state.tables),
    ):
        (scratch / kind).mkdir()
        for name, frame in tables.items():
            frame.write_parquet(scratch / kind / f"{name}.parquet")
    manifest = {"setting": setting, "days": days, "until_t": last.state.until_t}
    (scratch / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    os.replace(scratch, folder)


def _batches(days: list[str], rows: dict[str, int], most: int) -> list[list[str]]:
    batches: list[list[str]] = []
    held = 0
    for day in days:
        if not batches or held + rows[day] > most:
            batches.append([])
            held = 0
        batches[-1].append(day)
        held += rows[day]
    return batches


def update_events(
    positions: Path,
    history: Path,
    ports: pl.DataFrame,
    *,
    places: Places,
    engine: Literal["duckdb", "spark"] = "duckdb",
) -> Update:
    """Bring the event tables up to the last landed day.

    Args:
        positions: folder of `day=…/bucket=….parquet`.
        history: folder of what earlier runs left.
        ports: the ports to look for.
        places: measures points against ports and the coast.
        engine: where the stages run; on a cluster, every machine must see `positions` by this path.

    Returns:
        Update: `events` holds the engine's tables (`EVENTS`).
    """
    reports = [one for one in day_reports(positions) if one.rows_kept]
    if not reports:
        return Update(None, 0, 0, False)
    setting = _setting(ports)
    days = [(one.day, one.fingerprint) for one in reports]
    rows = {one.day: one.rows_kept for one in reports}
    known: list[tuple[str, str]] = []
    is_restart = False
    settled: dict[str, pl.DataFrame] = {}
    last: Partition | None = None
    if (history / "manifest.json").exists():
        stored = json.loads((history / "manifest.json").read_text(encoding="utf-8"))
        known = [(day, mark) for day, mark in stored["days"]]
        if stored["setting"] == setting and days[: len(known)] == known:
            settled, last = _load(history, stored["until_t"])
        else:
            known, is_restart = [], True
    new = [day for day, _ in days[len(known) :]]
    for batch in _batches(new, rows, ROWS_AT_ONCE[engine]):
        files = [file for day in batch for file in day_files(positions, day)]
        last = run(
            files,
            ports,
            state=last.state if last is not None else None,
            until_t=_start_of(batch[-1]) + DAY_S,
            engine=engine,
            memory_limit="1GB",
        )
        settled = {
            name: pl.concat([settled[name], frame]) if name in settled else frame
            for name, frame in last.settled.items()
        }
    assert last is not None
    if new:
        _store(history, settled, last, setting, days)
    return Update(finish(settled, last, places=places), len(days), len(new), is_restart)
