"""Events of Global Fishing Watch's API v3: one typed table out of loosely typed JSON.

Numbers arrive as strings in places, booleans as "false", `end` may be empty, and an encounter is
listed once for each of its two vessels. Everything is read as text first and cast afterwards, so a
field that changes its JSON type between releases changes nothing here.

An answer names the data sets it was drawn from with their versions. Each version finds and names
its events anew (port visits since 3.1 by their middle anchorage), so of two versions that speak of
one ship at one time the newer counts.
"""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import polars as pl

from pipelines.quarantine import Split
from pipelines.schemas.gfw import EVENT_TYPES, GfwEvents
from pipelines.schemas.quarantine import QUARANTINE_SCHEMA
from pipelines.schemas.types import polars_schema

# lists of events grow to some hundred megabytes; DuckDB wants to know before it reads
_MOST_BYTES = 1 << 30

EVENT_COLUMNS = list(GfwEvents.to_schema().columns)

_TYPES = ", ".join(f"'{one}'" for one in EVENT_TYPES)
SOURCE = "gfw_events"
OLDER_VERSION = "older_version_of_data"

# the first that holds refuses the record
_REFUSALS: dict[str, tuple[str, str, str]] = {
    "not_an_event": (
        "event_id is null or event_type is null",
        "id",
        "an event has an id and a type; fetch the list again",
    ),
    "unknown_event_type": (
        f"event_type not in ({_TYPES})",
        "type",
        "a new type of event: say what it means before it is used",
    ),
    "start_unreadable": (
        "started_at is null",
        "start",
        "an event starts at an ISO instant; fetch it again",
    ),
    "ends_before_start": ("ended_at < started_at", "end", "check the event at its source"),
    "position_unreadable": (
        "lat is null or lon is null or not (abs(lat) <= 90 and abs(lon) <= 180)",
        "position",
        "an event lies within 90 degrees of latitude and 180 of longitude",
    ),
    "vessel_missing": (
        "vessel_id is null and vessel_mmsi is null",
        "vessel",
        "an event belongs to a vessel",
    ),
    "listed_per_vessel": (
        "copy > 1",
        "id",
        "the same encounter listed for its other vessel, or the same event again: counted once",
    ),
}


def parse_gfw_events(path: Path, *, file: str) -> Split:
    """Read a response of the events endpoint, a list of events, or one event.

    Args:
        path: JSON (an object, an array, or one object a line).
        file: its name as the analyst knows it.

    Returns:
        Split: kept rows carry EVENT_COLUMNS (instants UTC, degrees, knots, kilometres, hours; what
        an event does not have is null); `line` is the record's number. Rows in = kept + refused.

    Raises:
        ValueError: not JSON, or no list of events in it.
    """
    reason = " ".join(f"when {test} then '{rule}'" for rule, (test, _, _) in _REFUSALS.items())
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        try:
            connection.execute(
                f"""
                create temp table records as
                with documents as (
                    select row_number() over () as document, json
                    from read_json_objects(
                        $path, format = 'auto', maximum_object_size = {_MOST_BYTES}
                    )
                ), listed as (
                    select document, json -> '$.metadata.datasets' as datasets, unnest(case
                        when json_type(json) = 'ARRAY' then json_transform(json, '["JSON"]')
                        when json_type(json -> '$.entries') = 'ARRAY'
                            then json_transform(json -> '$.entries', '["JSON"]')
                        else [json]
                    end) as event
                    from documents
                )
                select
                    row_number() over () as line,
                    datasets,
                    -- both spellings of the one key are about
                    replace(event::varchar, '"portVisit":', '"port_visit":')::json as event
                from listed
                """,
                {"path": str(path)},
            )
        except duckdb.Error as error:
            said = str(error).strip().split("\n", 1)[0]
            raise ValueError(f"{file} is not readable as JSON: {said}; fetch it again") from error
        connection.execute(
            f"""
            create temp table events as
            with fields as (
                select
                    line,
                    nullif(event ->> '$.id', '') as full_id,
                    lower(nullif(event ->> '$.type', '')) as event_type,
                    {_DATASET} as dataset,
                    {_instant("start")} as started_at,
                    {_instant("end")} as ended_at,
                    {_number("position.lon")} as lon,
                    {_number("position.lat")} as lat,
                    nullif(event ->> '$.vessel.id', '') as vessel_id,
                    {_mmsi("vessel.ssvid")} as vessel_mmsi,
                    nfc_normalize(event ->> '$.vessel.name') as vessel_name,
                    {_iso3("vessel.flag")} as vessel_flag_iso3,
                    nullif(event ->> '$.encounter.vessel.id', '') as other_vessel_id,
                    {_mmsi("encounter.vessel.ssvid")} as other_mmsi,
                    nfc_normalize(event ->> '$.encounter.vessel.name') as other_name,
                    {_iso3("encounter.vessel.flag")} as other_flag_iso3,
                    {_number("encounter.medianDistanceKilometers")} as median_distance_km,
                    {_number("encounter.medianSpeedKnots")} as median_speed_kn,
                    {_number("loitering.totalTimeHours")} as total_hours,
                    {_number("loitering.averageSpeedKnots")} as mean_speed_kn,
                    {_number("gap.durationHours")} as gap_hours,
                    {_number("gap.distanceKm")} as gap_distance_km,
                    {_number("gap.offPosition.lon")} as off_lon,
                    {_number("gap.offPosition.lat")} as off_lat,
                    {_number("gap.onPosition.lon")} as on_lon,
                    {_number("gap.onPosition.lat")} as on_lat,
                    {_boolean("gap.intentionalDisabling")} as is_intentional,
                    {_number("port_visit.confidence")}::bigint as visit_confidence,
                    {_number("port_visit.durationHrs")} as visit_hours,
                    coalesce(
                        event ->> '$.port_visit.intermediateAnchorage.anchorageId',
                        event ->> '$.port_visit.startAnchorage.anchorageId'
                    ) as anchorage_id,
                    coalesce(
                        event ->> '$.port_visit.intermediateAnchorage.name',
                        event ->> '$.port_visit.startAnchorage.name'
                    ) as anchorage_name,
                    coalesce(
                        {_iso3("port_visit.intermediateAnchorage.flag")},
                        {_iso3("port_visit.startAnchorage.flag")}
                    ) as anchorage_flag_iso3,
                    coalesce(
                        {_number("port_visit.intermediateAnchorage.lon")},
                        {_number("port_visit.startAnchorage.lon")}
                    ) as anchorage_lon,
                    coalesce(
                        {_number("port_visit.intermediateAnchorage.lat")},
                        {_number("port_visit.startAnchorage.lat")}
                    ) as anchorage_lat,
                    coalesce(
                        {_boolean("port_visit.intermediateAnchorage.atDock")},
                        {_boolean("port_visit.startAnchorage.atDock")}
                    ) as is_at_dock
                from records
            ), named as (
                -- an encounter's two listings differ in the number after the id's last dot
                select regexp_replace(full_id, '\\.[12]$', '') as event_id, * exclude (full_id),
                    full_id
                from fields
            ), counted as (
                select *, row_number() over (
                    partition by event_id, event_type order by full_id, line
                ) as copy
                from named
            )
            select *, case {reason} end as rule from counted
            """
        )
        kept = connection.sql(
            f"select {', '.join(EVENT_COLUMNS)} from events where rule is null order by line"
        ).pl()
        column = " ".join(f"when '{rule}' then '{at}'" for rule, (_, at, _) in _REFUSALS.items())
        remedy = " ".join(f"when '{rule}' then '{said}'" for rule, (*_, said) in _REFUSALS.items())
        quarantined = connection.execute(
            f"""
            select $source as source, $file as file, line, case rule {column} end as "column",
                left(coalesce(full_id, ''), 200) as value, rule, case rule {remedy} end as reason
            from events where rule is not null order by line
            """,
            {"file": file, "source": SOURCE},
        ).pl()
        rows_in = int((connection.execute("select count(*) from records").fetchone() or (0,))[0])
    return Split(
        kept.cast(pl.Schema(polars_schema(GfwEvents))),
        quarantined.cast(pl.Schema(QUARANTINE_SCHEMA)),
        rows_in,
    )


# the one data set of an answer that holds events of this type, such as …-port-visits-events:v4.0
_DATASET = """
    case when json_type(datasets) = 'ARRAY' then list_filter(
        json_transform(datasets, '["VARCHAR"]'),
        lambda one: contains(one, '-' || replace(lower(event ->> '$.type'), '_', '-'))
    )[1] end
"""


def older_versions(events: pl.DataFrame) -> pl.DataFrame:
    """Events of which a newer version of the data speaks too: one ship, one type, one time.

    Args:
        events: EVENT_COLUMNS and `file`; an event whose data set is not known is left alone.

    Returns:
        file, line and event_id of each.
    """
    known = events.select(
        "file",
        "line",
        "event_id",
        "vessel_mmsi",
        "event_type",
        "started_at",
        version=pl.col("dataset").str.extract(r":v(\d+(?:\.\d+)?)$").cast(pl.Float64, strict=False),
        until=pl.coalesce("ended_at", "started_at"),
    ).filter(pl.col("version").is_not_null() & pl.col("vessel_mmsi").is_not_null())
    if known["version"].n_unique() < 2:
        return known.clear().select("file", "line", "event_id")
    return (
        known.join(known, on=["vessel_mmsi", "event_type"], suffix="_newer")
        .filter(
            (pl.col("version") < pl.col("version_newer"))
            & (pl.col("started_at") <= pl.col("until_newer"))
            & (pl.col("started_at_newer") <= pl.col("until"))
        )
        .select("file", "line", "event_id")
        .unique(maintain_order=True)
    )


def settle(split: Split) -> Split:
    """Set aside what newer versions of the data tell anew; see `older_versions`."""
    older = older_versions(split.kept)
    refused = older.select(
        source=pl.lit(SOURCE),
        file="file",
        line="line",
        column=pl.lit("id"),
        value="event_id",
        rule=pl.lit(OLDER_VERSION),
        reason=pl.lit("a newer version of the data tells the same ship's time: it counts"),
    ).cast(pl.Schema(QUARANTINE_SCHEMA))
    return Split(
        split.kept.join(older, on=["file", "line"], how="anti", maintain_order="left"),
        pl.concat([split.quarantined, refused]),
        split.rows_in,
    )


def is_events(head: bytes) -> bool:
    """Whether a file is of events, told by its beginning: lists of thousands are not read."""
    text = head.decode("utf-8-sig", errors="replace").lstrip()
    if not text.startswith(("{", "[")):
        return False
    keys = set(re.findall(r'"([A-Za-z_]{1,40})"\s*:', text))
    kinds = {found.lower() for found in re.findall(r'"type"\s*:\s*"([A-Za-z_]{1,20})"', text)}
    if {"start", "position", "vessel"} <= keys and kinds & {*EVENT_TYPES, "gap_start", "port"}:
        return True
    # a page without events; a report of counts has the same frame, and names its data set as a key
    is_report = re.search(r'"public-[a-z-]+:[\w.]+"\s*:', text) is not None
    return "entries" in keys and bool({"total", "limit"} & keys) and not is_report


def _number(path: str) -> str:
    text = f"(event ->> '$.{path}')"
    return f"case when isfinite(try_cast({text} as double)) then try_cast({text} as double) end"


def _boolean(path: str) -> str:
    return f"try_cast(event ->> '$.{path}' as boolean)"


def _instant(path: str) -> str:
    text = f"(event ->> '$.{path}')"
    shape = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}"
    return (
        f"case when regexp_matches({text}, '{shape}') "
        f"then try_cast({text} as timestamptz)::timestamp end"
    )


def _mmsi(path: str) -> str:
    text = f"(event ->> '$.{path}')"
    return f"case when regexp_full_match({text}, '\\d{{9}}') then try_cast({text} as bigint) end"


def _iso3(path: str) -> str:
    text = f"(event ->> '$.{path}')"
    return f"case when regexp_full_match({text}, '[A-Z]{{3}}') then {text} end"
