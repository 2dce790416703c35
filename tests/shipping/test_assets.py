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

from assets import ais, reference
from assets.demo import make_demo
from assets.resources import Network, Sampling, Snapshots, WarehouseResource
from assets.schedules import MAIN_JOB
from pipelines.schemas.shipping import EVENTS
from pipelines.sources.http import Fetcher

CHAIN = [
    *(one for one in reference.ASSETS if one.key.path[-1] == "feed_priors"),
    ais.port_sources,
    ais.ports,
    ais.ais_files,
    ais.gfw_events,
    ais.vessel_statics,
    ais.vessels,
    ais.shipping_events,
    ais.coal_loadings,
]
RESOURCES = {
    "warehouse": WarehouseResource(),
    "snapshots": Snapshots(),
    "sampling": Sampling(draws=200, seed=1),
}
SEA, NAMPO, DALIAN = (124.6, 38.5), (125.4169, 38.7281), (121.666667, 38.916667)


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, land_mask_dir: Path) -> Path:
    """A data folder of the test's own, with the land mask already packed."""
    folder = tmp_path / "data"
    (folder / "landing" / "ais").mkdir(parents=True)
    (folder / "landing" / "gfw").mkdir()
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
    (data_dir / "landing" / "ais" / "any.csv").write_text(voyage(), encoding="utf-8")
    (data_dir / "landing" / "ais" / "what.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert ais.ais_job.execute_in_process().success
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
    refused = read(data_dir, "from staged.quarantine where source = 'ais'")
    assert refused["file"].to_list() == ["what.csv"]
    assert "none of the known forms" in refused["reason"][0]
    counts = read(data_dir, "from staged.source_runs where source = 'ais'").row(0, named=True)
    assert counts["rows_in"] == counts["rows_kept"] == 601


def test_a_refused_file_gets_a_report_beside_it_that_goes_when_the_file_is_mended(
    data_dir: Path,
) -> None:
    folder = data_dir / "landing" / "ais"
    bad, timeless = folder / "bad.csv", folder / "timeless.nmea"
    bad.write_text("MMSI;BaseDateTime;LAT;LON\n1;2;3;4\n", encoding="utf-8")
    timeless.write_text("!AIVDM,1,1,,A,13RlIW?04F1beOVEFLB9bRvH0L0L,0*6C\n", encoding="utf-8")
    assert ais.ais_job.execute_in_process().success
    assert "separated by semicolons" in (folder / "bad.csv.report.md").read_text()
    told = (folder / "timeless.nmea.report.md").read_text()
    assert "none of its 1 rows could be kept: 1 time_missing" in told
    bad.write_text(voyage(), encoding="utf-8")
    assert ais.ais_job.execute_in_process().success
    assert sorted(one.name for one in folder.iterdir()) == [
        "bad.csv",
        "timeless.nmea",
        "timeless.nmea.report.md",
    ]


def test_a_file_still_being_copied_waits(data_dir: Path) -> None:
    folder = data_dir / "landing" / "ais"
    whole = voyage()
    (folder / "half.csv.part").write_text(whole, encoding="utf-8")
    with (folder / "slow.csv").open("w", encoding="utf-8") as copying:
        copying.write(whole[: len(whole) // 2])
        copying.flush()
        assert ais.ais_job.execute_in_process().success
        assert not (data_dir / "raw" / "ais" / "positions").exists()
        copying.write(whole[len(whole) // 2 :])
    assert ais.ais_job.execute_in_process().success
    run_chain()
    landed = read(data_dir, "select file, rows_in, rows_kept from staged.ais_files")
    assert landed.rows() == [("slow.csv", 601, 601)]


def _run_key() -> str:
    context = dg.build_sensor_context(instance=dg.DagsterInstance.ephemeral())
    (asked,) = list(ais.dropped_ship_positions(context))
    assert isinstance(asked, dg.RunRequest), asked
    assert asked.run_key
    return asked.run_key


def test_the_sensor_is_on_and_sees_every_file_whatever_its_name(data_dir: Path) -> None:
    assert ais.dropped_ship_positions.default_status == dg.DefaultSensorStatus.RUNNING
    folder = data_dir / "landing" / "ais"
    names = [f"AIS_2024_02_{day:02d}.csv" for day in range(1, 29)]
    keys = set()
    for name in [*names, "AIS_2024_01_31.csv", "0.csv", "z.csv"]:
        (folder / name).write_text("MMSI\n", encoding="utf-8")
        os.utime(folder / name, (1_710_000_000,) * 2)
        keys.add(_run_key())
    assert len(keys) == len(names) + 3
    # a report of ours is no new file
    (folder / "z.csv.report.md").write_text("refused", encoding="utf-8")
    assert _run_key() in keys


def test_a_later_day_leaves_the_earlier_ones_alone_and_ends_the_same(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, *rows = voyage().splitlines()
    early = [row for row in rows if row < "2024-03-03"]
    for name, lines in (("a.csv", early), ("b.csv", rows[len(early) :])):
        file = data_dir / "landing" / "ais" / name
        file.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
        assert ais.ais_job.execute_in_process().success
        run_chain()
    in_two = {name: read(data_dir, f"from shipping.{name}") for name in EVENTS}
    at_once = tmp_path / "again"
    (at_once / "landing" / "ais").mkdir(parents=True)
    (at_once / "landing" / "ais" / "all.csv").write_text(voyage(), encoding="utf-8")
    monkeypatch.setenv("DPRK_DATA_DIR", str(at_once))
    assert ais.ais_job.execute_in_process().success
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
    assert "shipping_events" in steps


def test_one_day_through_the_partitioned_job(data_dir: Path) -> None:
    (data_dir / "landing" / "ais" / "any.csv").write_text(voyage(), encoding="utf-8")
    done = ais.ais_day_job.execute_in_process(
        partition_key="2024-03-02", resources={"network": Network()}
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
    monkeypatch.setenv(ais.GFW_TOKEN, "made-up-token")
    asking = Fetcher(transport=transport, sleep=lambda _: None)
    assert ais.fetch_gfw_day(dt.date(2024, 3, 1), asking) == 1
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
    found, scores, report = make_demo(tmp_path / "demo-data", ships=8, days=30, draws=400)
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


def test_an_open_visit_gets_its_end_from_the_newer_retrieval(data_dir: Path) -> None:
    """Files of one day, retrieved twice: the newest statement of an event counts, once."""
    folder = data_dir / "raw" / "gfw"
    folder.mkdir(parents=True)
    for stamp, end in (("20240320T000000Z", ""), ("20240327T000000Z", "2024-03-21T00:00:00.000Z")):
        visit = {
            "id": "v1", "type": "port_visit", "start": "2024-03-01T00:00:00.000Z", "end": end,
            "position": {"lat": 38.7, "lon": 125.4}, "vessel": {"id": "a", "ssvid": "445000001"},
        }  # fmt: skip
        page = json.dumps({"total": 1, "limit": 1, "entries": [visit]})
        (folder / f"2024-03-01-{stamp}-000.json").write_text(page)
    assert ais._gfw_retrievals() == {dt.date(2024, 3, 1): dt.date(2024, 3, 27)}
    assert dg.materialize([ais.gfw_events], resources=RESOURCES).success
    kept = read(data_dir, "select ended_at from staged.gfw_events")["ended_at"].to_list()
    assert kept == [dt.datetime(2024, 3, 21)]  # noqa: DTZ001 (naive UTC, as tables hold it)
    refused = read(data_dir, "select rule from staged.quarantine where source = 'gfw'")
    assert refused["rule"].to_list() == ["listed_in_several_files"]


def test_a_young_day_is_not_asked_and_settled_ones_are_again(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dt.date] = []
    monkeypatch.setattr(ais, "fetch_gfw_day", lambda day: asked.append(day) or 1)
    folder = data_dir / "raw" / "gfw"
    folder.mkdir(parents=True)
    (folder / "2024-03-01-20240310T000000Z-000.json").write_text("{}")
    today = dt.date(2024, 3, 20)
    assert "data end 5 days before now" in ais.fetch_gfw_events(dt.date(2024, 3, 18), today)
    ais.fetch_gfw_events(dt.date(2024, 3, 15), today)
    assert asked == [dt.date(2024, 3, 1), dt.date(2024, 3, 1), dt.date(2024, 3, 15)]
