"""Hand-kept tables: their bytes kept as received, then typed; bad rows named and set aside.

A table is found by its contract, a file by the table's name: in `pipelines/reference`, in the
folders of streams, or in that of a source. A table of figures dropped into `landing/` corrects the
shipped one row by row.
"""

from __future__ import annotations

import datetime as dt
import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.catalog import load_catalog
from pipelines.inbox import FileRefused, Kind, Loaded
from pipelines.making import Made, list_makers
from pipelines.network.corrections import blame, corrections_of, mend
from pipelines.paths import REFERENCE_DIR, SOURCES_DIR, STREAMS_DIR, shown, stream_folders
from pipelines.quarantine import Split, empty_quarantine, refusals
from pipelines.reference_tables import RowRule, parse_table, read_table, read_text
from pipelines.schemas.network import CORRECTABLE
from pipelines.schemas.sources import CodesOfCountries
from pipelines.schemas.table import HandKept, Table
from pipelines.snapshots import DamagedSnapshot, Snapshot, SnapshotStore
from pipelines.sources import figures
from pipelines.sources.folders import kept_folders
from pipelines.sources.kinds import taken
from pipelines.sources.notes import note_source
from pipelines.sources.overlays import ADDS, Dropped, Overlay, overlay_of
from pipelines.sources.overlays import SCHEMA as OVERLAY_SCHEMA
from pipelines.sources.ports import read as ports
from pipelines.sources.recognise import first_line
from pipelines.warehouse import read_frame

LICENCE = "facts typed by hand with citations; table CC BY 4.0"
FIGURES, CORRECTIONS = "figures", "network_corrections"
# the column that names a row of figures, and where corrections of them are told
ROW_NAME, OVERLAYS = "observation_id", "staged.figure_overlays"
CORRECTED = "corrected"
_FIGURES_BEGIN = "observation_id,stream,quantity,"
# what the rows of a stream may name, and what those of ports may
_KNOWN = ("quantities", "units", "areas", "figure_sources", "origins", "held_back_reasons")
_PORT_SOURCES = "port_sources"


@dataclass(frozen=True)
class KeptFile:
    """One hand-kept file: the stream it belongs to, its path, its name for readers."""

    stream: str | None
    path: Path
    label: str
    snapshot: str
    licence: str = LICENCE


@dataclass(frozen=True)
class KeptTable:
    """A staged table made from one file, or from one file a stream.

    Attributes:
        table: its name, and its files'.
        contract: its columns; rows that need more than those to be judged have `<table>_rules` in
            a module of their subject.
    """

    table: str
    contract: type[Table]

    @property
    def rules(self) -> Callable[..., list[RowRule]]:
        """What its rows must hold besides columns, told what they may name."""
        name = f"{self.table.removeprefix('feed_')}_rules"
        return getattr(figures, name, None) or getattr(ports, name, list)

    @property
    def asks(self) -> set[str]:
        """What its rules must be told."""
        return set(inspect.signature(self.rules).parameters) if self.rules is not list else set()

    @property
    def reads(self) -> tuple[str, ...]:
        """Staged tables that its rows are held against."""
        if "known" in self.asks:
            return _KNOWN
        if "source_ids" in self.asks:
            return (_PORT_SOURCES,)
        return (CORRECTIONS,) if self.table in CORRECTABLE else ()


@functools.cache
def hand_kept() -> dict[str, KeptTable]:
    """Every hand-kept table by name: contracts of hand-kept files that no maker reads itself."""
    made = {address for one in list_makers() for address in one.makes}
    found = {}
    for address, table in load_catalog().items():
        layer, _, name = address.partition(".")
        is_kept = issubclass(table.model, HandKept) or name == CORRECTIONS
        if layer == "staged" and is_kept and address not in made:
            found[name] = KeptTable(name, table.model)
    return found


def files_of(kept: KeptTable) -> list[KeptFile]:
    """Where a table's rows stand, in order of stream; files of no single stream last."""
    name = f"{kept.table}.csv"
    found = [
        KeptFile(stream, path, f"pipelines/streams/{stream}/{name}", f"{stream}_{kept.table}")
        for stream, folder in stream_folders(STREAMS_DIR).items()
        if (path := folder / name).is_file()
    ]
    others = [(REFERENCE_DIR / name, LICENCE)]
    if f"feed_{kept.table}" not in hand_kept():
        others.append((REFERENCE_DIR / f"feed_{name}", LICENCE))
    others += [(SOURCES_DIR / one.name / name, one.licence) for one in kept_folders()]
    found += [
        KeptFile(None, path, shown(path), path.stem, licence)
        for path, licence in others
        if path.is_file()
    ]
    return found


def _kept(store: SnapshotStore, file: KeptFile) -> bytes:
    """The file's bytes as they come with the repository, kept once per content."""
    content = file.path.read_bytes()
    if not store.holds(file.snapshot, content):
        store.put(
            file.snapshot,
            content,
            url=f"embedded:{file.label}",
            licence=file.licence,
            retrieved_at=dt.datetime.now(dt.UTC),
            http_status=0,
        )
    return content


def parse_file(
    kept: KeptTable, file: KeptFile, content: bytes, frames: Mapping[str, pl.DataFrame]
) -> Split:
    """One file's rows, checked against the rows of other tables where they name any.

    Args:
        kept: the table.
        file: the file.
        content: its bytes.
        frames: staged tables by name: those it `reads`, and figures of streams read before.
    """
    told: dict[str, Any] = {}
    if "stream" in kept.asks:
        told["stream"] = file.stream
    if "known" in kept.asks:
        told["known"] = known_of(file.stream or "", frames)
    if "source_ids" in kept.asks:
        told["source_ids"] = frames[_PORT_SOURCES]["source_id"].to_list()
    # a stream's own file leaves the stream out, but where its rows are copied and dropped
    is_left_out = file.stream and "stream" in kept.contract.typed() and kept.table != FIGURES
    corrections = frames.get(CORRECTIONS) if kept.table in CORRECTABLE else None
    touched: dict[int, str] = {}

    def corrected(text: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        if corrections is None:
            return text, empty_quarantine()
        done = mend(text, corrections_of(kept.table, corrections), file=kept.table)
        touched.update(done.touched)
        return done.text, done.withdrawn

    split = parse_table(
        content,
        kept.contract,
        source=kept.table,
        file=file.label,
        rules=kept.rules(**told),
        constants={"stream": file.stream} if is_left_out else None,
        mend=corrected,
    )
    blame(split.quarantined, touched)
    return split


def known_of(stream: str, frames: Mapping[str, pl.DataFrame]) -> figures.Known:
    """What the figures of a stream may name, from the staged tables."""
    mine = {
        name: frames[name].filter(pl.col("stream") == stream)
        for name in ("quantities", "figure_sources", "origins")
    }
    countries = read_table(REFERENCE_DIR / "country_codes.csv", CodesOfCountries)["iso3"]
    taken_ids = frames.get(FIGURES)
    return figures.Known(
        quantities=mine["quantities"],
        units=frames["units"]["unit"].to_list(),
        countries=[*countries.to_list(), *frames["areas"]["area"].to_list()],
        source_ids=mine["figure_sources"]["source_id"].to_list(),
        origin_ids=mine["origins"]["origin_id"].to_list(),
        root_ids=mine["origins"]["root_id"].to_list(),
        reasons=frames["held_back_reasons"]["code"].to_list(),
        taken=[]
        if taken_ids is None
        else taken_ids.filter(pl.col("stream") != stream)[ROW_NAME].to_list(),
    )


def frames_of_repository() -> dict[str, pl.DataFrame]:
    """The tables that others are held against, as they come with the repository."""
    return {
        name: merged(
            [parse_file(kept, one, one.path.read_bytes(), {}) for one in files_of(kept)]
        ).kept
        for name, kept in hand_kept().items()
        if name in (*_KNOWN, _PORT_SOURCES, CORRECTIONS)
    }


def merged(splits: list[Split]) -> Split:
    """Several files of one table as one."""
    return Split(
        pl.concat([one.kept for one in splits]),
        pl.concat([empty_quarantine(), *(one.quarantined for one in splits)]),
        sum(one.rows_in for one in splits),
    )


def stage_kept(
    connection: duckdb.DuckDBPyConnection, store: SnapshotStore, kept: KeptTable
) -> Made:
    """Keep a table's bytes, read them, and note what came of it.

    Args:
        connection: the open work database; the notes are written, the table is not.
        store: where bytes are kept.
        kept: the table.
    """
    frames = {name: read_frame(connection, f"staged.{name}") for name in kept.reads}
    files, splits, overlays, told = files_of(kept), [], [], []
    for file in files:
        split = parse_file(kept, file, _kept(store, file), frames)
        if kept.table == FIGURES:
            overlay, contents = _overlay(store, file)
            split = _corrected(kept, file, split, overlay, contents, frames)
            overlays.append(overlay.rows.with_columns(stream=pl.lit(file.stream)))
            told += overlay.told
        splits.append(split)
        if kept.table == FIGURES:
            frames[FIGURES] = pl.concat([one.kept for one in splits])
    whole, n_corrections = merged(splits), 0
    rows = whole.kept if "line" in kept.contract.stored_columns() else whole.kept.drop("line")
    tables, latest = [(f"staged.{kept.table}", rows)], (None, None)
    if kept.table == FIGURES:
        corrections = pl.concat(overlays).join(whole.kept, on=ROW_NAME, how="semi")
        n_corrections = corrections.height
        tables.append((OVERLAYS, corrections.select(list(OVERLAY_SCHEMA))))
        latest = whole.kept.select(pl.col("retrieved_at").max(), pl.col("window_end_on").max())
        latest = latest.row(0)
    noted = note_source(
        connection,
        kept.table,
        whole,
        licence=files[0].licence,
        status="embedded in the repository"
        + (f"; {n_corrections} rows by dropped corrections" if n_corrections else ""),
        is_embedded=not n_corrections,
        retrieved_at=latest[0],
        as_of=latest[1],
    )
    return Made(tables, noted, told)


def _read_all(store: SnapshotStore, kept: list[Snapshot], told: list[str]) -> dict[str, bytes]:
    """Contents of snapshots by hash; what is damaged is told and left out."""
    found = {}
    for one in kept:
        try:
            found[one.sha256] = store.read(one)
        except DamagedSnapshot as error:
            told.append(str(error))
    return found


def _overlay(store: SnapshotStore, file: KeptFile) -> tuple[Overlay, dict[str, bytes]]:
    """Corrections dropped over one stream's figures, and the files they stand in by hash."""
    told = store.unreadable(file.snapshot)
    kept = store.retrievals(file.snapshot)
    files = [one for one in kept if one.url.startswith("file:")]
    contents = _read_all(store, files, told)
    dropped = [
        Dropped(one.url.removeprefix("file:"), contents[one.sha256], one.sha256, one.retrieved)
        for one in files
        if one.sha256 in contents
    ]
    editions = _read_all(store, [one for one in kept if one.url.startswith("embedded:")], told)
    shipped = file.path.read_bytes()
    found = overlay_of(shipped, list(editions.values()), dropped, key=ROW_NAME)
    return Overlay(found.rows, [*told, *found.told]), contents


def _corrected(
    kept: KeptTable,
    file: KeptFile,
    shipped: Split,
    overlay: Overlay,
    contents: Mapping[str, bytes],
    frames: Mapping[str, pl.DataFrame],
) -> Split:
    """Shipped rows with the corrections dropped over them; what was replaced is in quarantine."""
    splits = [shipped]
    for (name, sha256), rows in overlay.rows.group_by("file", "snapshot_sha256"):
        one = replace(file, label=f"landing/accepted/{name}")
        split = parse_file(kept, one, contents[str(sha256)], frames)
        # the lines that decide; the others of a copy say what ships
        lines = rows["line"].to_list()
        splits.append(
            Split(
                split.kept.filter(pl.col("line").is_in(lines)),
                split.quarantined.filter(pl.col("line").is_in(lines)),
                rows.height,
            )
        )
    # a row that was refused replaces nothing
    held = [name for one in splits[1:] for name in one.kept[ROW_NAME]]
    is_replaced = pl.col(ROW_NAME).is_in(held)
    by = overlay.rows.select(ROW_NAME, by="file")
    replaced = refusals(
        shipped.kept.filter(is_replaced).join(by, on=ROW_NAME),
        source=kept.table,
        file=file.label,
        column="(row)",
        value=pl.col(ROW_NAME),
        rule=CORRECTED,
        why=pl.format("a correction in landing/accepted/{} stands in its place", "by"),
    )
    rest = merged([replace(shipped, kept=shipped.kept.filter(~is_replaced)), *splits[1:]])
    return Split(rest.kept, pl.concat([rest.quarantined, replaced]), rest.rows_in)


def figure_kind(store: SnapshotStore) -> Kind:
    """An edited table of figures, among the kinds of files that people may drop."""
    return Kind(
        "figure table",
        f"an edited copy of a stream's figures.csv, header {_FIGURES_BEGIN}…",
        lambda _, head: first_line(head).lstrip("\ufeff").startswith(_FIGURES_BEGIN),
        functools.partial(_load_figures, store),
    )


def _load_figures(store: SnapshotStore, path: Path, name: str) -> Loaded:
    """Take an edited figure table only when every row holds: a bad row would move an estimate."""
    content = path.read_bytes()
    stream = _stream_of(content, name)
    edited = KeptFile(stream, path, name, f"{stream}_{FIGURES}")
    split = parse_file(hand_kept()[FIGURES], edited, content, frames_of_repository())
    if split.rows_quarantined:
        refused = split.quarantined.select("line", "reason").head(20).rows()
        told = "; ".join(f"line {line}: {reason}" for line, reason in refused)
        raise FileRefused(f"{name}: {split.rows_quarantined} rows break a rule: {told}")
    load_table = taken(store, edited.snapshot, LICENCE, lambda *_: split, "", is_edition=False)
    return replace(load_table(path, name), note=_corrections(stream, content, name))


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
    streams = set(read_text(content, source=FIGURES, file=name)["stream"].drop_nulls())
    known = list(stream_folders())
    if len(streams) != 1 or not streams <= set(known):
        raise FileRefused(
            f"{name}: its streams are {', '.join(sorted(streams)[:8]) or 'none'}; a table of "
            f"figures holds one of {', '.join(known)}"
        )
    return streams.pop()
