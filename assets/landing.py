"""The landing folder: what kinds of files people may drop, and the sensor that looks for them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import dagster as dg
import polars as pl

from assets.reference import FIGURES, ROW_NAME, frames_of_repository, known_of
from assets.reference import LICENCE as FIGURE_LICENCE
from assets.resources import Snapshots, WarehouseResource
from assets.schedules import MAIN_JOB
from assets.tables import table_metadata
from pipelines.landing import (
    HEAD_BYTES,
    FileRefused,
    Kind,
    Loaded,
    Outcome,
    forget,
    land,
    loaded_notes,
    shown_name,
    waiting,
)
from pipelines.paths import data_dir, stream_folders
from pipelines.quarantine import Split
from pipelines.shipping.decode.recognise import UnknownForm, UnknownFormat, recognise
from pipelines.snapshots import SnapshotStore
from pipelines.sources.editions import as_of_dropped, told_of
from pipelines.sources.figures import parse_figures
from pipelines.sources.folders import OfficialList, list_folders, official_lists
from pipelines.sources.overlays import ADDS, Dropped, overlay_of
from pipelines.sources.recognise import first_line
from pipelines.warehouse import write_frame

# folders inside the landing folder that other assets work on
OTHER_FOLDERS = frozenset({"ais", "gfw"})
MAX_MEMORY_BYTES = 1024**3
OUTCOME_SCHEMA = {
    "sha256": pl.String,
    "name": pl.String,
    "kind": pl.String,
    "source": pl.String,
    "rows_in": pl.Int64,
    "rows_kept": pl.Int64,
    "loaded_at": pl.String,
}
Parse = Callable[[bytes, str], Split]


def landing_dir() -> Path:
    """Where people put files."""
    return data_dir() / "landing"


def _taken(
    store: SnapshotStore,
    source: str,
    licence: str,
    parse: Parse,
    part: str | None,
    *,
    is_edition: bool = True,
) -> Callable[[Path, str], Loaded]:
    """Read a whole file against its contract, then keep its bytes.

    An edition has its place by the day it speaks of; pieces whose rows carry their own days, and
    tables edited by hand, have it by the day they came.
    """

    def load(path: Path, name: str) -> Loaded:
        size = path.stat().st_size
        if size > MAX_MEMORY_BYTES:
            raise FileRefused(
                f"{source}: the file has {size} bytes, more than {MAX_MEMORY_BYTES}; split it"
            )
        content = path.read_bytes()
        split = parse(content, name)
        sha256 = hashlib.sha256(content).hexdigest()
        place = name if part is None else part
        held = [one for one in store.retrievals(source) if one.part == place]
        note = ""
        if all(one.sha256 != sha256 for one in held):
            by_day = is_edition and part is not None
            kept = store.put(
                source,
                content,
                url=f"file:{name}",
                licence=licence,
                retrieved_at=dt.datetime.now(dt.UTC),
                http_status=0,
                part=place,
                as_of=as_of_dropped(source, content, name) if by_day else None,
            )
            note = told_of(kept, held) if by_day else ""
        refused = [
            (int(line), str(column), str(reason))
            for line, column, reason in split.quarantined.select("line", "column", "reason")
            .head(20)
            .iter_rows()
        ]
        return Loaded(source, split.rows_in, split.kept.height, refused, note)

    return load


def _listed(store: SnapshotStore, lists: list[OfficialList]) -> Kind:
    """A file of one of the lists that a folder reads; its name tells which where there are several.

    A file less than half as long as the last of its kind is not taken for an edition of a list
    that is told by name: it may be of the other.
    """
    module, dropped, named_as = lists[0].module, lists[0].dropped, lists[0].named_as

    def load(path: Path, name: str) -> Loaded:
        with path.open("rb") as file:
            part = module.part_of(file.read(HEAD_BYTES))
        tell = getattr(module, "list_named", lambda _: lists[0].source)
        try:
            source = tell(name)
        except ValueError as error:
            raise FileRefused(str(error)) from error
        official = next(one for one in lists if one.source == source)
        earlier = [one for one in store.retrievals(source) if one.part == part]
        if earlier and named_as:
            before, now = len(store.read(earlier[-1])), path.stat().st_size
            if 2 * now < before:
                raise FileRefused(
                    f"{source}: {name} has {now} bytes where the last edition had {before}: it is "
                    f"cut off, or of the other list; {named_as}"
                )
        at = dt.datetime.now(dt.UTC)
        return _taken(
            store,
            source,
            official.licence,
            lambda content, shown: official.check(part, content, shown, at),
            part,
        )(path, name)

    return Kind(lists[0].folder, dropped, lambda _, head: module.part_of(head) is not None, load)


def _hand_on_ais(path: Path, name: str) -> Loaded:
    """Put a file of ship positions where the shipping assets look; they decode and count it."""
    try:
        form = recognise(path)
    except UnknownFormat as error:
        raise FileRefused(str(error)) from error
    with path.open("rb") as file:
        mark = hashlib.file_digest(file, "sha256").hexdigest()[:12]
    stem, dot, suffix = name.partition(".")
    is_events = form == "gfw_events"
    folder = landing_dir() / ("gfw" if is_events else "ais")
    folder.mkdir(parents=True, exist_ok=True)
    half = folder / f".part-{mark}"
    shutil.copyfile(path, half)
    os.replace(half, folder / f"{stem}-{mark}{dot}{suffix}")
    return Loaded(
        "ais",
        0,
        0,
        handed_to=f"landing/{folder.name} as {form}",
        note="" if is_events else "`./run ais` reads it, or the sensor while the UI is up",
    )


def _is_ais(path: Path, head: bytes) -> bool:
    try:
        recognise(path)
    except (UnknownFormat, ValueError, OSError):
        return False
    return True


def _why_no_ais(path: Path, _: bytes) -> str:
    """What keeps a table much like ship positions from being one."""
    try:
        recognise(path)
    except UnknownForm:
        return ""
    except UnknownFormat as error:
        return str(error).removeprefix(f"{path.name}, ").removeprefix(f"{path.name} ")
    return ""


def kinds_of(store: SnapshotStore) -> list[Kind]:
    """Every kind of file that is taken, in the order it is tried."""

    def kind(
        name: str,
        expected: str,
        is_it: Callable[[Path, bytes], bool],
        source: str,
        licence: str,
        parse: Parse,
        *,
        part: str | None = "",
    ) -> Kind:
        return Kind(name, expected, is_it, _taken(store, source, licence, parse, part))

    by_folder: dict[str, list[OfficialList]] = {}
    for official in official_lists():
        by_folder.setdefault(official.folder, []).append(official)
    found = [
        *(_listed(store, lists) for lists in by_folder.values()),
        *(
            kind(
                folder.name,
                folder.dropped,
                lambda path, head, folder=folder: folder.recognise(path, head),
                folder.name,
                folder.licence,
                folder.parse,
                part="" if folder.is_one_file else None,
            )
            for folder in list_folders()
        ),
        Kind(
            "figure table",
            "an edited copy of a stream's figures.csv, header observation_id,stream,quantity,…",
            _is_figures,
            _figures(store),
        ),
        Kind(
            "AIS positions or Global Fishing Watch events",
            "NMEA, MarineCadastre, Danish, Global Fishing Watch or canonical files",
            _is_ais,
            _hand_on_ais,
            _why_no_ais,
        ),
    ]
    return found


def _is_figures(_: Path, head: bytes) -> bool:
    return first_line(head).lstrip("\ufeff").startswith("observation_id,stream,quantity,")


def _figures(store: SnapshotStore) -> Callable[[Path, str], Loaded]:
    """Take an edited figure table only when every row holds: a bad row would move an estimate."""

    def load(path: Path, name: str) -> Loaded:
        content = path.read_bytes()
        stream = _stream_of(content, name)
        split = parse_figures(
            content,
            file=name,
            source=FIGURES,
            stream=stream,
            known=known_of(stream, frames_of_repository()),
        )
        if split.rows_quarantined:
            told = "; ".join(
                f"line {line}: {reason}"
                for line, reason in split.quarantined.select("line", "reason").head(20).iter_rows()
            )
            raise FileRefused(f"{name}: {split.rows_quarantined} rows break a rule: {told}")
        kept = f"{stream}_{FIGURES}"
        load_table = _taken(store, kept, FIGURE_LICENCE, lambda *_: split, "", is_edition=False)
        return replace(load_table(path, name), note=_corrections(stream, content, name))

    return load


def _corrections(stream: str, content: bytes, name: str) -> str:
    """What a dropped table of figures will stand for, in words."""
    shipped = (stream_folders()[stream] / f"{FIGURES}.csv").read_bytes()
    mine = Dropped(name, content, "", dt.datetime.now(dt.UTC))
    how = overlay_of(shipped, [shipped], [mine], key=ROW_NAME).rows["how"]
    n_new = int((how == ADDS).sum())
    return (
        f"of its rows {how.len() - n_new} stand in place of shipped ones, {n_new} beside them, the "
        "others say what ships; updates of the repository leave them in place"
    )


def _stream_of(content: bytes, name: str) -> str:
    """Which stream's table a file edits, by the stream its rows name."""
    try:
        streams = set(
            pl.read_csv(content, columns=["stream"], infer_schema=False)["stream"].drop_nulls()
        )
    except (pl.exceptions.PolarsError, ValueError) as error:
        raise FileRefused(
            f"{name}: not readable as CSV ({str(error)[:200]}); look for a stray quote mark"
        ) from error
    known = list(stream_folders())
    if len(streams) != 1 or not streams <= set(known):
        raise FileRefused(
            f"{name}: its streams are {', '.join(sorted(streams)[:8]) or 'none'}; a table of "
            f"figures holds one of {', '.join(known)}"
        )
    return streams.pop()


def land_all(store: SnapshotStore) -> list[Outcome]:
    """Take in what is finished in the landing folder.

    A file counts as loaded as long as its bytes are held: after raw/ was emptied it may come again.
    """
    for note in loaded_notes(landing_dir()):
        held = store.root / str(note.get("source")) / f"{note['sha256']}.bin"
        if note.get("source") != "ais" and not held.is_file():
            forget(landing_dir(), note["sha256"])
    return land(landing_dir(), kinds_of(store), others=OTHER_FOLDERS)


@dg.asset(
    key=["raw", "landed_files"],
    group_name="raw",
    kinds={"file"},
    description=(
        "Files people dropped into landing/, each read whole against its contract, loaded once and "
        "moved to accepted/ or, with a report, to rejected/. Grain: sha256."
    ),
)
def landed_files(warehouse: WarehouseResource, snapshots: Snapshots) -> dg.MaterializeResult:
    """Work the landing folder, then list everything loaded so far."""
    outcomes = land_all(snapshots.store())
    for one in outcomes:
        log = dg.get_dagster_logger()
        tell = log.warning if one.status == "rejected" or one.is_worth_a_look else log.info
        tell("landing: %s: %s: %s", shown_name(one.name), one.status, one.message)
    notes = pl.DataFrame(
        [{name: note.get(name) for name in OUTCOME_SCHEMA} for note in loaded_notes(landing_dir())],
        schema=OUTCOME_SCHEMA,
    )
    with warehouse.open().connect() as connection:
        write_frame(connection, "raw.landed_files", notes)
        counts = {
            status: sum(one.status == status for one in outcomes)
            for status in ("accepted", "rejected", "duplicate", "waiting")
        }
        return dg.MaterializeResult(
            metadata={**table_metadata(connection, "raw.landed_files"), **counts}
        )


@dg.asset_check(
    asset=["raw", "landed_files"],
    name="no_dropped_file_was_refused",
    blocking=False,
    description="A refused file lies in landing/rejected with a report of what to mend.",
)
def no_file_refused() -> dg.AssetCheckResult:
    """Count reports in landing/rejected."""
    folder = landing_dir() / "rejected"
    reports = sorted(folder.glob("*.report.md")) if folder.is_dir() else []
    return dg.AssetCheckResult(
        passed=not reports,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(reports)} refused file(s) in landing/rejected"
        + (f", newest report {reports[-1].name}" if reports else ""),
    )


@dg.sensor(
    name="landing_folder",
    job_name=MAIN_JOB,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Runs the main job when a dropped file has come to rest in landing/.",
)
def landing_folder(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Ask for a run once every file has the same size and time as at the last look."""
    seen = {name: list(state) for name, state in waiting(landing_dir()).items()}
    try:
        before = json.loads(context.cursor) if context.cursor else {}
    except ValueError:
        before = {}
    rested = {name: state for name, state in seen.items() if before.get(name) == state}
    cursor = json.dumps(seen, sort_keys=True)
    if not seen:
        context.update_cursor(cursor)
        return dg.SkipReason("landing/ holds no file to take in")
    if not rested:
        context.update_cursor(cursor)
        return dg.SkipReason(f"{len(seen)} file(s) in landing/ still changing")
    mark = hashlib.sha256(json.dumps(rested, sort_keys=True).encode()).hexdigest()[:16]
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=f"landing-{mark}")], cursor=cursor)
