"""Official lists: snapshots, one staged shape for all of them, and what each edition changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import dagster as dg
import polars as pl

from assets.resources import Network, Snapshots, WarehouseResource
from assets.tables import last_asking, note_source, result, results
from pipelines.operating.asking import ask, register
from pipelines.quarantine import Split, empty_quarantine
from pipelines.schemas.listings import (
    ListedAddresses,
    ListedAliases,
    ListedLinks,
    ListedParties,
    ListingChanges,
)
from pipelines.schemas.sources import Retrievals
from pipelines.schemas.types import polars_schema
from pipelines.snapshots import SnapshotStore
from pipelines.sources.http import Fetcher
from pipelines.sources.list_editions import (
    LISTS,
    OfficialList,
    StagedList,
    refresh_list,
    stage_list,
)
from pipelines.sources.refresh import Refreshed
from pipelines.sources.staging import instant_of
from pipelines.warehouse import write_frame

RETRIEVAL_SCHEMA = polars_schema(Retrievals)
TABLES = {
    "listed_parties": ListedParties,
    "listed_aliases": ListedAliases,
    "listed_addresses": ListedAddresses,
    "listed_links": ListedLinks,
    "listing_changes": ListingChanges,
}


def _raw_asset(official: OfficialList) -> dg.AssetsDefinition:
    @dg.asset(
        key=["raw", official.source],
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
        done = ask(official.source, store, network)
        if not done.is_complete:
            dg.get_dagster_logger().info(done.outcome)
        retrievals = pl.DataFrame(
            [
                (
                    one.part,
                    one.sha256,
                    one.url,
                    one.retrieved.astimezone(dt.UTC).replace(tzinfo=None),
                    one.http_status,
                    one.licence,
                )
                for one in store.retrievals(official.source, instant_of(network.as_of()))
            ],
            schema=RETRIEVAL_SCHEMA,
            orient="row",
        )
        table = f"raw.{official.source}"
        with warehouse.open().connect() as connection:
            write_frame(connection, table, retrievals)
            return result(connection, table, outcome=done.outcome, stored=done.stored)

    return raw


def _refresh(official: OfficialList) -> Callable[[SnapshotStore], Refreshed]:
    return lambda store: refresh_list(store, official, Fetcher())


for one in LISTS:
    register(one.source, _refresh(one), publisher=one.publisher)
RAW_ASSETS = [_raw_asset(official) for official in LISTS]


def _empty(table: str) -> pl.DataFrame:
    return pl.DataFrame(schema=polars_schema(TABLES[table]))


def _status(
    official: OfficialList, staged: StagedList, outcome: str, now: dt.datetime
) -> tuple[str, bool]:
    if staged.retrieved_at is None or staged.spoken_at is None:
        words, is_stale = [f"no data; {official.to_get_it}"], False
    else:
        printed = staged.listing.edition.edition_on if staged.listing else None
        words = [f"snapshot of {staged.retrieved_at:%Y-%m-%d}"]
        if printed is not None:
            words = [f"edition of {printed}"]
        elif staged.is_undated:
            words = ["an undated file, dropped by hand: which day it is of is not known"]
        if staged.missing:
            words.append(f"MISSING: {'; '.join(staged.missing)}")
        is_stale = staged.is_undated or (now - staged.spoken_at).days > official.stale_days
    if outcome:
        words.append(outcome)
    if staged.drift:
        words.append(f"DRIFT: {staged.drift[0]}")
    if staged.damage:
        words.append(f"DAMAGED: {staged.damage[0]}")
    return "; ".join(words), is_stale or bool(staged.drift or staged.damage)


@dg.multi_asset(
    name="official_lists",
    specs=[
        dg.AssetSpec(
            ["staged", table],
            group_name="staged",
            kinds={"duckdb", "polars"},
            deps=[["raw", official.source] for official in LISTS],
        )
        for table in TABLES
    ],
)
def official_lists(
    warehouse: WarehouseResource, snapshots: Snapshots, network: Network
) -> Iterator[dg.MaterializeResult]:
    """Stage the newest readable edition of every list; a list that drifted stops alone."""
    store = snapshots.store()
    at = instant_of(network.as_of())
    found = {name: [_empty(name)] for name in TABLES}
    with warehouse.open().connect() as connection:
        for official in LISTS:
            staged = stage_list(store, official, as_of=at)
            for message in (*staged.drift, *staged.damage):
                dg.get_dagster_logger().warning(message)
            for message in staged.missing:
                dg.get_dagster_logger().warning(f"{official.source}: {message}")
            asks = store.asks(official.source, at)
            status, is_stale = _status(
                official, staged, last_asking(asks), at or dt.datetime.now(dt.UTC)
            )
            listing = staged.listing
            empty = Split(_empty("listed_parties"), empty_quarantine(), 0)
            splits = listing.splits if listing else {official.source: empty}
            for source, split in splits.items():
                note_source(
                    connection,
                    source,
                    split,
                    licence=official.licence,
                    status=status,
                    is_embedded=False,
                    is_stale=is_stale,
                    as_of=listing.edition.edition_on if listing else None,
                    retrieved_at=listing.edition.retrieved_at if listing else None,
                    cadence=official.cadence,
                    store=store,
                    asked_as=official.source,
                    now=at,
                )
            if listing is not None:
                found["listed_parties"].append(listing.parties)
                found["listed_aliases"].append(listing.aliases)
                found["listed_addresses"].append(listing.addresses)
                found["listed_links"].append(listing.links)
                found["listing_changes"].append(staged.changes)
        for name, frames in found.items():
            contract = TABLES[name]
            whole = contract.validate(pl.concat(frames), lazy=True)
            write_frame(connection, f"staged.{name}", whole)
        yield from results(connection, (f"staged.{name}" for name in TABLES))


@dg.asset_check(
    asset=["staged", "listed_parties"],
    name="listed_rows_in_are_rows_kept_plus_refused",
    blocking=True,
    description="Every row of every list is staged or in quarantine, with a reason.",
)
def listed_rows_add_up(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Count what came in against what is held."""
    with warehouse.open().connect(read_only=True) as connection:
        rows = connection.execute(
            """
            with held as (
                select list_source as source, count(*) as kept
                from staged.listed_parties
                group by all
            ),
            refused as (
                select source, count(distinct (file, line)) as refused
                from staged.quarantine
                group by all
            )
            select
                runs.source,
                runs.rows_in,
                runs.rows_kept,
                coalesce(held.kept, 0) as kept,
                coalesce(refused.refused, 0) as refused
            from staged.source_runs as runs
            left join held on runs.source = held.source
            left join refused on runs.source = refused.source
            where runs.source in (select unnest($sources))
            """,
            {"sources": [one.source for one in LISTS]},
        ).fetchall()
    lost = [
        source
        for source, rows_in, rows_kept, kept, refused in rows
        # in OpenSanctions files a line may be an address or a link and no party
        if rows_in != rows_kept + refused
        or (kept != rows_kept and not source.startswith("opensanctions"))
    ]
    told = "; ".join(f"{source}: {rows_in} in, {kept} staged, {refused} refused"
                     for source, rows_in, _, kept, refused in rows)  # fmt: skip
    return dg.AssetCheckResult(
        passed=not lost and len(rows) == len(LISTS),
        description=told,
        metadata={"lists": len(rows), "lists_that_lost_rows": len(lost)},
    )


@dg.asset_check(
    asset=["staged", "listed_parties"],
    name="lists_have_their_agreed_form",
    blocking=False,
    description="A list that changed its form stops here; its older edition carries on.",
)
def lists_have_their_form(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Look for drift in the status of the lists."""
    with warehouse.open().connect(read_only=True) as connection:
        drifted = connection.execute(
            "select source, status from staged.source_runs "
            "where status like '%DRIFT%' and source in (select unnest($sources))",
            {"sources": [one.source for one in LISTS]},
        ).fetchall()
    return dg.AssetCheckResult(
        passed=not drifted,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(f"{source}: {status}" for source, status in drifted)
        or "every list has its agreed form",
    )


@dg.asset_check(
    asset=["staged", "listed_links"],
    name="dprk_links_resolve",
    blocking=False,
    description="Links of parties under the North Korea measures name a listed party.",
)
def dprk_links_resolve(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Count links of the DPRK parties whose target is on no list at hand."""
    with warehouse.open().connect(read_only=True) as connection:
        row = connection.execute(
            "select count(*), count(*) filter (target_list_id is null) "
            "from staged.listed_links where is_dprk and list_source like 'ofac%'"
        ).fetchone()
    links, unresolved = row or (0, 0)
    return dg.AssetCheckResult(
        passed=unresolved == 0,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{links - unresolved} of {links} links name a listed party",
        metadata={"links": links, "unresolved": unresolved},
    )
