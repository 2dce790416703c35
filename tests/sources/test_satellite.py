"""Radar detections and passes: asked, paged, polled, read; what is not known stays unknown."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from urllib.parse import unquote

import polars as pl
import pytest

from pipelines.quarantine import SourceDrift
from pipelines.snapshots import SnapshotStore
from pipelines.sources.gfw_sar import read as sar
from pipelines.sources.http import Limits, NothingPublished
from pipelines.sources.sentinel1 import read as sentinel1
from tests.fixtures.source_server import Led, Reply, SourceServer, Trouble, serving

HERE = Path(sar.__file__).parent
REPORT = (HERE / "sample.json").read_bytes()
SCENES = (HERE.parent / "sentinel1" / "sample.json").read_bytes()
NAME = "taedong_2019-03-01_2019-03-31_all"
LIMITS = Limits(
    hosts=frozenset({"127.0.0.1"}),
    content_types=("application/json",),
    attempts=3,
    backoff_s=0.01,
    longest_wait_s=5,
    min_interval_s=0,
    not_again=frozenset({524}),
)
TOKEN = "made-up-token"  # noqa: S105
NOW = dt.datetime(2019, 6, 1, tzinfo=dt.UTC)


def led(server: SourceServer, now: dt.datetime = NOW) -> Led:
    return Led(server=server.url, tight=LIMITS, sleep=lambda _: None, now=lambda: now)


# --- detections


def test_a_report_is_asked_with_our_polygon_day_by_day() -> None:
    with serving(lambda path, query: (REPORT, "application/json")) as server:
        answer = sar.fetch_report(led(server), TOKEN, sar.window_of(NAME))
    path, query, headers = server.seen[0]
    assert path == "/v3/4wings/report"
    assert query["date-range"] == "2019-03-01,2019-04-01"  # the end is left out
    assert query["datasets[0]"] == "public-global-sar-presence:latest"
    assert (query["temporal-resolution"], query["spatial-resolution"]) == ("DAILY", "HIGH")
    assert "filters[0]" not in query
    ring = json.loads(server.asked[0])["geojson"]["coordinates"][0]
    assert ring[0] == ring[-1] == [125.2, 38.62]
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in repr(answer)


def test_the_unmatched_are_asked_for_by_filter() -> None:
    with serving(lambda path, query: (REPORT, "application/json")) as server:
        sar.fetch_report(
            led(server), TOKEN, sar.window_of(NAME.replace("all", "unmatched"))
        )  # fmt: skip
    assert server.seen[0][1]["filters[0]"] == "matched='false'"


def test_a_report_that_takes_too_long_is_fetched_when_it_is_done_and_not_started_twice() -> None:
    states = iter([b'{"status": "running"}', b'{"status": "running"}', REPORT])

    def body(path: str, query: dict[str, str]):
        return Reply(524) if path.endswith("/4wings/report") else (next(states), "application/json")

    with serving(body) as server:
        answer = sar.fetch_report(led(server), TOKEN, sar.window_of(NAME))
    assert answer.content == REPORT
    assert [path.rsplit("/", 1)[-1] for path, _, _ in server.seen] == [
        "report", "last-report", "last-report", "last-report"
    ]  # fmt: skip


def test_nothing_published_is_no_empty_sea() -> None:
    with (
        serving(lambda path, query: (REPORT, "application/json"), Trouble.NO_CONTENT) as server,
        pytest.raises(NothingPublished, match="no zero"),
    ):
        sar.fetch_report(led(server), TOKEN, sar.window_of(NAME))


def test_a_report_is_read_with_a_row_that_says_its_window_was_answered() -> None:
    split = sar.parse(REPORT, NAME)
    assert split.rows_in == split.kept.height == 4
    assert split.kept["detections"].to_list() == [3, 1, 2, 0]
    assert split.kept["lat"].to_list() == [38.725, 38.735, 38.725, None]
    assert split.kept["dataset_version"].unique().to_list() == ["public-global-sar-presence:v4.0"]
    empty = sar.parse(b'{"entries": []}', NAME)
    assert empty.kept.select("seen_on", "detections").rows() == [(dt.date(2019, 3, 31), 0.0)]


def cells(*entries: dict[str, object]) -> bytes:
    first = {"date": "2019-03-04", "detections": 1, "lat": 38.7, "lon": 125.4}
    rows = [{**first, **one} for one in entries]
    return json.dumps({"entries": [{"public-global-sar-presence:v4.0": rows}]}).encode()


def test_entries_of_one_cell_and_day_are_added_up_and_counted_for() -> None:
    split = sar.parse(cells({}, {"detections": 2}, {"lat": 38.8}), NAME)
    assert split.kept["detections"].to_list() == [3, 1, 0]
    assert split.rows_in == 4
    assert split.quarantined.select("line", "rule").rows() == [(2, "added_up")]


@pytest.mark.parametrize(
    ("bad", "column"),
    [
        ({"date": "2019-04-01"}, "seen_on"),  # not of the window
        ({"date": "soon"}, "seen_on"),
        ({"detections": None}, "detections"),
        ({"detections": "NaN"}, "detections"),
        ({"detections": -1}, "detections"),
        ({"lat": None}, "lat"),
        ({"lon": 190.0}, "lon"),
    ],
)
def test_a_bad_cell_is_refused_alone_and_never_passes_for_an_empty_one(bad, column) -> None:
    split = sar.parse(cells({"lat": 38.6}, bad), NAME)
    assert split.kept.height == 2
    assert split.rows_in == 3
    assert column in split.quarantined.filter(pl.col("line") == 2)["column"].to_list()


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (REPORT, "report", "not named like"),
        (REPORT, "atlantis_2019-03-01_2019-03-31_all", "not named like"),
        (REPORT, "taedong_2019-03-31_2019-03-01_all", "ends before it starts"),
        (REPORT[:200], NAME, "not whole JSON"),
        (b'{"data": []}', NAME, "no entries"),
        (b'{"entries": [], "nextOffset": 1}', NAME, "further page"),
        (REPORT.replace(b"sar-presence", b"fishing-effort"), NAME, "fishing-effort"),
        (cells({}).replace(b'"detections"', b'"count"'), NAME, "no cell has detections"),
    ],
)
def test_what_is_no_report_of_ours_stops(content, name, message) -> None:
    with pytest.raises(SourceDrift, match=message):
        sar.parse(content, name)


def test_two_versions_are_never_mixed() -> None:
    two = json.loads(REPORT)
    two["entries"].append({"public-global-sar-presence:v3.0": []})
    with pytest.raises(SourceDrift, match="expected one version"):
        sar.parse(json.dumps(two).encode(), NAME)


def refresh(store: SnapshotStore, server, now: dt.datetime = NOW):
    return sar.refresh(store, led(server, now), TOKEN)


def test_final_years_are_asked_once_and_the_running_one_each_month(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    zones = sar.zones().height
    with serving(lambda path, query: (b'{"entries": []}', "application/json")) as server:
        assert (
            refresh(store, server).outcome == f"{zones * 2 * 3} of {zones * 2 * 3} reports answered"
        )
        assert "recently" in refresh(store, server, NOW + dt.timedelta(days=1)).outcome
        later = refresh(store, server, NOW + dt.timedelta(days=30))
        assert later.stored == zones * 2  # 2019 alone: 2017 and 2018 are final


def test_a_server_that_limits_ends_the_asking_and_keeps_what_came(tmp_path: Path) -> None:
    answers = iter(
        [(b'{"entries": []}', "application/json"), Reply(429, headers={"Retry-After": "9999"})]
    )
    store = SnapshotStore(tmp_path)
    with serving(lambda path, query: next(answers)) as server:
        done = refresh(store, server)
    assert not done.is_complete
    assert done.stored == 1 == len(store.retrievals("gfw_sar"))
    assert "asks to wait 9999 s" in done.outcome


# --- passes


def test_scenes_are_read_from_both_kinds_of_footprint() -> None:
    split = sentinel1.parse(SCENES, "west_2019-03-01_2019-03-31_p0")
    assert split.kept["orbit"].to_list() == [26184, 26184, 15300]
    assert split.kept["platform"].to_list() == ["S1A", "S1A", "S1B"]
    assert split.kept["started_on"].to_list()[0] == dt.date(2019, 3, 4)


def test_slices_and_copies_of_one_orbit_are_one_pass_and_its_cover_is_measured() -> None:
    scenes = sentinel1.parse(SCENES, "west_2019-03-01_2019-03-31_p0").kept
    passes = sentinel1.covered_share(scenes, sar.zones())
    found = {
        (zone, orbit): share
        for zone, orbit, share in passes.select("zone_id", "orbit", "covered_share").iter_rows()
    }
    assert found["taedong", 26184] == 1.0
    # the second swath begins at 125.45 east, in the middle of a zone from 125.2 to 125.7
    assert found["taedong", 15300] == pytest.approx(0.5)
    assert ("nampo_roads", 15300) not in found
    assert not any(zone == "chongjin" for zone, _ in found)


def test_points_lie_inside_a_triangle_as_worked_out_by_hand() -> None:
    import numpy as np

    lon, lat = np.array([1.0, 3.0, 1.0]), np.array([1.0, 3.0, -1.0])
    assert sentinel1._inside(lon, lat, "0 0, 4 0, 0 4").tolist() == [True, False, False]


def test_pages_are_asked_to_the_end() -> None:
    def body(path: str, query: dict[str, str]) -> tuple[bytes, str]:
        count = 1_000 if query["$skip"] == "0" else 3
        return json.dumps({"value": [{"Name": str(n)} for n in range(count)]}).encode(), (
            "application/json"
        )

    asked = sentinel1.Question("west", dt.date(2019, 1, 1), dt.date(2019, 12, 31))
    with serving(body) as server:
        pages = sentinel1.fetch_scenes(led(server), asked)
    assert len(pages) == 2
    assert [query["$skip"] for _, query, _ in server.seen] == ["0", "1000"]
    chosen = unquote(server.seen[0][1]["$filter"])
    assert "ContentDate/Start lt 2020-01-01T00:00:00.000Z" in chosen
    assert "POLYGON((124.85 38.45,125.7 38.45,125.7 38.8,124.85 38.8,124.85 38.45))" in chosen


@pytest.mark.parametrize("content", [b"{}", b'{"value": 3}', SCENES[:300]])
def test_what_is_no_page_of_the_catalogue_stops(content) -> None:
    with pytest.raises(SourceDrift):
        sentinel1.parse(content, "west_2019-03-01_2019-03-31_p0")


def test_a_scene_without_a_footprint_is_refused_alone() -> None:
    broken = json.loads(SCENES)
    del broken["value"][0]["GeoFootprint"]
    split = sentinel1.parse(json.dumps(broken).encode(), "west_2019-03-01_2019-03-31_p0")
    assert (split.kept.height, split.quarantined["column"].to_list()) == (2, ["footprint"])
