"""Files of ship positions that people dropped: each landed once, refused with a report, or waiting.

Files stay where they were put. What is refused, or lands without one row kept, gets
`NAME.report.md` beside it; what is still being copied is left alone until it rests.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from pipelines.landing import SHOWN_REFUSALS, Outcome, has_writer, is_unfinished, report_of
from pipelines.shipping.decode.recognise import UnknownFormat, recognise
from pipelines.shipping.landing import POSITION_FORMS, FileReport, RowsLost, file_hash, land_file

REPORT = ".report.md"
# a file changed more recently than this is looked at twice
SETTLE_S = 5.0
_LOOK_AGAIN_S = 1.0


@dataclass(frozen=True)
class Landed:
    """What became of the dropped files.

    Attributes:
        reports: of each file landed, now or before.
        refused: file → why it could not be read.
        waiting: files that still change.
        lost: of the refused, those whose rows did not add up: a fault of ours.
    """

    reports: list[FileReport] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def dropped_files(folder: Path) -> list[Path]:
    """Files somebody dropped, ours and unfinished ones passed over, by path."""
    if not folder.is_dir():
        return []
    return sorted(
        one
        for one in folder.rglob("*")
        if one.is_file()
        and not one.is_symlink()
        and not is_unfinished(one.name)
        and not one.name.endswith(REPORT)
    )


def resting(files: list[Path], *, sleep: Callable[[float], None] = time.sleep) -> list[Path]:
    """Those files that nobody writes to and whose size and time stay as they are."""
    states = {one: _state(one) for one in files}
    if any(time.time() - state[1] / 1e9 < SETTLE_S for state in states.values()):
        sleep(_LOOK_AGAIN_S)
    return [
        one
        for one, state in states.items()
        if state[0] >= 0 and _state(one) == state and not has_writer(one)
    ]


def _state(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return -1, 0
    return found.st_size, found.st_mtime_ns


def land_dropped(folder: Path, landed: Path, *, cache_dir: Path) -> Landed:
    """Land every dropped file that rests.

    Args:
        folder: where people drop; landed: where landed files lie; cache_dir: of the land mask.
    """
    found = Landed()
    files = dropped_files(folder)
    rest = set(resting(files))
    for file in files:
        name = str(file.relative_to(folder))
        if file not in rest:
            found.waiting.append(name)
            continue
        try:
            form = recognise(file)
            if form not in POSITION_FORMS:
                raise UnknownFormat(f"{file.name} is {form}; drop it into landing/gfw")
            report = land_file(
                file,
                landed,
                received_at=dt.datetime.fromtimestamp(file.stat().st_mtime, dt.UTC),
                cache_dir=cache_dir,
                form=form,
            )
        except (UnknownFormat, ValueError, RowsLost, OSError) as error:
            found.refused[name] = str(error)
            if isinstance(error, RowsLost):
                found.lost.append(name)
            _tell(file, Outcome(file.name, "rejected", str(error), sha256=_hash(file)))
            continue
        found.reports.append(report)
        if report.rows_kept:
            _report_path(file).unlink(missing_ok=True)
        else:
            _tell(file, _without_rows(file, report, landed))
    return found


def _hash(file: Path) -> str | None:
    try:
        return file_hash(file)
    except OSError:
        return None


def _without_rows(file: Path, report: FileReport, landed: Path) -> Outcome:
    refused = pl.read_parquet(landed / report.sha256 / "quarantine.parquet", n_rows=SHOWN_REFUSALS)
    return Outcome(
        file.name,
        "rejected",
        f"none of its {report.rows_in} rows could be kept: "
        + ", ".join(f"{rows} {rule}" for rule, rows in report.counts.items()),
        kind=report.form,
        sha256=report.sha256,
        rows_in=report.rows_in,
        refused=tuple(refused.select("line", "column", "reason").iter_rows()),
    )


def _report_path(file: Path) -> Path:
    return file.with_name(file.name + REPORT)


def _tell(file: Path, outcome: Outcome) -> None:
    half = file.with_name(f".part-{file.name}{REPORT}")
    half.write_text(report_of(outcome, dt.datetime.now(dt.UTC)), encoding="utf-8")
    half.replace(_report_path(file))
