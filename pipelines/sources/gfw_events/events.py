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

SCHEMA = polars_schema(GfwEvents)
EVENT_COLUMNS = list(SCHEMA)
SOURCE = "gfw_events"
OLDER_VERSION = "older_version_of_data"

# column and remedy of each rule of events.sql, where the first that holds refuses the record
_REFUSALS = {
    "not_an_event": ("id", "an event has an id and a type; fetch the list again"),
    "unknown_event_type": ("type", "a new type of event: say what it means before it is used"),
    "start_unreadable": ("start", "an event starts at an ISO instant; fetch it again"),
    "ends_before_start": ("end", "check the event at its source"),
    "position_unreadable": (
        "position",
        "an event lies within 90 degrees of latitude and 180 of longitude",
    ),
    "vessel_missing": ("vessel", "an event belongs to a vessel"),
    "listed_per_vessel": (
        "id",
        "the same encounter listed for its other vessel, or the same event again: counted once",
    ),
}


def _sql(name: str) -> str:
    return Path(__file__).with_name(f"{name}.sql").read_text(encoding="utf-8")


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
    rules = pl.DataFrame(
        [(rule, *told) for rule, told in _REFUSALS.items()],
        schema=["rule", "column", "remedy"],
        orient="row",
    )
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(_sql("macros"))
        try:
            connection.execute(
                f"create temp table records as {_sql('records')}", {"path": str(path)}
            )
        except duckdb.Error as error:
            # it names the file it reads, which may be a copy under a name of ours
            said = str(error).strip().split("\n", 1)[0].replace(str(path), file)
            raise ValueError(f"{file} is not readable as JSON: {said}; fetch it again") from error
        connection.execute(f"create temp table events as {_sql('events')}")
        events = connection.table("events")
        kept = events.filter("rule is null").order("line").select(*EVENT_COLUMNS).pl()
        connection.register("rules", rules)
        quarantined = connection.execute(_sql("refused"), {"file": file, "source": SOURCE}).pl()
        rows_in = len(connection.table("records"))
    return Split(
        kept.cast(pl.Schema(SCHEMA)),
        quarantined.cast(pl.Schema(QUARANTINE_SCHEMA)),
        rows_in,
    )


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
