"""Each UTC day's positions out of all landed files, in ranges of MMSI.

A day of one file is that file's rows as they lie, sorted already; only where several files reach
into a day are their rows brought together, and what two of them repeat is counted once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from pipelines.shipping.landing import FileReport, first_ships, landed_reports
from pipelines.shipping.sieve import least_and_most
from pipelines.shipping.tracks import DAY_S, ORDER

# a bucket is the engine's unit of parallel work and of memory
ROWS_PER_BUCKET = 2_000_000
MOST_SPANS = 6


@dataclass(frozen=True)
class DayReport:
    """One day's positions: rows of all files in, rows written, repeats between files.

    `fingerprint` tells from which files the day was made: the same files, the same day.
    """

    day: str
    rows_in: int
    rows_kept: int
    repeated_between_files: int
    files: int
    fingerprint: str = ""


def build_day(
    landed: Path, positions: Path, day: dt.date, *, rows_per_bucket: int = ROWS_PER_BUCKET
) -> DayReport:
    """One UTC day of all landed files as `positions/day=<day>/bucket=<n>.parquet`.

    Each file is sorted by `ORDER` and holds a range of MMSI, so that its row groups tell a reader
    which ships they hold. A report that several files carry is written once, from the first file by
    hash. The day is replaced whole, so running it again after a late file is safe.
    """
    wanted = _files_of(landed).get(day, [])
    pieces = [one for mark in wanted for one in sorted((landed / mark).glob("positions*.parquet"))]
    target = positions / f"day={day.isoformat()}"
    positions.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=positions, prefix=".part-"))
    start = int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp())
    within = pl.col("t").is_between(start, start + DAY_S, closed="left")
    try:
        rows_in = 0
        if len(wanted) == 1 and _is_one_day(pieces, start):
            for number, piece in enumerate(pieces):
                # the same bytes under a second name: nothing is read or sorted again
                bucket = scratch / f"bucket={number:03d}.parquet"
                try:
                    os.link(piece, bucket)
                except OSError:  # some file systems know no second name
                    shutil.copyfile(piece, bucket)
        else:
            parts = (
                _of_one_file(pieces, within, rows_per_bucket)
                if len(wanted) == 1
                else _of_many_files(pieces, within, rows_per_bucket)
            )
            for number, (rows, frame) in enumerate(parts):
                rows_in += rows
                frame.write_parquet(
                    scratch / f"bucket={number:03d}.parquet", row_group_size=122_880
                )
        kept = sum(pq.read_metadata(one).num_rows for one in scratch.glob("bucket=*.parquet"))
        report = DayReport(
            day=day.isoformat(),
            rows_in=rows_in or kept,
            rows_kept=kept,
            repeated_between_files=rows_in - kept if rows_in else 0,
            files=len(wanted),
            fingerprint=_fingerprint(wanted),
        )
        (scratch / "report.json").write_text(json.dumps(asdict(report)), encoding="utf-8")
        if target.exists():
            shutil.rmtree(target)
        os.replace(scratch, target)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return report


def _is_one_day(pieces: list[Path], start: int) -> bool:
    """Whether no row of the pieces lies outside the day, by their footers."""
    for piece in pieces:
        footer = pq.read_metadata(piece)
        for group in range(footer.num_row_groups):
            known = least_and_most(footer, group, "t")
            if known is None or known[0] < start or known[1] >= start + DAY_S:
                return False
    return True


def _of_one_file(
    pieces: list[Path], within: pl.Expr, most: int
) -> Iterator[tuple[int, pl.DataFrame]]:
    """(rows, rows) of the day: pieces are in order of ships, and each is sorted within the day."""
    held: list[pl.DataFrame] = []
    for piece in pieces:
        frame = pl.scan_parquet(piece).filter(within).collect()
        if held and sum(one.height for one in held) + frame.height > most:
            joined = pl.concat(held)
            yield joined.height, joined
            held = []
        held.append(frame)
    joined = pl.concat(held) if held else pl.DataFrame()
    if joined.height:
        yield joined.height, joined


def _of_many_files(
    pieces: list[Path], within: pl.Expr, most: int
) -> Iterator[tuple[int, pl.DataFrame]]:
    """(rows in, rows without repeats between files) by range of ships."""
    if not pieces:
        return
    rows = pl.concat([pl.scan_parquet(piece).filter(within) for piece in pieces])
    ships = rows.group_by("mmsi").len().sort("mmsi").collect(engine="streaming")
    for low, high in pairwise([*first_ships(ships, most), 10**10]):
        held = (
            rows.filter(pl.col("mmsi").is_between(low, high, closed="left"))
            .sort(*ORDER, "file_sha", "line", nulls_last=True)
            .collect()
        )
        again = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift()) for name in ORDER)
        yield held.height, held.filter(~again | (pl.int_range(pl.len()) == 0))


def _files_of(landed: Path) -> dict[dt.date, list[str]]:
    """Hashes of the landed files that reach into each day, sorted."""
    by_day: dict[dt.date, list[str]] = {}
    for one in landed_reports(landed):
        for day in _days_of(one):
            by_day.setdefault(day, []).append(one.sha256)
    return {day: sorted(hashes) for day, hashes in sorted(by_day.items())}


def _days_of(report: FileReport) -> list[dt.date]:
    if report.days or report.first_day is None or report.last_day is None:
        return [dt.date.fromisoformat(day) for day in report.days]
    # a file landed before days were counted one by one
    first, last = (dt.date.fromisoformat(day) for day in (report.first_day, report.last_day))
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


def _fingerprint(hashes: list[str]) -> str:
    return hashlib.sha256(",".join(hashes).encode()).hexdigest()


def stale_days(landed: Path, positions: Path) -> list[dt.date]:
    """Days that landed files reach into and that are not yet made from exactly those files."""
    made = {one.day: one.fingerprint for one in day_reports(positions)}
    return [
        day
        for day, hashes in _files_of(landed).items()
        if made.get(day.isoformat()) != _fingerprint(hashes)
    ]


def day_reports(positions: Path) -> list[DayReport]:
    """Reports of the days made so far, in order."""
    return [
        DayReport(**json.loads(one.read_text(encoding="utf-8")))
        for one in sorted(positions.glob("day=*/report.json"))
    ]


def day_files(positions: Path, day: str) -> list[Path]:
    """The Parquet files of one day, by bucket."""
    return sorted((positions / f"day={day}").glob("bucket=*.parquet"))


def days_told(days: list[str]) -> str:
    """Which days have positions, in words: how many of those between, and the spans of them."""
    if not days:
        return "no day"
    dates = sorted(dt.date.fromisoformat(day) for day in days)
    between = (dates[-1] - dates[0]).days + 1
    spans = [[dates[0], dates[0]]]
    for day in dates[1:]:
        if (day - spans[-1][1]).days == 1:
            spans[-1][1] = day
        else:
            spans.append([day, day])
    told = [f"{one}" if one == other else f"{one} to {other}" for one, other in spans]
    if len(told) > MOST_SPANS:
        told = [*told[: MOST_SPANS - 1], f"{len(told) - MOST_SPANS + 1} more spans"]
    return f"{len(dates)} of {between} days ({', '.join(told)})"
