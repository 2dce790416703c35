"""When Sentinel-1 looked: scenes over our zones, from the Copernicus Data Space catalogue.

`GET /odata/v1/Products` by collection, area and days; searching needs no account. A pass is one
platform on one orbit: its scenes are slices of one strip, and some are listed twice.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import numpy as np
import polars as pl

from pipelines.quarantine import SourceDrift, Split, split
from pipelines.schemas.table import Feed, given, key
from pipelines.snapshots import SnapshotStore
from pipelines.sources.gfw_sar.read import FIRST_YEAR, zones
from pipelines.sources.http import Answer, Fetcher, Limits, SourceUnavailable
from pipelines.sources.refresh import Refreshed, ask_each, is_due

SOURCE = "sentinel1"
LICENCE = "Copernicus Sentinel data terms"
BASE_URL = "https://catalogue.dataspace.copernicus.eu"
LIMITS = Limits(
    hosts=frozenset({"catalogue.dataspace.copernicus.eu"}),
    content_types=("application/json",),
    max_bytes=128 * 1024 * 1024,
    read_s=120.0,
    busy_wait_s=30.0,
    min_interval_s=2.0,
)
PAGE = 1_000
_MOST_PAGES = 20
SETTLED = dt.timedelta(days=30)
ASK_AGAIN = dt.timedelta(days=25)
_NAME = re.compile(r"^([a-z_]+)_(\d{4}-\d{2}-\d{2})_(\d{4}-\d{2}-\d{2})_p(\d+)(?:\.json)?$")
# S1A_IW_GRDH_1SDV_20190304T093004_20190304T093029_026184_02EC2A_1A2B.SAFE
_SCENE = r"^(S1[A-D])_IW_GRDH_\w{4}_\d{8}T\d{6}_\d{8}T\d{6}_(\d{6})_"
PROBED = "west_2019-03-01_2019-03-31_p0"


class StagedScenes(Feed, table="staged.sentinel1", source="Copernicus Sentinel-1"):
    """Scenes."""

    area: str = key(str_matches=r"^[a-z_]+$")
    scene: str = key(str_matches=_SCENE)
    platform: str = given(isin=("S1A", "S1B", "S1C", "S1D"))
    orbit: int = given(ge=1)
    started_on: dt.date = given()
    footprint: str = given("lon lat pairs of the ring", str_matches=r"^-?\d[\d.eE, +-]*$")


CONTRACT = StagedScenes


@dataclass(frozen=True)
class Question:
    """Scenes over an area on some days, both ends included."""

    area: str
    start_on: dt.date
    end_on: dt.date

    def name(self, page: int) -> str:
        """The part a page of its answer is kept under."""
        return f"{self.area}_{self.start_on}_{self.end_on}_p{page}"


def box_of(area: str) -> tuple[float, float, float, float]:
    """The box around an area's zones: west, south, east, north (degrees)."""
    mine = zones().filter(pl.col("port_group") == area)
    if mine.height == 0:
        raise SourceDrift(f"{SOURCE}: {area!r} is no port group of gfw_sar/zones.csv")
    low, high = mine.select("west", "south").min(), mine.select("east", "north").max()
    return low["west"][0], low["south"][0], high["east"][0], high["north"][0]


def questions(today: dt.date) -> list[Question]:
    """Every area and year since the radar record of ships began."""
    areas = zones()["port_group"].unique(maintain_order=True)
    return [
        Question(area, dt.date(year, 1, 1), min(dt.date(year, 12, 31), today))
        for year in range(FIRST_YEAR, today.year + 1)
        for area in areas
    ]


def fetch_scenes(fetcher: Fetcher, asked: Question) -> list[Answer]:
    """Every page of the scenes over an area.

    Raises:
        SourceUnavailable: no usable answer, or the pages do not end.
        SourceDrift: an answer is not the catalogue's.
    """
    west, south, east, north = box_of(asked.area)
    ring = f"{west} {south},{east} {south},{east} {north},{west} {north},{west} {south}"
    after = asked.end_on + dt.timedelta(days=1)
    chosen = (
        "Collection/Name eq 'SENTINEL-1' and contains(Name,'_IW_GRDH_') and "
        f"OData.CSC.Intersects(area=geography'SRID=4326;POLYGON(({ring}))') and "
        f"ContentDate/Start ge {asked.start_on}T00:00:00.000Z and "
        f"ContentDate/Start lt {after}T00:00:00.000Z"
    )
    pages: list[Answer] = []
    for number in range(_MOST_PAGES):
        answer = fetcher.get(
            f"{BASE_URL}/odata/v1/Products",
            LIMITS,
            source=SOURCE,
            params={
                "$filter": chosen,
                "$orderby": "ContentDate/Start asc",
                "$top": str(PAGE),
                "$skip": str(number * PAGE),
            },
        )
        pages.append(answer)
        records, following = _records(answer.content, asked.name(number))
        if following is None and len(records) < PAGE:
            return pages
    raise SourceUnavailable(
        f"{SOURCE}: more than {_MOST_PAGES} pages of scenes for {asked.name(0)}; ask for less"
    )


def _records(content: bytes, file: str) -> tuple[list[dict[str, object]], int | None]:
    """The records of a page, and where the next one starts."""
    try:
        page = json.loads(content)
    except (ValueError, RecursionError):
        raise SourceDrift(f"{SOURCE}: {file} is not whole JSON; fetch it again") from None
    found = page.get("value") if isinstance(page, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise SourceDrift(
            f"{SOURCE}: {file} has no list called value; expected an answer of Products"
        )
    link = page.get("@odata.nextLink")
    skip = parse_qs(urlsplit(str(link)).query).get("$skip") if link else None
    return found, int(skip[0]) if skip and skip[0].isdigit() else None


def parse(content: bytes, file: str) -> Split:
    """A page of the catalogue to `StagedScenes`; `file` names the area and days.

    Raises:
        SourceDrift: not the catalogue's answer, or of no area of ours.
    """
    named = _NAME.match(file)
    if named is None:
        raise SourceDrift(f"{SOURCE}: {file} is not named like {PROBED}.json; rename it")
    box_of(named[1])
    records, _ = _records(content, file)
    rows = pl.DataFrame(
        [
            (number, str(one.get("Name", "")), _started(one), _ring(one))
            for number, one in enumerate(records, start=1)
        ],
        schema={
            "line": pl.Int64,
            "scene": pl.String,
            "started": pl.String,
            "footprint": pl.String,
        },
        orient="row",
    )
    typed = rows.select(
        "line",
        area=pl.lit(named[1]),
        scene=pl.col("scene").str.strip_suffix(".SAFE"),
        platform=pl.col("scene").str.extract(_SCENE, 1),
        orbit=pl.col("scene").str.extract(_SCENE, 2).cast(pl.Int64, strict=False),
        started_on=pl.col("started").str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False),
        footprint="footprint",
    )
    return split(typed, CONTRACT, source=SOURCE, file=file)


def _started(record: dict[str, object]) -> str | None:
    dates = record.get("ContentDate")
    return str(dates.get("Start")) if isinstance(dates, dict) else None


def _ring(record: dict[str, object]) -> str | None:
    """The outer ring as text, "lon lat, lon lat, …", from GeoJSON or from well-known text."""
    shape = record.get("GeoFootprint")
    if isinstance(shape, dict):
        ring = shape.get("coordinates")
        try:
            if shape.get("type") == "MultiPolygon":
                ring = ring[0]  # ty: ignore[not-subscriptable]
            return ", ".join(f"{float(x)} {float(y)}" for x, y, *_ in ring[0])  # ty: ignore[not-subscriptable]
        except (TypeError, ValueError, IndexError, KeyError):
            return None
    found = re.search(r"POLYGON\s*\(\(+([^()]+)\)", str(record.get("Footprint", "")))
    return found[1].strip() if found else None


def covered_share(scenes: pl.DataFrame, known: pl.DataFrame, side: int = 6) -> pl.DataFrame:
    """How much of each zone each pass looked at.

    Args:
        scenes: area, platform, orbit, started_on, footprint.
        known: zones: zone_id, port_group, west, south, east, north.
        side: points a zone is sampled by, in each direction.

    Returns:
        zone_id, platform, orbit, passed_on, covered_share (0–1, above 0), one row per pass.
    """
    out = []
    steps = (np.arange(side) + 0.5) / side
    for zone in known.iter_rows(named=True):
        lon, lat = (
            points.ravel()
            for points in np.meshgrid(
                zone["west"] + steps * (zone["east"] - zone["west"]),
                zone["south"] + steps * (zone["north"] - zone["south"]),
            )
        )
        mine = scenes.filter(pl.col("area") == zone["port_group"])
        for (platform, orbit), strip in mine.group_by("platform", "orbit", maintain_order=True):
            seen = np.zeros(lon.size, dtype=bool)
            for text in strip["footprint"]:
                seen |= _inside(lon, lat, text)
            if seen.any():
                day = strip["started_on"].min()
                out.append((zone["zone_id"], platform, orbit, day, float(seen.mean())))
    return pl.DataFrame(
        out,
        schema={
            "zone_id": pl.String,
            "platform": pl.String,
            "orbit": pl.Int64,
            "passed_on": pl.Date,
            "covered_share": pl.Float64,
        },
        orient="row",
    )


def _inside(lon: np.ndarray, lat: np.ndarray, ring: str) -> np.ndarray:
    """Which points lie in a ring, by counting crossings to the east."""
    corners = np.array([[float(part) for part in pair.split()[:2]] for pair in ring.split(",")])
    x, y = corners[:, 0], corners[:, 1]
    x_next, y_next = np.roll(x, -1), np.roll(y, -1)
    spans = (y[:, None] > lat) != (y_next[:, None] > lat)
    with np.errstate(divide="ignore", invalid="ignore"):
        cross = x[:, None] + (lat - y[:, None]) * (x_next - x)[:, None] / (y_next - y)[:, None]
    return ((spans & (lon < cross)).sum(axis=0) % 2).astype(bool)


def recognise(head: bytes) -> bool:
    """A page of the catalogue about Sentinel-1, by its content."""
    return head.lstrip().startswith(b"{") and b'"value"' in head and b"_IW_GRDH_" in head


def refresh(store: SnapshotStore, fetcher: Fetcher, key: str | None) -> Refreshed:
    """Ask every area and year not known whole; the running year each month again."""
    at = fetcher.now()
    last = {
        (named[1], named[2]): one.retrieved
        for one in store.retrievals(SOURCE)
        if (named := _NAME.match(one.part))
    }
    due = [
        question
        for question in questions(at.date())
        if is_due(
            last.get((question.area, question.start_on.isoformat())),
            question.start_on.year,
            at,
            settled=SETTLED,
            again=ASK_AGAIN,
        )
    ]

    def fetch(question: Question) -> Iterator[tuple[str, Answer]]:
        for number, page in enumerate(fetch_scenes(fetcher, question)):
            yield question.name(number), page

    return ask_each(
        store, SOURCE, LICENCE, due, fetch, each="area and year", what="areas and years"
    )


def probe(fetcher: Fetcher, key: str | None) -> Answer:
    """One month of one area."""
    named = _NAME.match(PROBED)
    assert named is not None
    asked = Question(named[1], dt.date.fromisoformat(named[2]), dt.date.fromisoformat(named[3]))
    return fetch_scenes(fetcher, asked)[0]
