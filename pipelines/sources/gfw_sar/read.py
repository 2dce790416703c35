"""Ships that Sentinel-1 saw in our zones: the 4Wings report of Global Fishing Watch, API v3.

`POST /v3/4wings/report` for data set `public-global-sar-presence`, with our own polygons, one zone
and one year a question, by day at 0.01 degree; one report at a time. A report that takes over 100
seconds answers 524 and is then fetched as the last report. The report names cells with a hit only:
which days were looked at at all, and saw nothing, the Copernicus catalogue says (source
`sentinel1`), never an empty cell. "No content" means nothing is published for the window.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.quarantine import SourceDrift, Split, refusals, split
from pipelines.reference_tables import read_table
from pipelines.schemas.table import Feed, HandKept, column, given, key
from pipelines.snapshots import SnapshotStore
from pipelines.sources.gfw_events.read import polygon_of
from pipelines.sources.http import (
    Answer,
    BodyCutOff,
    Fetcher,
    GatewayTimeout,
    Limits,
    NothingPublished,
    SourceUnavailable,
)
from pipelines.sources.refresh import Refreshed, ask_each, is_due

SOURCE = "gfw_sar"
LICENCE = "Global Fishing Watch terms, non-commercial"
BASE_URL = "https://gateway.api.globalfishingwatch.org"
DATASET = "public-global-sar-presence"
FIRST_YEAR = 2017
MATCHINGS = {"all": None, "unmatched": "matched='false'"}
LIMITS = Limits(
    hosts=frozenset({"gateway.api.globalfishingwatch.org"}),
    content_types=("application/json",),
    max_bytes=256 * 1024 * 1024,
    read_s=120.0,
    # one report a user at a time: told to wait, wait for the one at work
    busy_wait_s=30.0,
    not_again=frozenset({524}),
    min_interval_s=2.0,
)
# what is published last is weeks old, and late scenes are added
SETTLED = dt.timedelta(days=120)
ASK_AGAIN = dt.timedelta(days=25)
_SIDES = ("west", "south", "east", "north")
_POLL_S, _POLLS = 15.0, 40
_ZONES = Path(__file__).with_name("zones.csv")
_NAME = re.compile(
    r"^([a-z_]+)_(\d{4}-\d{2}-\d{2})_(\d{4}-\d{2}-\d{2})_(all|unmatched)(?:\.json)?$"
)
# the window of the probe's small question, and of the kept answers to it
PROBED = "taedong_2019-03-01_2019-03-31_all"


class Zones(HandKept, source="zones.csv"):
    """Boxes in which ships are counted, each holding the quays it is named for."""

    zone_id: str = key(str_matches=r"^[a-z_]+$")
    port_group: str = given("coast that its ships are counted with")
    name: str = given()
    west: float = given("western edge", unit="degree", ge=-180, le=180)
    south: float = given("southern edge", unit="degree", ge=-90, le=90)
    east: float = given("eastern edge", unit="degree", ge=-180, le=180)
    north: float = given("northern edge", unit="degree", ge=-90, le=90)
    basis: str = given("why the box is drawn so")


class StagedSar(Feed, table="staged.gfw_sar", source="Global Fishing Watch"):
    """Ships seen by radar.

    A row without a cell (lat, lon null, detections 0) says that the window was answered.
    """

    zone_id: str = key(str_matches=r"^[a-z_]+$")
    matching: str = key(isin=tuple(MATCHINGS))
    window_start_on: dt.date = key()
    window_end_on: dt.date = given()
    dataset_version: str = column()
    seen_on: dt.date = key()
    lat: float = key("centre of the cell", ge=-90, le=90, nullable=True)
    lon: float = key(ge=-180, le=180, nullable=True)
    detections: float = given(ge=0, le=100_000)


CONTRACT = StagedSar


@dataclass(frozen=True)
class Window:
    """One question: a zone, its days (both ends included), and which detections."""

    zone_id: str
    start_on: dt.date
    end_on: dt.date
    matching: str

    def name(self) -> str:
        """The part its answer is kept under."""
        return f"{self.zone_id}_{self.start_on}_{self.end_on}_{self.matching}"


def zones() -> pl.DataFrame:
    """Our zones: zone_id, port_group, name, west, south, east, north (degrees), basis."""
    return read_table(_ZONES, Zones)


def window_of(name: str) -> Window:
    """The question an answer's name tells.

    Raises:
        SourceDrift: the name is not that of a report.
    """
    found = _NAME.match(name)
    known = zones()["zone_id"].to_list()
    if found is None or found[1] not in known:
        raise SourceDrift(
            f"{SOURCE}: {name} is not named like {PROBED}.json: the report does not say itself "
            f"which zone and days it is of; zones are {', '.join(known)}"
        )
    try:
        start, end = (dt.date.fromisoformat(text) for text in (found[2], found[3]))
    except ValueError:
        raise SourceDrift(f"{SOURCE}: {name} holds a day that is none; rename it") from None
    if end < start:
        raise SourceDrift(f"{SOURCE}: {name} ends before it starts; rename it")
    return Window(found[1], start, end, found[4])


def questions(today: dt.date) -> list[Window]:
    """Every zone and year since the satellites' record began, the years that still change last."""
    return [
        Window(zone, dt.date(year, 1, 1), min(dt.date(year, 12, 31), today), matching)
        for year in range(FIRST_YEAR, today.year + 1)
        for matching in MATCHINGS
        for zone in zones()["zone_id"]
    ]


def fetch_report(fetcher: Fetcher, token: str, window: Window) -> Answer:
    """One report.

    Raises:
        NothingPublished: the service has nothing for the window, which is not an empty sea.
        SourceUnavailable: no usable answer.
    """
    zone = zones().row(by_predicate=pl.col("zone_id") == window.zone_id, named=True)
    parameters = {
        "spatial-resolution": "HIGH",
        "temporal-resolution": "DAILY",
        "datasets[0]": f"{DATASET}:latest",
        # the last day of a range is left out
        "date-range": f"{window.start_on},{window.end_on + dt.timedelta(days=1)}",
        "format": "JSON",
    }
    chosen = MATCHINGS[window.matching]
    if chosen:
        parameters["filters[0]"] = chosen
    headers = {"Authorization": f"Bearer {token}"}
    box = polygon_of(*(zone[side] for side in _SIDES))
    try:
        answer = fetcher.get(
            f"{BASE_URL}/v3/4wings/report",
            LIMITS,
            source=SOURCE,
            params=parameters,
            secret_headers=headers,
            json_body=json.dumps({"geojson": box}).encode(),
        )
    except GatewayTimeout:
        answer = _last_report(fetcher, headers)
    _entries(answer.content, window.name())
    return answer


def _last_report(fetcher: Fetcher, headers: dict[str, str]) -> Answer:
    """The report that took too long for one answer, when it is done."""
    for _ in range(_POLLS):
        fetcher.sleep(_POLL_S)
        answer = fetcher.get(
            f"{BASE_URL}/v3/4wings/last-report", LIMITS, source=SOURCE, secret_headers=headers
        )
        try:
            state = json.loads(answer.content)
        except (ValueError, RecursionError):
            raise BodyCutOff(f"{SOURCE}: the last report is not whole JSON; try again") from None
        if not (isinstance(state, dict) and state.get("status") == "running"):
            return answer
    raise SourceUnavailable(
        f"{SOURCE}: the report was not done after {_POLLS * _POLL_S / 60:.0f} minutes; try later"
    )


def _entries(content: bytes, file: str) -> tuple[str | None, list[dict[str, object]]]:
    """The version of the data set and its cells."""
    try:
        page = json.loads(content)
    except (ValueError, RecursionError):
        raise SourceDrift(
            f"{SOURCE}: {file} is not whole JSON; it is cut off or no report: fetch it again"
        ) from None
    listed = page.get("entries") if isinstance(page, dict) else None
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise SourceDrift(
            f"{SOURCE}: {file} has no entries; expected a 4Wings report with total, entries"
        )
    if page.get("nextOffset") is not None:
        raise SourceDrift(f"{SOURCE}: {file} has a further page, which reports never had")
    version, found = None, []
    for one in listed:
        for name, values in one.items():
            if not str(name).startswith(f"{DATASET}:") or version not in (None, name):
                raise SourceDrift(
                    f"{SOURCE}: {file} holds {str(name)[:80]!r}; expected one version of {DATASET}"
                )
            version = str(name)
            if values is not None and not isinstance(values, list):
                raise SourceDrift(f"{SOURCE}: {file}: {name} holds no list of cells")
            found += values or []
    if not all(isinstance(one, dict) for one in found):
        raise SourceDrift(f"{SOURCE}: {file} holds something that is no cell; fetch it again")
    return version, found


def parse(content: bytes, file: str) -> Split:
    """A report to `StagedSar`; `file` names its zone and days.

    Returns:
        Split: `line` is the cell's number; the row that says the window was answered comes last.
        Fields of a cell beyond date, lat, lon and detections are of vessels and are not read.

    Raises:
        SourceDrift: not a report, of no zone of ours, or a cell lacks its fields.
    """
    window = window_of(file)
    version, entries = _entries(content, file)
    lacking = [
        name
        for name in ("date", "lat", "lon", "detections")
        if entries and not any(name in one for one in entries)
    ]
    if lacking:
        raise SourceDrift(
            f"{SOURCE}: {file}: no cell has {', '.join(lacking)}; found "
            f"{', '.join(sorted(map(str, entries[0])))[:200]}"
        )
    rows = pl.DataFrame(
        [
            (number, *(_text(one.get(name)) for name in ("date", "lat", "lon", "detections")))
            for number, one in enumerate(entries, start=1)
        ]
        + [(len(entries) + 1, window.end_on.isoformat(), None, None, "0")],
        schema={
            "line": pl.Int64,
            "date": pl.String,
            "lat": pl.String,
            "lon": pl.String,
            "detections": pl.String,
        },
        orient="row",
    )
    is_window = pl.col("line") == len(entries) + 1
    seen_on = pl.col("date").str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    typed = rows.select(
        "line",
        zone_id=pl.lit(window.zone_id),
        matching=pl.lit(window.matching),
        window_start_on=pl.lit(window.start_on),
        window_end_on=pl.lit(window.end_on),
        dataset_version=pl.lit(version, dtype=pl.String),
        # a day outside the window is not of this question
        seen_on=pl.when(seen_on.is_between(window.start_on, window.end_on)).then(seen_on),
        # a cell without a place must not pass for the row of the window
        lat=pl.when(is_window).then(None).otherwise(_number("lat").fill_null(999.0)),
        lon=pl.when(is_window).then(None).otherwise(_number("lon").fill_null(999.0)),
        detections=_number("detections"),
    )
    # several entries of one cell and day are added up in the first of them
    key = ["zone_id", "matching", "window_start_on", "seen_on", "lat", "lon"]
    is_whole = (
        pl.col("seen_on").is_not_null()
        & pl.col("detections").is_not_null()
        & (is_window | pl.col("lat").is_between(-90, 90))
    ).fill_null(value=False)
    marked = typed.with_columns(is_again=is_whole & ~pl.struct(key).is_first_distinct())
    again = refusals(
        marked.filter("is_again"),
        source=SOURCE,
        file=file,
        column="detections",
        value=pl.col("detections"),
        rule="added_up",
        why="the cell has several entries that day: its detections are added up in the first",
    )
    merged = (
        marked.with_columns(
            detections=pl.when(is_whole)
            .then(pl.col("detections").sum().over(key))
            .otherwise("detections")
        )
        .filter(~pl.col("is_again"))
        .drop("is_again")
    )
    cut = split(merged, CONTRACT, source=SOURCE, file=file)
    return Split(cut.kept, pl.concat([cut.quarantined, again]), rows.height)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _number(column: str) -> pl.Expr:
    value = pl.col(column).cast(pl.Float64, strict=False)
    return pl.when(value.is_finite()).then(value)


def recognise(head: bytes) -> bool:
    """A report, by its data set's name."""
    return head.lstrip().startswith(b"{") and f'"{DATASET}:'.encode() in head


def refresh(store: SnapshotStore, fetcher: Fetcher, token: str) -> Refreshed:
    """Ask every zone and year not answered yet; those that still change, each month again."""
    at = fetcher.now()
    last: dict[tuple[str, dt.date, str], dt.datetime] = {}
    for one in store.retrievals(SOURCE):
        known = window_of(one.part)
        last[known.zone_id, known.start_on, known.matching] = one.retrieved
    due = [
        window
        for window in questions(at.date())
        if is_due(
            last.get((window.zone_id, window.start_on, window.matching)),
            window.start_on.year,
            at,
            settled=SETTLED,
            again=ASK_AGAIN,
        )
    ]

    def fetch(window: Window) -> Iterator[tuple[str, Answer]]:
        with contextlib.suppress(NothingPublished):
            yield window.name(), fetch_report(fetcher, token, window)

    return ask_each(store, SOURCE, LICENCE, due, fetch, each="zone and year", what="reports")


def probe(fetcher: Fetcher, token: str | None) -> Answer:
    """One month of one zone."""
    return fetch_report(fetcher, token or "", window_of(PROBED))
