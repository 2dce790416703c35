"""Events of Global Fishing Watch, API v3: ask for one day around the coal ports, page by page.

`POST /v3/events` at gateway.api.globalfishingwatch.org with a bearer token; there is no keyless
tier, and the terms allow non-commercial use only. Nothing is fetched without a token.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator

import polars as pl

from pipelines.sources.http import Answer, Fetcher, Limits, SourceUnavailable

SOURCE = "gfw"
LICENCE = "Global Fishing Watch terms, non-commercial; events are not redistributed"
BASE_URL = "https://gateway.api.globalfishingwatch.org"
DATASETS = tuple(
    f"public-global-{kind}-events:latest"
    for kind in ("port-visits", "encounters", "loitering", "gaps")
)
PAGE = 1_000
# a day around one country has some hundred events: more pages than this is a wrong question
MOST_PAGES = 200
LIMITS = Limits(
    hosts=frozenset({"gateway.api.globalfishingwatch.org"}),
    content_types=("application/json",),
    max_bytes=256 * 1024 * 1024,
    min_interval_s=1.0,
)


def area_around(ports: pl.DataFrame, margin_deg: float = 2.0) -> dict[str, object]:
    """GeoJSON polygon: the box around the coal ports (lon, lat; degrees), with a margin."""
    lon, lat = (ports.filter("is_coal_port")[name].to_numpy() for name in ("lon", "lat"))
    west, east = float(lon.min()) - margin_deg, float(lon.max()) + margin_deg
    south, north = float(lat.min()) - margin_deg, float(lat.max()) + margin_deg
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def fetch_events(
    fetcher: Fetcher,
    token: str,
    day: dt.date,
    area: dict[str, object],
    *,
    base_url: str = BASE_URL,
    limits: Limits = LIMITS,
) -> Iterator[Answer]:
    """Every page of the events that touch `day`; `parse_gfw_events` reads each.

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
            f"{base_url}/v3/events",
            limits,
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
        raise SourceUnavailable(f"{SOURCE}: the answer is not JSON; try again later") from error
    following = page.get("nextOffset") if isinstance(page, dict) else None
    if following is None:
        return None
    if not str(following).isdigit() or int(following) <= offset:
        raise SourceUnavailable(
            f"{SOURCE}: the page after {offset} is said to start at {str(following)[:20]!r}; "
            "the answer is not usable"
        )
    return int(following)
