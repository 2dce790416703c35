"""Hand-kept tables: their bytes kept as received, then typed; bad rows named and set aside.

A table of figures dropped into landing/ corrects the shipped one row by row.

A stream is a folder under pipelines/streams: its tables are found there, none is named here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import dagster as dg
import polars as pl

from assets.resources import Snapshots, WarehouseResource
from assets.tables import result
from pipelines.paths import REFERENCE_DIR, STREAMS_DIR, stream_folders
from pipelines.quarantine import Split, empty_quarantine
from pipelines.reference_tables import read_table
from pipelines.schemas.quarantine import QUARANTINE_SCHEMA
from pipelines.schemas.sources import CodesOfCountries
from pipelines.snapshots import DamagedSnapshot, Snapshot, SnapshotStore
from pipelines.sources.figures import (
    Known,
    parse_areas,
    parse_claims,
    parse_figure_sources,
    parse_figures,
    parse_halts,
    parse_held_back_reasons,
    parse_obtainable_data,
    parse_origins,
    parse_price_index,
    parse_priors,
    parse_quantities,
    parse_units,
)
from pipelines.sources.notes import note_source
from pipelines.sources.overlays import SCHEMA as OVERLAY_SCHEMA
from pipelines.sources.overlays import Dropped, Overlay, overlay_of
from pipelines.warehouse import read_frame, write_frame

LICENCE = "facts typed by hand with citations; table CC BY 4.0"
COUNTRY_FILE = "country_codes.csv"
FIGURES = "figures"
# the column that names a row of figures, and where corrections of them are told
ROW_NAME, OVERLAYS = "observation_id", "staged.figure_overlays"
CORRECTED = "corrected"


@dataclass(frozen=True)
class HandKept:
    """A table made from one file, or from one file a stream.

    Attributes:
        table: staged table, and the file's name inside a stream's folder.
        parse: bytes to a Split.
        is_per_stream: one file in each stream's folder; a folder may go without.
        reference_file: a file of pipelines/reference, with a stream column where others have none.
        is_checked_against_others: its rows name rows of other tables.
    """

    table: str
    parse: Callable[..., Split]
    is_per_stream: bool = True
    reference_file: str | None = None
    is_checked_against_others: bool = False


# no table below names rows of one that stands after it
TABLES = (
    HandKept(
        "held_back_reasons",
        parse_held_back_reasons,
        is_per_stream=False,
        reference_file="held_back_reasons.csv",
    ),
    HandKept(
        "units",
        parse_units,
        is_per_stream=False,
        reference_file="units.csv",
    ),
    HandKept(
        "price_index",
        parse_price_index,
        is_per_stream=False,
        reference_file="price_index.csv",
    ),
    HandKept(
        "areas",
        parse_areas,
        is_per_stream=False,
        reference_file="areas.csv",
    ),
    HandKept(
        "figure_sources",
        parse_figure_sources,
        reference_file="feed_figure_sources.csv",
    ),
    HandKept(
        "origins",
        parse_origins,
        reference_file="feed_origins.csv",
    ),
    HandKept(
        "quantities",
        parse_quantities,
    ),
    HandKept(
        "priors",
        parse_priors,
    ),
    HandKept(
        "feed_priors",
        parse_priors,
        is_per_stream=False,
        reference_file="feed_priors.csv",
    ),
    HandKept(
        "obtainable_data",
        parse_obtainable_data,
        is_checked_against_others=True,
    ),
    HandKept(
        "halts",
        parse_halts,
        is_checked_against_others=True,
    ),
    HandKept(
        "claims",
        parse_claims,
        is_checked_against_others=True,
    ),
    HandKept(
        FIGURES,
        parse_figures,
        is_checked_against_others=True,
    ),
)
CHECKED_AGAINST = tuple(one.table for one in TABLES if not one.is_checked_against_others)


@dataclass(frozen=True)
class _File:
    """One hand-kept file: the stream it belongs to, its path, its name for readers."""

    stream: str | None
    path: Path
    label: str
    snapshot: str


def files_of(kept: HandKept) -> list[_File]:
    """Where a table's rows stand, in order of stream; files of no single stream last."""
    found = []
    if kept.is_per_stream:
        for stream, folder in stream_folders(STREAMS_DIR).items():
            path = folder / f"{kept.table}.csv"
            if path.is_file():
                label = f"pipelines/streams/{stream}/{path.name}"
                found.append(_File(stream, path, label, f"{stream}_{kept.table}"))
    if kept.reference_file is not None:
        name = kept.reference_file
        label = f"pipelines/reference/{name}"
        found.append(_File(None, REFERENCE_DIR / name, label, name.removesuffix(".csv")))
    return found


def _keep_bytes(snapshots: Snapshots, name: str, file: str) -> tuple[bytes, bool]:
    """As `_kept`, for a file of pipelines/reference."""
    label = f"pipelines/reference/{file}"
    return _kept(snapshots.store(), _File(None, REFERENCE_DIR / file, label, name)), True


def _kept(store: SnapshotStore, file: _File) -> bytes:
    """The file's bytes as they come with the repository, kept once per content."""
    content = file.path.read_bytes()
    if not store.holds(file.snapshot, content):
        store.put(
            file.snapshot,
            content,
            url=f"embedded:{file.label}",
            licence=LICENCE,
            retrieved_at=dt.datetime.now(dt.UTC),
            http_status=0,
        )
    return content


def _read_all(store: SnapshotStore, kept: list[Snapshot], told: list[str]) -> list[bytes]:
    """Contents of snapshots, each once; what is damaged is told and left out."""
    found = {}
    for one in kept:
        try:
            found[one.sha256] = store.read(one)
        except DamagedSnapshot as error:
            told.append(str(error))
    return list(found.values())


def _overlay(store: SnapshotStore, file: _File) -> tuple[Overlay, dict[str, bytes]]:
    """Corrections dropped over one stream's figures, and the files they stand in by hash."""
    told = store.unreadable(file.snapshot)
    kept = store.retrievals(file.snapshot)
    dropped, contents = [], {}
    for one in (one for one in kept if one.url.startswith("file:")):
        for content in _read_all(store, [one], told):
            contents[one.sha256] = content
            dropped.append(
                Dropped(one.url.removeprefix("file:"), content, one.sha256, one.retrieved)
            )
    editions = _read_all(store, [one for one in kept if one.url.startswith("embedded:")], told)
    found = overlay_of(read_bytes(file), editions, dropped, key=ROW_NAME)
    return Overlay(found.rows, [*told, *found.told]), contents


def _corrected(
    kept: HandKept,
    file: _File,
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
    replaced = (
        shipped.kept.filter(is_replaced)
        .join(by, on=ROW_NAME)
        .select(
            source=pl.lit(kept.table),
            file=pl.lit(file.label),
            line="line",
            column=pl.lit("(row)"),
            value=pl.col(ROW_NAME),
            rule=pl.lit(CORRECTED),
            reason=pl.format("a correction in landing/accepted/{} stands in its place", "by"),
        )
        .cast(dict(QUARANTINE_SCHEMA))
    )
    rest = merged([replace(shipped, kept=shipped.kept.filter(~is_replaced)), *splits[1:]])
    return Split(rest.kept, pl.concat([rest.quarantined, replaced]), rest.rows_in)


def read_bytes(file: _File) -> bytes:
    """The file as it comes with the repository."""
    return file.path.read_bytes()


def parse_file(
    kept: HandKept, file: _File, content: bytes, frames: Mapping[str, pl.DataFrame]
) -> Split:
    """One file's rows, checked against the rows of other tables where they name any.

    Args:
        kept: the table.
        file: the file.
        content: its bytes.
        frames: staged tables named in `CHECKED_AGAINST`, and figures of streams read before.
    """
    about = {"file": file.label, "source": kept.table}
    if file.stream is not None:
        about["stream"] = file.stream
    if not kept.is_checked_against_others:
        return kept.parse(content, **about)
    return kept.parse(content, **about, known=known_of(file.stream or "", frames))


def known_of(stream: str, frames: Mapping[str, pl.DataFrame]) -> Known:
    """What the figures of a stream may name, from the staged tables."""
    mine = {
        name: frames[name].filter(pl.col("stream") == stream)
        for name in ("quantities", "figure_sources", "origins")
    }
    countries = read_table(REFERENCE_DIR / COUNTRY_FILE, CodesOfCountries)["iso3"]
    taken = frames.get(FIGURES)
    return Known(
        quantities=mine["quantities"],
        units=frames["units"]["unit"].to_list(),
        countries=[*countries.to_list(), *frames["areas"]["area"].to_list()],
        source_ids=mine["figure_sources"]["source_id"].to_list(),
        origin_ids=mine["origins"]["origin_id"].to_list(),
        root_ids=mine["origins"]["root_id"].to_list(),
        reasons=frames["held_back_reasons"]["code"].to_list(),
        taken=[]
        if taken is None
        else taken.filter(pl.col("stream") != stream)["observation_id"].to_list(),
    )


def frames_of_repository() -> dict[str, pl.DataFrame]:
    """The tables that figures are checked against, as they come with the repository."""
    return {
        kept.table: merged(
            [parse_file(kept, file, read_bytes(file), {}) for file in files_of(kept)]
        ).kept
        for kept in TABLES
        if kept.table in CHECKED_AGAINST
    }


def merged(splits: list[Split]) -> Split:
    """Several files of one table as one."""
    return Split(
        pl.concat([one.kept for one in splits]),
        pl.concat([empty_quarantine(), *(one.quarantined for one in splits)]),
        sum(one.rows_in for one in splits),
    )


def _asset(kept: HandKept) -> dg.AssetsDefinition:
    deps = [["staged", name] for name in CHECKED_AGAINST] if kept.is_checked_against_others else []

    @dg.asset(
        key=["staged", kept.table],
        group_name="staged",
        kinds={"duckdb", "polars"},
        deps=[*([["raw", "landed_files"]] if kept.table == FIGURES else []), *deps],
    )
    def hand_kept(warehouse: WarehouseResource, snapshots: Snapshots) -> dg.MaterializeResult:
        store = snapshots.store()
        with warehouse.open().connect() as connection:
            frames = (
                {name: read_frame(connection, f"staged.{name}") for name in CHECKED_AGAINST}
                if kept.is_checked_against_others
                else {}
            )
            splits, overlays, told = [], [], []
            for file in files_of(kept):
                split = parse_file(kept, file, _kept(store, file), frames)
                if kept.table == FIGURES:
                    overlay, contents = _overlay(store, file)
                    split = _corrected(kept, file, split, overlay, contents, frames)
                    overlays.append(overlay.rows.with_columns(stream=pl.lit(file.stream)))
                    told += overlay.told
                splits.append(split)
                if kept.table == FIGURES:
                    frames[FIGURES] = pl.concat([one.kept for one in splits])
            split = merged(splits)
            for sentence in told:
                dg.get_dagster_logger().warning(sentence)
            write_frame(connection, f"staged.{kept.table}", split.kept.drop("line"))
            latest: tuple[dt.datetime | None, dt.date | None] = (None, None)
            n_corrections = 0
            if kept.table == FIGURES:
                corrections = pl.concat(overlays).join(split.kept, on=ROW_NAME, how="semi")
                n_corrections = corrections.height
                write_frame(connection, OVERLAYS, corrections.select(list(OVERLAY_SCHEMA)))
                latest = split.kept.select(
                    pl.col("retrieved_at").max(), pl.col("window_end_on").max()
                ).row(0)
            counts = note_source(
                connection,
                kept.table,
                split,
                licence=LICENCE,
                status="embedded in the repository"
                + (f"; {n_corrections} rows by dropped corrections" if n_corrections else ""),
                is_embedded=not n_corrections,
                retrieved_at=latest[0],
                as_of=latest[1],
            )
            return result(connection, f"staged.{kept.table}", **counts)

    return hand_kept


ASSETS = [_asset(kept) for kept in TABLES]
