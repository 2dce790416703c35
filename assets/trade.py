"""Trade, prices and exchange rates: snapshots, staged tables, and what partners' customs say."""

from __future__ import annotations

import datetime as dt

import dagster as dg
import polars as pl

from assets.resources import Network, Snapshots, WarehouseResource
from assets.tables import last_asking, note_source, result
from pipelines.countries import with_names
from pipelines.operating.asking import NotAsked, Outcome, Refresh, ask, register
from pipelines.paths import REFERENCE_DIR
from pipelines.reference_tables import read_table
from pipelines.schemas.sources import CodesOfCountries
from pipelines.schemas.trade import MirrorPriors
from pipelines.snapshots import SnapshotStore
from pipelines.sources.folders import SourceFolder, list_folders
from pipelines.sources.http import Fetcher
from pipelines.sources.mirror import parse_mirror_priors
from pipelines.sources.staging import Staged, instant_of, stage
from pipelines.warehouse import has_table, write_frame

SOURCES = list_folders()


def asker_of(source: SourceFolder) -> Refresh | None:
    """How a source is asked for what is new; None where people fetch by hand."""
    fetch = source.refresh
    if fetch is None:
        return None

    def refresh(store: SnapshotStore) -> Outcome:
        key = source.key_value()
        if source.is_key_needed and key is None:
            return NotAsked(f"not asked: {source.key} is not set")
        return fetch(store, Fetcher(), key)

    return refresh


def _raw_asset(source: SourceFolder) -> dg.AssetsDefinition:
    @dg.asset(
        key=["raw", source.name],
        group_name="raw",
        kinds={"file"},
        deps=[["raw", "landed_files"]],
    )
    def raw(
        warehouse: WarehouseResource,
        snapshots: Snapshots,
        network: Network,
    ) -> dg.MaterializeResult:
        store = snapshots.store()
        done = ask(source.name, store, network)
        if not done.is_complete:
            dg.get_dagster_logger().info(done.outcome)
        retrievals = pl.DataFrame(
            [
                (one.part, one.sha256, one.url, one.retrieved.replace(tzinfo=None),
                 one.http_status, one.licence)
                for one in store.retrievals(source.name, instant_of(network.as_of()))
            ],
            schema={
                "part": pl.String,
                "sha256": pl.String,
                "url": pl.String,
                "retrieved_at": pl.Datetime("us"),
                "http_status": pl.Int64,
                "licence": pl.String,
            },
            orient="row",
        )  # fmt: skip
        with warehouse.open().connect() as connection:
            write_frame(connection, f"raw.{source.name}", retrievals)
            return result(
                connection, f"raw.{source.name}", outcome=done.outcome, stored=done.stored
            )

    return raw


def status_of(
    source: SourceFolder, staged: Staged, outcome: str, today: dt.date, last: dt.date | None
) -> tuple[str, bool]:
    """What to say about a source after staging, and whether it is stale."""
    if staged.is_embedded:
        origin = "comes with the installation"
    elif staged.retrieved_at is None:
        origin = f"no data; {source.to_get_it}"
    else:
        origin = f"{staged.pieces} snapshot(s), newest of {staged.retrieved_at:%Y-%m-%d}"
    words = [origin]
    if outcome and source.refresh is not None:
        words.append(outcome)
    if staged.drift:
        words.append(f"DRIFT: {staged.drift[0]}")
        if len(staged.drift) > 1:
            words.append(f"and {len(staged.drift) - 1} more")
    if staged.damage:
        words.append(f"DAMAGED: {staged.damage[0]}")
    age = 0 if staged.retrieved_at is None else (today - staged.retrieved_at.date()).days
    behind = (today - last).days if last is not None and source.lag_days else 0
    is_stale = (
        bool(staged.drift or staged.damage)
        or age > source.stale_days
        or behind > source.lag_days > 0
    )
    return "; ".join(words), is_stale


def _staged_asset(source: SourceFolder) -> dg.AssetsDefinition:
    @dg.asset(
        key=["staged", source.name],
        group_name="staged",
        kinds={"duckdb", "polars"},
        deps=[["raw", source.name]],
    )
    def staged_source(
        warehouse: WarehouseResource,
        snapshots: Snapshots,
        network: Network,
    ) -> dg.MaterializeResult:
        asked = network.as_of()
        staged = stage(
            snapshots.store(),
            source.name,
            source.contract,
            source.parse,
            as_of=instant_of(asked),
            embedded=source.embedded,
            settle=source.settle,
        )
        for message in (*staged.drift, *staged.damage):
            dg.get_dagster_logger().warning(message)
        with warehouse.open().connect() as connection:
            table = f"staged.{source.name}"
            write_frame(connection, table, staged.split.kept)
            for ledger in ("source_runs", "quarantine") if source.was else ():
                if has_table(connection, f"staged.{ledger}"):
                    connection.execute(
                        f"delete from staged.{ledger} where source = $was", {"was": source.was}
                    )
            asks = snapshots.store().asks(source.name, instant_of(asked))
            today = dt.date.fromisoformat(asked) if asked else dt.datetime.now(dt.UTC).date()
            newest = staged.split.kept[source.last_day].max()
            if isinstance(newest, int):
                newest = dt.date(newest, 12, 31)
            elif isinstance(newest, dt.datetime):
                newest = newest.date()
            last = newest if isinstance(newest, dt.date) else None
            status, is_stale = status_of(source, staged, last_asking(asks), today, last)
            counts = note_source(
                connection,
                source.name,
                staged.split,
                licence=source.licence,
                status=status,
                is_embedded=staged.is_embedded,
                is_stale=is_stale,
                as_of=last,
                retrieved_at=staged.retrieved_at,
                cadence=source.cadence,
                store=snapshots.store(),
                now=instant_of(asked),
            )
            return result(connection, table, **counts)

    return staged_source


def _drift_check(source: SourceFolder) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=["staged", source.name],
        name=f"{source.name}_has_its_agreed_form",
        blocking=False,
        description="A source that changed its form stops here; older snapshots carry on.",
    )
    def agreed_form(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        with warehouse.open().connect(read_only=True) as connection:
            row = connection.execute(
                "select status, is_stale, rows_in - rows_kept - rows_quarantined "
                "from staged.source_runs where source = $source",
                {"source": source.name},
            ).fetchone()
        status, is_stale, lost = row or ("not staged", True, 0)
        drifted = "DRIFT" in status
        return dg.AssetCheckResult(
            passed=not drifted and lost == 0,
            severity=dg.AssetCheckSeverity.WARN,
            description=status,
            metadata={"is_stale": bool(is_stale), "rows_lost": int(lost)},
        )

    return agreed_form


for one in SOURCES:
    if (asker := asker_of(one)) is not None:
        register(one.name, asker, publisher=one.publisher)
RAW_ASSETS = [_raw_asset(source) for source in SOURCES]
STAGED_ASSETS = [_staged_asset(source) for source in SOURCES]
DRIFT_CHECKS = [_drift_check(source) for source in SOURCES]


@dg.asset(
    key=["staged", "country_codes"],
    group_name="staged",
    kinds={"duckdb"},
)
def country_codes(warehouse: WarehouseResource) -> dg.MaterializeResult:
    """Read the hand-kept table."""
    frame = read_table(REFERENCE_DIR / "country_codes.csv", CodesOfCountries)
    with warehouse.open().connect() as connection:
        write_frame(connection, "staged.country_codes", with_names(frame))
        return result(connection, "staged.country_codes")


@dg.asset(
    key=["staged", "mirror_priors"],
    group_name="staged",
    kinds={"duckdb"},
)
def mirror_priors(warehouse: WarehouseResource) -> dg.MaterializeResult:
    """Read the hand-kept table and hold it to its form."""
    frame = read_table(REFERENCE_DIR / "mirror_priors.csv", MirrorPriors)
    parse_mirror_priors(frame)
    with warehouse.open().connect() as connection:
        write_frame(connection, "staged.mirror_priors", frame)
        return result(connection, "staged.mirror_priors")
