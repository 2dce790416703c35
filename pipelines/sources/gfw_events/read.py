"""Events of Global Fishing Watch, API v3: asked a day at a time around the coal ports, by page.

`POST /v3/events` at gateway.api.globalfishingwatch.org with a bearer token; there is no keyless
tier, and the terms allow non-commercial use only. Nothing is fetched without a token.
"""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from pipelines.paths import SOURCES_DIR
from pipelines.quarantine import SourceDrift, Split
from pipelines.reference_tables import read_table
from pipelines.schemas.gfw import GfwEvents
from pipelines.schemas.ports import Ports
from pipelines.snapshots import SnapshotStore
from pipelines.sources.gfw_events.events import SOURCE, parse_gfw_events, settle
from pipelines.sources.gfw_events.events import is_events as recognise
from pipelines.sources.http import Answer, BodyCutOff, Fetcher, Limits, SourceUnavailable
from pipelines.sources.refresh import Refreshed, keep

__all__ = ["CONTRACT", "parse", "probe", "recognise", "refresh", "settle"]

CONTRACT = GfwEvents
LICENCE = "Global Fishing Watch terms, non-commercial; events are not redistributed"
BASE_URL = "https://gateway.api.globalfishingwatch.org"
DATASETS = tuple(
    f"public-global-{kind}-events:latest"
    for kind in ("port-visits", "encounters", "loitering", "gaps")
)
PAGE = 1_000
# a day around one country has some hundred events: more pages than this is a wrong question
MOST_PAGES = 200
# the service's data end 96 hours before now: a younger day answers empty without being so
SETTLED = dt.timedelta(days=5)
# what is said of a day still changes (a visit gets its end): asked again, this often, so long
ASK_AGAIN = dt.timedelta(days=7)
ASK_UNTIL = dt.timedelta(days=35)
# a machine that was off for longer asks for the days between by hand: `./run ais_day`
MOST_NEW_DAYS = 31
LIMITS = Limits(
    hosts=frozenset({"gateway.api.globalfishingwatch.org"}),
    content_types=("application/json",),
    read_s=120.0,
    max_bytes=256 * 1024 * 1024,
    min_interval_s=1.0,
)


def polygon_of(west: float, south: float, east: float, north: float) -> dict[str, object]:
    """GeoJSON polygon of a box (lon, lat; degrees)."""
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def area_around(ports: pl.DataFrame, margin_deg: float = 2.0) -> dict[str, object]:
    """GeoJSON polygon: the box around the coal ports (lon, lat; degrees), with a margin."""
    lon, lat = (ports.filter("is_coal_port")[name].to_numpy() for name in ("lon", "lat"))
    west, east = float(lon.min()) - margin_deg, float(lon.max()) + margin_deg
    south, north = float(lat.min()) - margin_deg, float(lat.max()) + margin_deg
    return polygon_of(west, south, east, north)


def is_settled(day: dt.date, today: dt.date) -> bool:
    """Whether the service can have the events of a day by now."""
    return today - day >= SETTLED


def due_again(fetched: Mapping[dt.date, dt.date], today: dt.date) -> list[dt.date]:
    """Days already fetched that are to be asked for again.

    Args:
        fetched: day to the date of its last retrieval.
        today: the date.
    """
    return sorted(
        day
        for day, on in fetched.items()
        if on - day < ASK_UNTIL and today - on >= ASK_AGAIN and is_settled(day, today)
    )


def fetch_events(
    fetcher: Fetcher, token: str, day: dt.date, area: dict[str, object]
) -> Iterator[Answer]:
    """Every page of the events that touch `day`; `parse_gfw_events` reads each.

    Ask only for days that are settled: a younger one answers empty.

    Raises:
        SourceUnavailable: no usable answer, or the pages do not end.
    """
    question = json.dumps(
        {
            "datasets": list(DATASETS),
            "startDate": day.isoformat(),
            "endDate": (day + dt.timedelta(days=1)).isoformat(),
            "geometry": area,
        }
    ).encode()
    offset: int | None = 0
    for _ in range(MOST_PAGES):
        answer = fetcher.get(
            f"{BASE_URL}/v3/events",
            LIMITS,
            source=SOURCE,
            params={"limit": str(PAGE), "offset": str(offset), "sort": "+start"},
            secret_headers={"Authorization": f"Bearer {token}"},
            json_body=question,
        )
        yield answer
        offset = _next_offset(answer.content, offset or 0)
        if offset is None:
            return
    raise SourceUnavailable(f"{SOURCE}: more than {MOST_PAGES} pages of events; ask for less")


def _next_offset(content: bytes, offset: int) -> int | None:
    """Where the next page starts; None after the last."""
    try:
        page = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BodyCutOff(f"{SOURCE}: the answer is not whole JSON; try again later") from error
    following = page.get("nextOffset") if isinstance(page, dict) else None
    if following is None:
        return None
    if not str(following).isdigit() or int(following) <= offset:
        raise SourceUnavailable(
            f"{SOURCE}: the page after {offset} is said to start at {str(following)[:20]!r}; "
            "the answer is not usable"
        )
    return int(following)


def parse(content: bytes, file: str) -> Split:
    """One answer of the events endpoint, a list of events, or one event; see `parse_gfw_events`.

    Raises:
        SourceDrift: not JSON, or no list of events in it.
    """
    with tempfile.NamedTemporaryFile(suffix=".json") as copy:
        copy.write(content)
        copy.flush()
        try:
            return parse_gfw_events(Path(copy.name), file=file)
        except ValueError as error:
            raise SourceDrift(f"{SOURCE}: {error}") from error


def retrieved_days(store: SnapshotStore) -> dict[dt.date, dt.date]:
    """Days fetched so far, each with the date of its last retrieval."""
    fetched = [one for one in store.retrievals(SOURCE) if one.http_status]
    return {dt.date.fromisoformat(one.part[:10]): one.retrieved.date() for one in fetched}


def days_to_ask(fetched: Mapping[dt.date, dt.date], today: dt.date) -> list[dt.date]:
    """Days that are settled since the last one fetched, and those due again, in order."""
    last = today - SETTLED
    after = max(fetched, default=last - dt.timedelta(days=1))
    new = [after + dt.timedelta(days=step) for step in range(1, (last - after).days + 1)]
    return sorted({*due_again(fetched, today), *new[-MOST_NEW_DAYS:]})


def fetch_day(store: SnapshotStore, fetcher: Fetcher, token: str, day: dt.date) -> int:
    """Keep every page of one day, none of them unless all came; how many.

    Raises:
        SourceUnavailable: no usable answer.
    """
    area = area_around(read_table(SOURCES_DIR / "ports" / "ports.csv", Ports))
    pages = list(fetch_events(fetcher, token, day, area))
    for number, page in enumerate(pages):
        keep(store, SOURCE, LICENCE, page, part=f"{day}-{number:03d}")
    return len(pages)


def refresh(store: SnapshotStore, fetcher: Fetcher, token: str) -> Refreshed:
    """Ask for every day that is new and settled, and for those whose visits still get their end."""
    today = fetcher.now().date()
    pages = 0
    days = days_to_ask(retrieved_days(store), today)
    for number, day in enumerate(days):
        try:
            pages += fetch_day(store, fetcher, token, day)
        except SourceUnavailable as error:
            told = f"{number} of {len(days)} days answered; {error}"
            return Refreshed(told, is_complete=False, stored=pages)
    return Refreshed(
        f"{pages} pages of events of {len(days)} day(s)", is_complete=True, stored=pages
    )


def probe(fetcher: Fetcher, token: str | None) -> Answer:
    """One day around Nampo."""
    nampo = polygon_of(125.0, 38.5, 125.7, 38.9)
    return next(fetch_events(fetcher, token or "", dt.date(2024, 6, 1), nampo))
