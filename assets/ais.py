"""Ship positions: landed files by day, then events, vessels, loadings and what they say of coal.

Files of positions dropped into `landing/` are landed with all the others. Days are partitions of
the job `ais_day` alone, which records what it built under `raw/ais_positions`: one partitioned
asset in the graph would turn "Materialize all" into a dialog. Every run brings the days up to date
and makes empty tables, with the right columns, of nothing.
"""

import datetime as dt
import os
from collections.abc import Iterator
from dataclasses import asdict

import dagster as dg

from assets.landing import land_and_tell
from assets.resources import Network, Snapshots, WarehouseResource
from assets.tables import code_links, results, table_specs
from pipelines.shipping.days import DayReport, build_day, stale_days
from pipelines.shipping.dropped import landed_dir, positions_dir
from pipelines.shipping.landed_tables import landed_tables, lines_without_place
from pipelines.sources.gfw_events.read import fetch_day, is_settled
from pipelines.sources.http import Fetcher, SourceUnavailable
from pipelines.sources.notes import note_source
from pipelines.warehouse import read_frame, write_frame

EDGE_GROUP = "ais_edge"
LICENCE_AIS = "as received; positions are not redistributed"
GFW_TOKEN = "GFW_API_TOKEN"  # noqa: S105  the variable's name, not a token
DAYS = dg.DailyPartitionsDefinition(start_date="2012-01-01", timezone="UTC")

POSITIONS_KEY = dg.AssetKey(["raw", "ais_positions"])
AIS_POSITIONS = dg.AssetSpec(
    POSITIONS_KEY,
    group_name=EDGE_GROUP,
    kinds={"duckdb", "parquet"},
    description=(
        "Ship positions from every landed file, as Parquet by UTC day, sorted by ship and time, "
        "bucketed by MMSI. Every run builds the days that new files reach into; the partitioned "
        "job ais_day builds one day."
    ),
    metadata=code_links(build_day),
)


@dg.op(name="build_day_of_positions")
def build_day_of_positions(
    context: dg.OpExecutionContext, network: Network, snapshots: Snapshots
) -> None:
    """Land what was dropped, build this day, and fetch its events where a token allows.

    Raises:
        dagster.Failure: no day was chosen.
    """
    if not context.has_partition_key:
        raise dg.Failure(
            "ais_day builds one day and none was chosen: launch it for a partition in the UI, or "
            "run `./run ais`, which builds every day that dropped files reach into"
        )
    store = snapshots.store()
    landed = land_and_tell(store)
    on = dt.date.fromisoformat(context.partition_key)
    day = build_day(landed_dir(), positions_dir(), on)
    token, today = os.environ.get(GFW_TOKEN), dt.datetime.now(dt.UTC).date()
    fetched = f"not asked: no network, or {GFW_TOKEN} is not set"
    if not is_settled(on, today):
        fetched = "not asked: the service has no data of so late a day yet"
    elif network.is_online() and token:
        try:
            fetched = f"{fetch_day(store, Fetcher(), token, on)} pages of events"
        except SourceUnavailable as error:
            fetched = f"no events: {error}"
            context.log.warning(fetched)
    _record_day(context, on, day, global_fishing_watch=fetched, files_looked_at=len(landed))


def _record_day(
    context: dg.OpExecutionContext | dg.AssetExecutionContext,
    on: dt.date,
    day: DayReport,
    **more: str | int,
) -> None:
    context.log_event(
        dg.AssetMaterialization(
            asset_key=POSITIONS_KEY,
            partition=on.isoformat(),
            metadata={"dagster/row_count": day.rows_kept, **asdict(day), **more},
        )
    )


@dg.job(
    name="ais_day",
    partitions_def=DAYS,
    description="One day of ship positions, from the dropped files and Global Fishing Watch.",
    executor_def=dg.in_process_executor,
)
def ais_day_job() -> None:
    """Build one day."""
    build_day_of_positions()


LANDED = ("staged.ais_files", "staged.ais_rule_counts")


@dg.multi_asset(
    name="staged__ais_files",
    specs=table_specs(
        LANDED,
        group="shipping",
        kinds={"duckdb", "polars"},
        reads=["raw.ais_positions", "raw.landed_files"],
        by=[landed_tables],
    ),
)
def ais_files(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource
) -> Iterator[dg.MaterializeResult]:
    """Build the days that new files reach into; list what is landed and count it by rule."""
    for day in stale_days(landed_dir(), positions_dir()):
        _record_day(context, day, build_day(landed_dir(), positions_dir(), day))
    landed = landed_tables()
    with warehouse.open().connect() as connection:
        write_frame(connection, "staged.ais_files", landed.files)
        write_frame(connection, "staged.ais_rule_counts", landed.counts)
        noted = note_source(
            connection,
            "ais",
            landed.split,
            licence=LICENCE_AIS,
            status=landed.status,
            is_embedded=False,
            as_of=max(landed.files["last_day"].drop_nulls().to_list(), default=None),
            retrieved_at=max(landed.files["received_at"].to_list(), default=None),
        )
        yield from results(connection, LANDED, **noted)


ais_job = dg.define_asset_job(
    "ais",
    selection=dg.AssetSelection.assets(
        ["raw", "landed_files"], *(table.split(".") for table in LANDED)
    ),
    description="Take in what was dropped and build every day that ship positions reach into.",
)


@dg.asset_check(
    asset=["staged", "ais_files"],
    name="every_line_of_a_ship_file_has_its_place",
    blocking=True,
    description="Lines counted in the bytes are header, blank, kept or quarantined, file by file.",
)
def every_line_has_its_place(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Hold the counts of each landed file against its lines and against what lies on disk."""
    with warehouse.open().connect(read_only=True) as connection:
        files = read_frame(connection, "staged.ais_files")
    wrong = lines_without_place(files)
    return dg.AssetCheckResult(
        passed=not wrong,
        description="; ".join(wrong) or f"{files.height} files, every line in its place",
    )
