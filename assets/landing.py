"""The landing folder as assets and sensor see it: its files, its check, when it is looked at."""

from __future__ import annotations

import hashlib
import json

import dagster as dg
import polars as pl

from assets.resources import Snapshots, WarehouseResource
from assets.schedules import MAIN_JOB
from assets.tables import code_links, table_metadata
from pipelines.inbox import Handled, land, loaded_notes, shown_name, waiting
from pipelines.operating.landing_folder import land_all, landing_dir
from pipelines.schemas.sources import LandedFiles
from pipelines.schemas.types import polars_schema
from pipelines.snapshots import SnapshotStore
from pipelines.warehouse import write_frame

OUTCOME_SCHEMA = polars_schema(LandedFiles)


def land_and_tell(store: SnapshotStore) -> list[Handled]:
    """Take in what is finished, and say what became of each file."""
    outcomes = land_all(store)
    log = dg.get_dagster_logger()
    for one in outcomes:
        tell = log.warning if one.status == "rejected" or one.is_worth_a_look else log.info
        tell("landing: %s: %s: %s", shown_name(one.name), one.status, one.message)
    return outcomes


@dg.asset(
    key=["raw", "landed_files"],
    group_name="raw",
    kinds={"file"},
    metadata=code_links(land),
)
def landed_files(warehouse: WarehouseResource, snapshots: Snapshots) -> dg.MaterializeResult:
    """Work the landing folder, then list everything loaded so far."""
    outcomes = land_and_tell(snapshots.store())
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
    if not rested:
        context.update_cursor(cursor)
        changing = f"{len(seen)} file(s) in landing/ still changing"
        return dg.SkipReason(changing if seen else "landing/ holds no file to take in")
    mark = hashlib.sha256(json.dumps(rested, sort_keys=True).encode()).hexdigest()[:16]
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=f"landing-{mark}")], cursor=cursor)
