"""Radar from dropped reports to the ledger's form, and what stands there without any."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from assets import landing
from assets.definitions import RESOURCES
from pipelines.paths import work_database
from pipelines.schemas.figures import OBSERVATION_SCHEMA, StagedFigures
from pipelines.snapshots import SnapshotStore
from pipelines.sources.gfw_sar.makers import LOADING_GROUPS
from pipelines.sources.gfw_sar.read import zones
from pipelines.sources.staging import empty_frame
from pipelines.warehouse import Warehouse, write_frame
from tests.fixtures import satellite_world as made_up
from tests.fixtures.wired import feeds, wired

NAMES = ("gfw_sar", "sentinel1")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DPRK_DATA_DIR", str(tmp_path))
    for name in ("DPRK_ONLINE", "DPRK_AS_OF", "GFW_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def run(declared: dict[dt.date, float]) -> None:
    figures = pl.DataFrame(
        [
            {
                "observation_id": f"c-{month:%Y%m}", "stream": "coal", "quantity": "export_t",
                "counterpart_iso3": "CHN", "sector": "HS2701", "window_start_on": month,
                "window_end_on": (month.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
                - dt.timedelta(days=1),
                "kind": "exact", "central": tonnes,
            }
            for month, tonnes in declared.items()
        ]
    )  # fmt: skip
    empty = empty_frame(StagedFigures)
    with Warehouse(work_database()).connect() as connection:
        write_frame(connection, "staged.figures", pl.concat([empty, figures], how="diagonal"))
        write_frame(connection, "facts.trade_observations", pl.DataFrame(schema=OBSERVATION_SCHEMA))
    outcome = dg.materialize(
        [
            *feeds(*NAMES),
            *wired(
                "staged.feed_priors", "facts.satellite_presence", "facts.satellite_observations"
            ),
        ],
        resources=RESOURCES,
        run_config={
            "resources": {"sampling": {"config": {"draws": 500}}},
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
        },
    )
    assert outcome.success


def rows(data: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(data / "work.duckdb"), read_only=True) as opened:
        return opened.execute(query).fetchall()


def drop(data: Path, name: str, content: bytes) -> None:
    (data / "landing").mkdir(exist_ok=True)
    (data / "landing" / name).write_bytes(content)
    os.utime(data / "landing" / name, (1, 1))


def scenes_of(world: made_up.World, area: str) -> list[tuple[str, bytes]]:
    """The catalogue's pages for a world: one scene a pass, over everything of an area."""
    box = [[120.0, 36.0], [132.0, 36.0], [132.0, 44.0], [120.0, 44.0], [120.0, 36.0]]
    days = world.passes.select("passed_on", "orbit").rows()
    out = []
    for year in sorted({day.year for day, _ in days}):
        value = [
            {
                "Name": f"S1A_IW_GRDH_1SDV_{day:%Y%m%d}T093004_{day:%Y%m%d}T093029_{orbit:06d}_0_1",
                "ContentDate": {"Start": f"{day}T09:30:04.000Z"},
                "GeoFootprint": {"type": "Polygon", "coordinates": [box]},
            }
            for day, orbit in days
            if day.year == year
        ]
        page = json.dumps({"value": value}).encode()
        out.append((f"{area}_{year}-01-01_{year}-12-31_p0.json", page))
    return out


def drop_world(data: Path, world: made_up.World) -> None:
    for name, report in made_up.reports_of(world):
        drop(data, f"{name}.json", report)
    for zone, group in zones().select("zone_id", "port_group").iter_rows():
        for year in range(2017, 2027):
            if group in LOADING_GROUPS and zone != made_up.ZONE:
                # answered, and nothing was seen there
                empty = b'{"entries": [{"public-global-sar-presence:v4.0": []}]}'
                # one byte more a zone and year: the same content is loaded once
                note = b" " * (int(year) + 20 * zones()["zone_id"].to_list().index(zone))
                drop(data, f"{zone}_{year}-01-01_{year}-12-31_all.json", empty + note)
    for area in LOADING_GROUPS:
        for name, page in scenes_of(world, area):
            drop(data, name, page + (b" " if area == "east" else b""))
    outcomes = landing.land_all(SnapshotStore(data / "raw"))
    assert {one.status for one in outcomes} == {"accepted"}, outcomes[0]


@pytest.fixture(scope="module")
def world() -> made_up.World:
    """Months of a made-up port."""
    return made_up.make_world(3)


@pytest.fixture(scope="module")
def landed(world: made_up.World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that took in all that radar and the catalogue say of the world."""
    folder = tmp_path_factory.mktemp("landed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DPRK_DATA_DIR", str(folder))
        drop_world(folder, world)
    return folder


def test_without_radar_the_tables_are_empty_and_say_how_to_get_it(data: Path) -> None:
    run({})
    assert rows(data, "select count(*) from facts.satellite_observations") == [(0,)]
    said = dict(rows(data, "select source, status from staged.source_runs"))
    assert said["gfw_sar"].startswith("no data; register at Global Fishing Watch")
    assert said["sentinel1"].startswith("no data; set DPRK_ONLINE=1 (no key is needed)")


def test_dropped_reports_become_half_years_that_hold_the_truth(
    data: Path, landed: Path, world: made_up.World
) -> None:
    shutil.copytree(landed, data, dirs_exist_ok=True)
    run({month: float(world.tonnes[world.months.index(month)]) for month in made_up.KNOWN})
    ((lost,),) = rows(
        data, "select sum(rows_in - rows_kept - rows_quarantined)::int from staged.source_runs"
    )
    assert lost == 0
    present = rows(
        data,
        "select passes, ships_present from facts.satellite_presence "
        "where zone_id = 'taedong' and month = '2018-01-01'",
    )
    january = [
        count
        for day, count in zip(world.passes["passed_on"], world.counts, strict=True)
        if (day.year, day.month) == (2018, 1)
    ]
    assert present == [(len(january), pytest.approx(sum(january) / len(january)))]
    found = rows(
        data,
        "select window_start_on, window_end_on, kind, low, high "
        "from facts.satellite_observations order by 1",
    )
    assert found[0][:2] == (dt.date(2017, 10, 1), dt.date(2017, 12, 31))
    assert len(found) == 19
    held = [
        (low or 0.0) * 0.5 <= made_up.truth_of(world, start, end) <= high * 2
        for start, end, _, low, high in found
    ]
    assert sum(held) >= 17


def test_without_the_customs_months_nothing_is_converted_and_it_says_so(
    data: Path, landed: Path
) -> None:
    shutil.copytree(landed, data, dirs_exist_ok=True)
    run({})
    assert rows(data, "select count(*) from facts.satellite_observations") == [(0,)]
    assert rows(data, "select count(*) > 100 from facts.satellite_presence") == [(True,)]
