"""Land a file of positions: decode, hold against the rules, write sorted Parquet.

`land_file`: one dropped file → positions in order of day, ship and time (`positions-NN.parquet`,
each a range of MMSI), `statics.parquet`, `quarantine.parquet` and `report.json`, in a folder named
by the file's hash. Done once a file. `days.py` then gives each UTC day its share.

Lines are counted in the file's bytes before any reader sees them; lines = header + blank + rows
kept + rows quarantined, and so do their numbers add up, or nothing is put in place. What does not
fit in memory waits on disk by range of MMSI, so that a ship's reports are sorted once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.schemas.quarantine import QUARANTINE_SCHEMA
from pipelines.schemas.shipping import POSITIONS_SCHEMA, VesselStatics
from pipelines.schemas.types import polars_schema
from pipelines.shipping.decode.canonical import NUMBERS, TEXTS, filled
from pipelines.shipping.decode.csv_rows import decode_csv
from pipelines.shipping.decode.layouts import LAYOUTS, Layout
from pipelines.shipping.decode.lines import Block, blocks, count_lines
from pipelines.shipping.decode.nmea import decode_nmea
from pipelines.shipping.decode.recognise import UnknownFormat, header_line, plain_file, recognise
from pipelines.shipping.decode.records import (
    array_of,
    decode_array,
    decode_json_lines,
    decode_parquet,
    is_array,
)
from pipelines.shipping.rules import Desk, Rules, judge, load_rules, quarantine_of
from pipelines.shipping.tracks import DAY_S, track

# reports of a file with more lines wait on disk, in ranges of ships of about so many
ROWS_AT_ONCE = 2_500_000
ROWS_PER_RANGE = 1_500_000
_PARTICULARS_AT_ONCE = 400_000

POSITION_COLUMNS: dict[str, type[pl.DataType]] = {
    **POSITIONS_SCHEMA,
    "flags": pl.Int64,
    "line": pl.Int64,
    "file_sha": pl.String,
}
STATIC_COLUMNS = polars_schema(VesselStatics)
POSITION_FORMS = ("nmea", *LAYOUTS, "positions_parquet", "gfw_messages", "aisstream")
_REPORT = list(POSITION_COLUMNS)[:-1]
_OUTPUTS = ("positions-*.parquet", "statics.parquet", "quarantine.parquet", "report.json")


class RowsLost(RuntimeError):
    """The rows do not add up to the lines counted in the bytes; nothing was landed."""


@dataclass(frozen=True)
class FileReport:
    """What became of one file.

    Attributes:
        file: its name; sha256: of its bytes; form: as recognised.
        received_at: UTC instant it was dropped.
        lines: counted in its bytes; of a file without lines, its records.
        header_lines, blank_lines: of these; lines = header + blank + rows in.
        rows_in: data rows, sentences or records.
        rows_kept: rows kept, as a position, as particulars or as part of a message.
        rows_quarantined: rows refused.
        positions: reports written.
        counts: rule → rows it refused or flagged.
        days: UTC day → positions on it.
    """

    file: str
    sha256: str
    form: str
    received_at: str
    rows_in: int
    rows_kept: int
    rows_quarantined: int
    positions: int
    statics: int
    lines: int = 0
    header_lines: int = 0
    blank_lines: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    days: dict[str, int] = field(default_factory=dict)
    first_day: str | None = None
    last_day: str | None = None


def file_hash(path: Path) -> str:
    """SHA-256 of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def land_file(
    path: Path,
    landed: Path,
    *,
    received_at: dt.datetime,
    cache_dir: Path,
    name: str | None = None,
    rows_at_once: int = ROWS_AT_ONCE,
) -> FileReport:
    """Decode one file and put the result in `landed/<sha256>/`; a file known already is left alone.

    Args:
        path: the dropped file, packed (gzip, zstd, zip of one) or plain.
        landed: folder of landed files.
        received_at: UTC instant of arrival: later reports are in the future.
        cache_dir: where the packed land mask lies.
        name: as it was dropped, where it lies under another.
        rows_at_once: reports held in memory; those of a longer file wait on disk.

    Raises:
        UnknownFormat: the file is none of the known forms, or changes while it is read.
        ValueError: its columns are not those of its form.
        RowsLost: the rows do not add up to the lines; nothing is put in place.
    """
    rules = load_rules()
    name = name or path.name
    before = path.stat()
    digest = file_hash(path)
    target = landed / digest
    if (target / "report.json").exists():
        return FileReport(**json.loads((target / "report.json").read_text(encoding="utf-8")))
    form = recognise(path, name)
    if form not in POSITION_FORMS:
        raise ValueError(f"{name} is {form}: it holds no positions")
    landed.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=landed, prefix=".part-"))
    try:
        with plain_file(path, scratch, name) as content, duckdb.connect() as connection:
            connection.execute("set threads = 1")
            landing = _Landing(scratch, Desk(connection, rules), rules, name, rows_at_once)
            report = landing.land(content, form, digest, received_at, cache_dir)
        after = path.stat()
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise UnknownFormat(f"{name} changed while it was read; it is taken once it rests")
        kept = {one for pattern in _OUTPUTS for one in scratch.glob(pattern)}
        for part in set(scratch.iterdir()) - kept:
            shutil.rmtree(part) if part.is_dir() else part.unlink()
        os.replace(scratch, target)
    except (duckdb.Error, pa.ArrowException, pl.exceptions.PolarsError, OSError) as error:
        shutil.rmtree(scratch, ignore_errors=True)
        if getattr(error, "errno", None) is not None:
            # of the system (a full disk); damage to the file itself has no number
            raise
        # the reader's own words come first; its hints name options nobody here can set
        said = str(error).strip().split("\n", 1)[0]
        raise UnknownFormat(f"{name} cannot be read as {form}: {said}; fetch it again") from error
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return report


class _Landing:
    """The rows of one file on their way: positions, particulars, quarantine."""

    def __init__(
        self, folder: Path, desk: Desk, rules: Rules, name: str, rows_at_once: int
    ) -> None:
        self.folder, self.desk, self.rules, self.name = folder, desk, rules, name
        self.rows_at_once = rows_at_once
        self.reports = _Reports(folder / "reports")
        self.particulars: list[pl.DataFrame] = []
        self.counts: Counter[str] = Counter()
        self.refused_parts = 0
        self.others = 0  # rows kept that are no position
        self.blank = 0
        self.seen = 0  # sum of the numbers of all lines that found their place

    def land(
        self, content: Path, form: str, digest: str, received_at: dt.datetime, cache_dir: Path
    ) -> FileReport:
        header_lines, lines = self._size(content, form)
        self.reports.ranges = -(-lines // ROWS_PER_RANGE) if lines > self.rows_at_once else 1
        for rows in self._rows(content, form, received_at):
            self._place(rows)
        positions, days = self._write_positions(digest, cache_dir)
        statics = self._write_statics(digest)
        quarantined = self._write_quarantine()
        rows_in = positions + self.others + quarantined
        self._check(form, lines, header_lines + self.blank + rows_in, header_lines)
        report = FileReport(
            file=self.name,
            sha256=digest,
            form=form,
            received_at=received_at.astimezone(dt.UTC).isoformat(timespec="seconds"),
            lines=lines,
            header_lines=header_lines,
            blank_lines=self.blank,
            rows_in=rows_in,
            rows_kept=positions + self.others,
            rows_quarantined=quarantined,
            positions=positions,
            statics=statics,
            counts={rule: rows for rule, rows in sorted(self.counts.items()) if rows},
            days=days,
            first_day=min(days, default=None),
            last_day=max(days, default=None),
        )
        (self.folder / "report.json").write_text(
            json.dumps(asdict(report), indent=1), encoding="utf-8"
        )
        return report

    def _size(self, content: Path, form: str) -> tuple[int, int]:
        """(lines of header, lines) counted in the bytes; records of a file that has no lines."""
        if form == "positions_parquet":
            return 0, pq.read_metadata(content).num_rows
        if form not in LAYOUTS and form != "nmea" and is_array(content):
            return 0, len(array_of(content, self.name))
        return int(form in LAYOUTS), count_lines(content)

    def _rows(self, content: Path, form: str, received_at: dt.datetime) -> Iterator[pl.DataFrame]:
        received_t = int(received_at.timestamp())

        def judged(frame: pl.DataFrame) -> pl.DataFrame:
            return judge(self.desk, frame, received_t=received_t)

        layout = LAYOUTS.get(form, Layout("", {}))

        def decode(cells: pl.DataFrame) -> pl.DataFrame:
            return self.desk.select(
                "decoded",
                cells,
                "cells",
                is_danish=layout.is_danish,
                base_station=layout.base_station,
                coarse=layout.coarse,
            )

        def messages(records: pl.DataFrame) -> pl.DataFrame:
            return self.desk.select("messages", records, "records")

        lines = self._watched(content)
        if form in LAYOUTS:
            header = header_line(content)
            yield from decode_csv(lines, layout, header, decode=decode, judge=judged)
            return
        if form == "nmea":
            frames = decode_nmea(lines)
        elif form == "positions_parquet":
            frames = decode_parquet(content, self.name)
        elif is_array(content):
            records = array_of(content, self.name)
            frames = decode_array(records, messages=messages, decode=decode)
        else:
            frames = decode_json_lines(lines, messages=messages, decode=decode)
        for frame in frames:
            yield judged(frame)

    def _watched(self, content: Path) -> Iterator[Block]:
        """The file's lines on their way to a decoder; those that hold nothing are counted here."""
        for block in blocks(content):
            blank = np.flatnonzero(block.is_blank) + block.first_line
            self.blank += len(blank)
            self.seen += int(blank.sum())
            yield block

    def _place(self, rows: pl.DataFrame) -> None:
        """Every row goes to the quarantine, to the positions, or is counted as kept otherwise."""
        self.seen += int(rows["line"].sum())
        is_refused = rows["rule"].is_not_null()
        if is_refused.any():
            self._refuse(rows.filter(is_refused))
            rows = rows.filter(~is_refused)
        is_part = rows["refused"].is_not_null()
        if is_part.any():
            self.others += int(is_part.sum())
            rows = rows.filter(~is_part)
        self._particulars(rows)
        if not rows["has_position"].all():
            self.others += int((~rows["has_position"]).sum())
            rows = rows.filter("has_position")
        self.reports.add(rows.select(_REPORT))

    def _refuse(self, rows: pl.DataFrame) -> None:
        """Canonical rows into the quarantine, each with the `rule` that refuses it."""
        self.counts.update(dict(rows["rule"].value_counts().iter_rows()))
        quarantine_of(rows, file=self.name, rules=self.rules).write_parquet(
            self.folder / f"refused-{self.refused_parts:06d}.parquet"
        )
        self.refused_parts += 1

    def _particulars(self, rows: pl.DataFrame) -> None:
        keys = ["mmsi", *TEXTS, *NUMBERS[-2:]]
        said = rows.lazy().filter(pl.any_horizontal(pl.col(TEXTS).is_not_null()))
        self.particulars.append(
            said.group_by(keys)
            .agg(
                draught_max_m=pl.col("draught_m").max(),
                first_t=pl.col("t").min(),
                last_t=pl.col("t").max(),
                reports=pl.len().cast(pl.Int64),
                line=pl.col("line").min(),
            )
            .collect()
        )
        if sum(one.height for one in self.particulars) > _PARTICULARS_AT_ONCE:
            self.particulars = [self._gathered(keys)]

    def _gathered(self, keys: list[str]) -> pl.DataFrame:
        return (
            pl.concat(self.particulars)
            .group_by(keys)
            .agg(
                pl.col("draught_max_m", "last_t").max(),
                pl.col("first_t", "line").min(),
                pl.col("reports").sum(),
            )
        )

    def _flagged(self, flags: pl.Series) -> None:
        for rule, bit in self.rules.bits.items():
            self.counts[rule] += int((flags & (1 << bit) != 0).sum())

    def _write_positions(self, digest: str, cache_dir: Path) -> tuple[int, dict[str, int]]:
        days: Counter[int] = Counter()
        for number, reports in enumerate(self.reports.by_range()):
            tracked = track(reports, self.rules, cache_dir=cache_dir)
            del reports
            frame = tracked.reports.select(_REPORT)
            self._flagged(frame["flags"])
            days.update(dict(frame.group_by(pl.col("t") // DAY_S).len().sort("t").iter_rows()))
            frame.with_columns(file_sha=pl.lit(digest)).write_parquet(
                self.folder / f"positions-{number:03d}.parquet", row_group_size=122_880
            )
            if len(tracked.repeated_lines):
                repeated = filled(pl.DataFrame({"line": tracked.repeated_lines}))
                self._refuse(repeated.with_columns(rule=pl.lit("duplicate")))
        written = sum(
            pq.read_metadata(one).num_rows for one in self.folder.glob("positions-*.parquet")
        )
        named = {
            (dt.date(1970, 1, 1) + dt.timedelta(days=day)).isoformat(): rows
            for day, rows in sorted(days.items())
        }
        return written, named

    def _write_statics(self, digest: str) -> int:
        gathered = pl.concat(self.particulars) if self.particulars else None
        statics = pl.DataFrame(schema=STATIC_COLUMNS)
        if gathered is not None:
            found = self.desk.select("statics", gathered, "particulars")
            statics = found.with_columns(file_sha=pl.lit(digest)).select(
                pl.col(name).cast(kind) for name, kind in STATIC_COLUMNS.items()
            )
        self._flagged(statics["flags"])
        statics.write_parquet(self.folder / "statics.parquet")
        return statics.height

    def _write_quarantine(self) -> int:
        file = self.folder / "quarantine.parquet"
        parts = sorted(self.folder.glob("refused-*.parquet"))
        if parts:
            pl.scan_parquet(parts).sort("line").sink_parquet(file)
        else:
            pl.DataFrame(schema=QUARANTINE_SCHEMA).write_parquet(file)
        return pq.read_metadata(file).num_rows

    def _check(self, form: str, lines: int, placed: int, header_lines: int) -> None:
        """Held against the bytes: how many lines there are, and which."""
        if placed != lines or self.seen + header_lines != lines * (lines + 1) // 2:
            raise RowsLost(
                f"{self.name}: {lines} lines in the file, but {placed} found a place, or not each "
                f"of them once; nothing was landed. This is a fault in the decoder of {form}: keep "
                "the file and report it."
            )


class _Reports:
    """Reports of one file: held, or waiting on disk by range of MMSI where they are many."""

    def __init__(self, folder: Path) -> None:
        self.ranges = 1
        self._folder = folder
        self._held: list[pl.DataFrame] = []
        self._rows = 0
        self._cuts: list[int] | None = None
        self._files = 0

    def add(self, reports: pl.DataFrame) -> None:
        self._held.append(reports)
        self._rows += reports.height
        if self.ranges > 1 and self._rows >= ROWS_PER_RANGE // 2:
            self._put_aside()

    def _put_aside(self) -> None:
        held = pl.concat(self._held)
        self._held, self._rows = [], 0
        if self._cuts is None:
            shares = [
                held["mmsi"].quantile(n / self.ranges, "lower") for n in range(1, self.ranges)
            ]
            self._cuts = sorted({int(cut) for cut in shares if cut is not None})
            self._folder.mkdir()
        self._divide(held, self._cuts, self._files)
        self._files += 1

    def by_range(self) -> Iterator[pl.DataFrame]:
        """All reports, each ship's together, ranges in order."""
        if self._cuts is None:
            yield (
                pl.concat(self._held)
                if self._held
                else pl.DataFrame(schema={name: POSITION_COLUMNS[name] for name in _REPORT})
            )
            return
        if self._held:
            self._put_aside()
        for part in range(len(self._cuts) + 1):
            # nothing lies below the first cut where it is the least
            if files := sorted(self._folder.glob(f"{part:03d}-*.arrow")):
                yield from self._of_range(files)

    def _of_range(self, files: list[Path]) -> Iterator[pl.DataFrame]:
        """Reports of one range, cut again where the file's first rows told little of the rest."""
        rows = pl.scan_ipc(files)
        if rows.select(pl.len()).collect().item() <= 2 * ROWS_PER_RANGE:
            yield _taken(files)
            return
        ships = rows.group_by("mmsi").len().sort("mmsi").collect()
        cuts = first_ships(ships, ROWS_PER_RANGE)[1:]
        for number, one in enumerate(files):
            self._divide(pl.read_ipc(one), cuts, number, "again-")
            one.unlink()
        for part in range(len(cuts) + 1):
            yield _taken(sorted(self._folder.glob(f"again-{part:03d}-*.arrow")))

    def _divide(self, reports: pl.DataFrame, cuts: list[int], number: int, name: str = "") -> None:
        """Put reports aside by range of MMSI, a file a range that has any."""
        ranges = np.searchsorted(cuts, reports["mmsi"].to_numpy(), side="right")
        for part in np.unique(ranges).tolist():
            reports.filter(pl.Series(ranges == part)).write_ipc(
                self._folder / f"{name}{part:03d}-{number:06d}.arrow"
            )


def _taken(files: list[Path]) -> pl.DataFrame:
    """What waited on disk, and waits no more."""
    reports = pl.concat([pl.read_ipc(one) for one in files])
    for one in files:
        one.unlink()
    return reports


def first_ships(ships: pl.DataFrame, most: int) -> list[int]:
    """The first ship of each range of whole ships, begun anew once it holds ``most`` rows.

    Args:
        ships: ``mmsi``, sorted, and ``len``, its rows.
    """
    in_range = (pl.col("len").cum_sum() - pl.col("len")) // most
    ranges = ships.group_by(in_range.alias("range"), maintain_order=True)
    return ranges.agg(pl.col("mmsi").first())["mmsi"].to_list()


def landed_reports(landed: Path) -> list[FileReport]:
    """Reports of every landed file, by name and hash."""
    found = [
        FileReport(**json.loads(one.read_text(encoding="utf-8")))
        for one in landed.glob("*/report.json")
    ]
    return sorted(found, key=lambda one: (one.file, one.sha256))
