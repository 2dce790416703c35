"""Hand-kept tables: their bytes kept as received, then typed; bad rows named and set aside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import dagster as dg
import polars as pl

from assets.resources import Snapshots, WarehouseResource
from assets.tables import note_source, result
from pipelines.paths import REFERENCE_DIR
from pipelines.quarantine import Split, empty_quarantine
from pipelines.sources.figures import (
    parse_figure_sources,
    parse_figures,
    parse_held_back_reasons,
    parse_origins,
    parse_units,
)
from pipelines.warehouse import read_frame, write_frame

LICENCE = "facts typed by hand with citations; table CC BY 4.0"
FIGURE_FILES = {"coal_figures": "coal_figures.csv", "labor_figures": "labor_figures.csv"}
SOURCE_FILES = (
    "coal_figure_sources.csv",
    "labor_figure_sources.csv",
    "feed_figure_sources.csv",
)
ORIGIN_FILES = ("coal_origins.csv", "labor_origins.csv", "feed_origins.csv")


def _keep_bytes(snapshots: Snapshots, name: str, file: str) -> tuple[bytes, bool]:
    """The file's bytes, kept once per content, and whether they come with the repository.

    An edit makes a new snapshot; so does an edited copy dropped into landing/. The last one counts.
    """
    content = (REFERENCE_DIR / file).read_bytes()
    store = snapshots.store()
    if not store.holds(name, content):
        store.put(
            name,
            content,
            url=f"embedded:pipelines/reference/{file}",
            licence=LICENCE,
            retrieved_at=dt.datetime.now(dt.UTC),
            http_status=0,
        )
    last = store.newest(name)
    if last is not None and last.url.startswith("file:"):
        return store.read(last), False
    return content, True


@dataclass(frozen=True)
class _Lookup:
    """A small table that other tables' rows are checked against."""

    table: str
    files: tuple[str, ...]
    parse: Callable[..., Split]
    about: str


LOOKUPS = (
    _Lookup(
        "figure_sources",
        SOURCE_FILES,
        parse_figure_sources,
        "Documents and pages in which the figures were read. Grain: source_id.",
    ),
    _Lookup(
        "origins",
        ORIGIN_FILES,
        parse_origins,
        "Who first produced a figure, whoever printed it later. Grain: origin_id.",
    ),
    _Lookup(
        "held_back_reasons",
        ("held_back_reasons.csv",),
        parse_held_back_reasons,
        "Why a figure is kept but no estimator may use it. Grain: code.",
    ),
    _Lookup("units", ("units.csv",), parse_units, "Known units and their meaning. Grain: unit."),
)


def _merged(splits: list[Split]) -> Split:
    return Split(
        pl.concat([one.kept for one in splits]),
        pl.concat([empty_quarantine(), *(one.quarantined for one in splits)]),
        sum(one.rows_in for one in splits),
    )


def _lookup_asset(lookup: _Lookup) -> dg.AssetsDefinition:
    @dg.asset(
        key=["staged", lookup.table],
        group_name="staged",
        kinds={"duckdb", "polars"},
        description=lookup.about,
    )
    def staged_lookup(warehouse: WarehouseResource, snapshots: Snapshots) -> dg.MaterializeResult:
        split = _merged(
            [
                lookup.parse(
                    _keep_bytes(snapshots, file.removesuffix(".csv"), file)[0],
                    file=file,
                    source=lookup.table,
                )
                for file in lookup.files
            ]
        )
        with warehouse.open().connect() as connection:
            write_frame(connection, f"staged.{lookup.table}", split.kept.drop("line"))
            counts = note_source(
                connection,
                lookup.table,
                split,
                licence=LICENCE,
                status="embedded in the repository",
                is_embedded=True,
            )
            return result(connection, f"staged.{lookup.table}", **counts)

    return staged_lookup


def _figures_asset(table: str, file: str) -> dg.AssetsDefinition:
    @dg.asset(
        key=["staged", table],
        group_name="staged",
        kinds={"duckdb", "polars"},
        deps=[["raw", "landed_files"], *(["staged", lookup.table] for lookup in LOOKUPS)],
        description=(
            f"Published figures of {file}, one statement a row, typed and checked. "
            "Grain: observation_id."
        ),
    )
    def staged_figures(warehouse: WarehouseResource, snapshots: Snapshots) -> dg.MaterializeResult:
        content, is_embedded = _keep_bytes(snapshots, table, file)
        with warehouse.open().connect() as connection:
            known = {
                lookup.table: read_frame(connection, f"staged.{lookup.table}") for lookup in LOOKUPS
            }
            split = parse_figures(
                content,
                file=file,
                source=table,
                units=known["units"]["unit"].to_list(),
                source_ids=known["figure_sources"]["source_id"].to_list(),
                origin_ids=known["origins"]["origin_id"].to_list(),
                reasons=known["held_back_reasons"]["code"].to_list(),
            )
            write_frame(connection, f"staged.{table}", split.kept.drop("line"))
            latest = split.kept.select(
                pl.col("retrieved_at").max(), pl.col("window_end_on").max()
            ).row(0)
            counts = note_source(
                connection,
                table,
                split,
                licence=LICENCE,
                status="embedded in the repository" if is_embedded else "an edited copy, dropped",
                is_embedded=is_embedded,
                retrieved_at=latest[0],
                as_of=latest[1],
            )
            return result(connection, f"staged.{table}", **counts)

    return staged_figures


LOOKUP_ASSETS = [_lookup_asset(lookup) for lookup in LOOKUPS]
FIGURE_ASSETS = [_figures_asset(table, file) for table, file in FIGURE_FILES.items()]
