"""The shipping assets end to end: dropped files in, loadings and observations out."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path

import dagster as dg
import duckdb
import httpx
import numpy as np
import polars as pl
import pytest

from assets import ais, landing
from assets.resources import DEFAULT_SEED, Network, Sampling, Snapshots, WarehouseResource
from assets.schedules import MAIN_JOB
from pipelines.schemas.shipping import EVENTS
from pipelines.shipping.demo import make_demo
from pipelines.sources.gfw_events import read as gfw
from pipelines.sources.http import Fetcher
from tests.fixtures.wired import feeds, wired

GFW = feeds("gfw_events")
CHAIN = [
    *wired(
        "raw.landed_files",
        "staged.feed_priors",
        "staged.port_sources",
        "staged.ports",
        "staged.ais_files",
        "shipping.vessel_statics",
        "shipping.vessels",
        "shipping.port_calls",
        "shipping.loadings",
    ),
    *GFW,
]
RESOURCES = {
    "warehouse": WarehouseResource(),
    "snapshots": Snapshots(),
    "sampling": Sampling(draws=200, seed=1),
    "network": Network(),
}
SEA, NAMPO, DALIAN = (124.6, 38.5), (125.4169, 38.7281), (121.666667, 38.916667)


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, land_mask_dir: Path) -> Path:
    """A data folder of the test's own, with the land mask already packed."""
    folder = tmp_path / "data"
    (folder / "landing").mkdir(parents=True)
    monkeypatch.setenv("DPRK_DATA_DIR", str(folder))
    packed = land_mask_dir / "land_mask_1km.bits"
    if packed.exists():
        (folder / "cache").mkdir()
        (folder / "cache" / packed.name).symlink_to(packed)
    return folder


def voyage(first_day: int = 1) -> str:
    """A made-up ship comes from sea, lies in Nampo, sinks by three metres, sails to Dalian."""
    start = dt.datetime(2024, 3, first_day, tzinfo=dt.UTC)
    legs = [
        (0, SEA),
        (6 * 6, NAMPO),
        (49 * 6, NAMPO),
        (72 * 6, DALIAN),
        (100 * 6, DALIAN),
    ]
    step = np.arange(0, 100 * 6 + 1)
    lon = np.interp(step, [leg[0] for leg in legs], [leg[1][0] for leg in legs])
    lat = np.interp(step, [leg[0] for leg in legs], [leg[1][1] for leg in legs])
    draught = np.where(step < 49 * 6, 4.0, 7.0)
    moving = np.where((step < 36) | ((step > 49 * 6) & (step < 72 * 6)), 9.0, 0.0)
    head = "timestamp,mmsi,msg_type,latitude,longitude,speed,course,heading,imo,name,call_sign,"
    rows = [head + "ship_type,draught,length,width"]
    rows += [
        f"{start + dt.timedelta(minutes=10 * int(at)):%Y-%m-%dT%H:%M:%SZ},445000001,1,"
        f"{y:.5f},{x:.5f},{s:.1f},270,270,9074729,=EAST SEA,BABC,70,{d},100,16"
        for at, x, y, s, d in zip(step, lon, lat, moving, draught, strict=True)
    ]
    return "\n".join(rows) + "\n"


def read(folder: Path, sql: str) -> pl.DataFrame:
    with duckdb.connect(str(folder / "work.duckdb"), read_only=True) as connection:
        return connection.sql(sql).pl()


def drop(folder: Path, name: str, text: str) -> None:
    """A file somebody dropped a while ago."""
    file = folder / "landing" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    os.utime(file, (1_710_000_000, 1_710_000_000))


def run_chain() -> None:
    assert dg.materialize(CHAIN, resources=RESOURCES).success


def test_without_positions_every_table_is_empty_and_says_so(data_dir: Path) -> None:
    run_chain()
    for table in (*(f"shipping.{name}" for name in EVENTS), "shipping.vessels"):
        assert read(data_dir, f"from {table}").is_empty()
    for table in ("shipping.loadings", "shipping.detection", "facts.ais_observations"):
        found = read(data_dir, f"from {table}")
        assert found.is_empty()
        assert found.width > 10
    status = read(data_dir, "select status from staged.source_runs where source = 'ais'").item()
    assert status.startswith("no ship positions")


def test_a_dropped_file_becomes_a_loading_and_observations(data_dir: Path) -> None:
    drop(data_dir, "any.csv", voyage())
    drop(data_dir, "what.csv", "a,b\n1,2\n")
    run_chain()
    loading = read(data_dir, "from shipping.loadings").row(0, named=True)
    assert (loading["port_name"], loading["evidence"], loading["p_laden"]) == (
        "Nampo",
        "port_call",
        1.0,
    )
    assert (loading["draught_in_m"], loading["draught_out_m"]) == (4.0, 7.0)
    # 100 m x 16 m x about 3 m of sinking x 0.8 x 1.025 is 3,900 t, and ballast went overboard
    assert 4_000 < loading["cargo_t_q50"] < 7_000
    assert loading["vessel_name"] == "=EAST SEA"
    ledger = read(data_dir, "from facts.ais_observations")
    assert set(ledger["kind"]) == {"count", "lower_bound"}
    assert set(ledger["window_start_on"]) == {dt.date(2024, 3, 1)}
    (report,) = (data_dir / "landing" / "rejected").glob("what-*.report.md")
    assert "of no known kind" in report.read_text(encoding="utf-8")
    counts = read(data_dir, "from staged.source_runs where source = 'ais'").row(0, named=True)
    assert counts["rows_in"] == counts["rows_kept"] == 601


def test_a_file_nearly_of_positions_is_refused_and_one_without_a_row_kept_says_so(
    data_dir: Path,
) -> None:
    drop(data_dir, "bad.csv", "MMSI;BaseDateTime;LAT;LON\n1;2;3;4\n")
    drop(data_dir, "timeless.nmea", "!AIVDM,1,1,,A,13RlIW?04F1beOVEFLB9bRvH0L0L,0*6C\n")
    run_chain()
    (refused,) = (data_dir / "landing" / "rejected").glob("bad-*.report.md")
    assert "separated by semicolons" in refused.read_text(encoding="utf-8")
    (told,) = (data_dir / "landing" / "accepted").glob("timeless-*.report.md")
    assert "none of its 1 rows could be kept: 1 time_missing" in told.read_text(encoding="utf-8")
    landed = read(data_dir, "select file, rows_in, rows_kept from staged.ais_files")
    assert landed.rows() == [("timeless.nmea", 1, 0)]


def test_a_later_day_leaves_the_earlier_ones_alone_and_ends_the_same(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, *rows = voyage().splitlines()
    early = [row for row in rows if row < "2024-03-03"]
    for name, lines in (("a.csv", early), ("b.csv", rows[len(early) :])):
        drop(data_dir, name, "\n".join([head, *lines]) + "\n")
        run_chain()
    in_two = {name: read(data_dir, f"from shipping.{name}") for name in EVENTS}
    at_once = tmp_path / "again"
    drop(at_once, "all.csv", voyage())
    monkeypatch.setenv("DPRK_DATA_DIR", str(at_once))
    run_chain()
    for name, frame in in_two.items():
        assert frame.equals(read(at_once, f"from shipping.{name}")), name


def test_days_are_partitions_of_a_job_and_of_no_asset() -> None:
    """A partitioned asset anywhere turns "Materialize all" into a dialog."""
    from assets.definitions import defs

    graph = defs.resolve_asset_graph()
    keys = graph.get_all_asset_keys()
    assert [key for key in keys if graph.get(key).partitions_def is not None] == []
    assert not graph.get(ais.POSITIONS_KEY).is_executable
    assert defs.resolve_job_def("ais_day").partitions_def == ais.DAYS
    steps = {node.name for node in defs.resolve_job_def(MAIN_JOB).graph.nodes}
    assert "raw__ais_positions" not in steps
    assert "shipping__loadings" in steps


def test_one_day_through_the_partitioned_job(data_dir: Path) -> None:
    drop(data_dir, "ais/any.csv", voyage())
    done = ais.ais_day_job.execute_in_process(
        partition_key="2024-03-02", resources={"network": Network(), "snapshots": Snapshots()}
    )
    assert done.success
    made = done.asset_materializations_for_node("build_day_of_positions")
    assert [(one.asset_key, one.partition) for one in made] == [(ais.POSITIONS_KEY, "2024-03-02")]
    assert [one.name for one in (data_dir / "raw" / "ais" / "positions").glob("day=*")] == [
        "day=2024-03-02"
    ]


def test_a_fetched_day_of_events_is_kept_and_read(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = {
        "id": "v1",
        "type": "port_visit",
        "start": "2024-03-01T00:00:00Z",
        "end": "2024-03-02T00:00:00Z",
        "position": {"lat": 38.728, "lon": 125.417},
        "vessel": {"id": "x", "ssvid": "445000001", "name": "EAST SEA", "flag": "PRK"},
        "port_visit": {"confidence": "4", "durationHrs": "24"},
    }
    page = {"total": 1, "limit": 1000, "entries": [event], "nextOffset": None}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=page))
    asking = Fetcher(transport=transport, sleep=lambda _: None)
    assert gfw.fetch_day(Snapshots().store(), asking, "made-up-token", dt.date(2024, 3, 1)) == 1
    run_chain()
    loading = read(data_dir, "from shipping.loadings").row(0, named=True)
    assert (loading["evidence"], loading["method"], loading["p_laden"]) == (
        "gfw_port_visit",
        "lot_prior",
        0.5,
    )
    kinds = read(data_dir, "select kind from facts.ais_observations")["kind"].to_list()
    assert kinds == ["count"]  # a visit proves no tonnes


def test_the_demo_recovers_its_truth_and_says_it_is_synthetic(
    tmp_path: Path, land_mask_dir: Path
) -> None:
    found, scores, report = make_demo(
        tmp_path / "demo-data", seed=DEFAULT_SEED, ships=8, days=30, draws=400
    )
    whole = found.total.row(0, named=True)
    assert whole["true_departures"] > 5
    # a fleet of eight is few: hold the recovery to a factor, and the label to the letter
    assert 0.6 < whole["total_t_q50"] / whole["true_t"] < 1.6
    assert scores.filter(pl.col("stage") == "silences")["recall"].item() > 0.95
    page = report.read_text(encoding="utf-8")
    assert "SYNTHETIC" in page
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org", "")
    with duckdb.connect(str(tmp_path / "demo-data" / "demo.duckdb"), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name, comment from duckdb_tables()"
        ).fetchall()
        assert {schema for schema, _, _ in tables} == {"synthetic"}
        assert all(comment.startswith("SYNTHETIC") for _, _, comment in tables)
        for _, name, _ in tables:
            marks = connection.sql(f"select distinct is_synthetic from synthetic.{name}").fetchall()
            assert marks in ([], [(True,)])


def _page(end: str) -> bytes:
    visit = {
        "id": "v1", "type": "port_visit", "start": "2024-03-01T00:00:00.000Z", "end": end,
        "position": {"lat": 38.7, "lon": 125.4}, "vessel": {"id": "a", "ssvid": "445000001"},
    }  # fmt: skip
    return json.dumps({"total": 1, "limit": 1, "entries": [visit]}).encode()


def _keep(part: str, day: int, content: bytes) -> None:
    at = dt.datetime(2024, 3, day, tzinfo=dt.UTC)
    store = Snapshots().store()
    store.put(
        "gfw_events", content, url="https://gfw.example/v3/events", licence="", retrieved_at=at,
        http_status=200, part=part,
    )  # fmt: skip


def test_an_open_visit_gets_its_end_from_the_newer_retrieval(data_dir: Path) -> None:
    """A day retrieved twice, and a page that holds the event again: the newest counts, once."""
    _keep("2024-03-01-000", 20, _page(""))
    _keep("2024-03-01-000", 27, _page("2024-03-21T00:00:00.000Z"))
    _keep("2024-03-02-000", 10, _page(""))
    assert dg.materialize([landing.landed_files, *GFW], resources=RESOURCES).success
    with duckdb.connect(str(data_dir / "work.duckdb")) as connection:
        # as a run before left it
        connection.execute("update staged.source_runs set source = 'gfw'")
    assert gfw.retrieved_days(Snapshots().store()) == {
        dt.date(2024, 3, 1): dt.date(2024, 3, 27),
        dt.date(2024, 3, 2): dt.date(2024, 3, 10),
    }
    assert dg.materialize([landing.landed_files, *GFW], resources=RESOURCES).success
    kept = read(data_dir, "select ended_at from staged.gfw_events")["ended_at"].to_list()
    assert kept == [dt.datetime(2024, 3, 21)]  # noqa: DTZ001 (naive UTC, as tables hold it)
    refused = read(data_dir, "select file, rule from staged.quarantine where source = 'gfw_events'")
    assert refused.rows() == [("2024-03-02-000", "superseded")]
    assert read(data_dir, "select source from staged.source_runs")["source"].to_list() == [
        "gfw_events"
    ]
    counts = read(data_dir, "select rows_in, rows_kept, rows_quarantined from staged.source_runs "
                            "where source = 'gfw_events'")  # fmt: skip
    assert counts.rows() == [(2, 1, 1)]


def test_a_young_day_is_not_asked_and_settled_ones_are_again() -> None:
    today = dt.date(2024, 3, 20)
    fetched = {dt.date(2024, 3, 1): dt.date(2024, 3, 10), dt.date(2024, 3, 13): today}
    # the first is due again after a week; of the days since the last, the 15th is settled today
    assert gfw.days_to_ask(fetched, today) == [
        dt.date(2024, 3, 1), dt.date(2024, 3, 14), dt.date(2024, 3, 15),
    ]  # fmt: skip
    assert gfw.days_to_ask({}, today) == [dt.date(2024, 3, 15)]
    # a machine that was off for a year asks for the last month of it
    assert len(gfw.days_to_ask({dt.date(2023, 3, 1): dt.date(2023, 6, 1)}, today)) == 31
