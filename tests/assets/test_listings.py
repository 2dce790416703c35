"""Official lists through the code location: dropped, staged, compared; one drifting list alone."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from assets import checks, landing
from assets.definitions import RESOURCES, defs
from pipelines.paths import STREAMS_DIR
from pipelines.snapshots import SnapshotStore
from pipelines.sources.eu_prk import read as eu
from pipelines.sources.list_editions import LISTS, TABLES
from pipelines.sources.ofac import csv_read as ofac
from tests.fixtures.listing_samples import (
    ADVANCED_XML,
    SDN_ROWS,
    SDN_XML,
    UN_XML,
    eu_csv,
    sdn_set,
)
from tests.fixtures.wired import wired

Query = Callable[[str], list[tuple]]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DPRK_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("DPRK_ONLINE", raising=False)
    monkeypatch.delenv("DPRK_AS_OF", raising=False)
    return tmp_path


def drop(data: Path, name: str, content: bytes) -> None:
    (data / "landing").mkdir(exist_ok=True)
    path = data / "landing" / name
    path.write_bytes(content)
    os.utime(path, (1, 1))


def run(data: Path) -> Query:
    outcome = dg.materialize(
        [
            *wired("raw.landed_files", "staged.listed_parties"),
            *wired(*(f"raw.{one.source}" for one in LISTS)),
            *(one for one in checks.RULE_CHECKS if "staged__listed" in one.node_def.name),
        ],
        resources=RESOURCES,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )  # fmt: skip
    assert outcome.success

    def ask(query: str) -> list[tuple]:
        with duckdb.connect(str(data / "work.duckdb"), read_only=True) as opened:
            return opened.execute(query).fetchall()

    return ask


def keep(data: Path, day: int, contents: dict[str, bytes], source: str = "ofac_sdn") -> None:
    store = SnapshotStore(data / "raw")
    for part, content in contents.items():
        store.put(
            source, content, url="test", licence=ofac.LICENCE, part=part,
            retrieved_at=dt.datetime(2026, 11, day, tzinfo=dt.UTC),
        )  # fmt: skip


def test_without_lists_the_tables_are_empty_and_say_what_to_do(data: Path) -> None:
    ask = run(data)
    for table in TABLES:
        assert ask(f"select count(*) from staged.{table}") == [(0,)]
    ((status, is_embedded),) = ask(
        "select status, is_embedded from staged.source_runs where source = 'ofac_sdn'"
    )
    assert status.startswith("no data; set DPRK_ONLINE=1, or drop SDN_ADVANCED.XML, or SDN.CSV")
    assert not is_embedded


def test_dropped_lists_are_staged(data: Path) -> None:
    for part, content in sdn_set().items():
        drop(data, f"whatever-{part}.txt", content)
    drop(data, "un.xml", UN_XML)
    drop(data, "eu.csv", eu_csv(eu.COLUMNS))
    ask = run(data)
    assert ask("select list_source, count(*) from staged.listed_parties group by all order by 1") \
        == [("eu_prk", 3), ("ofac_sdn", 5), ("un_sc", 3)]  # fmt: skip
    assert ask("select source_list_id, target_list_id from staged.listed_links order by 1") == [
        ("102", "101"),
        ("103", "101"),
    ]
    assert ask("select kind, rows_in from raw.landed_files where source = 'un_sc'") \
        == [("un_sc", 3)]  # fmt: skip
    assert not landing.waiting(data / "landing")


def test_two_editions_show_what_changed(data: Path) -> None:
    keep(data, 1, sdn_set())
    after = (
        SDN_ROWS[0].replace("DPRK3] [NPWMD", "DPRK3"),
        *SDN_ROWS[1:4],
        SDN_ROWS[4].replace("105,", "106,").replace("CAFÉ OTHER", "NEW NAME"),
    )
    contents = sdn_set(after)
    del contents["add"]  # its second row belongs to the party that left
    keep(data, 5, contents)
    ask = run(data)
    changes = ask(
        "select list_id, change, column_name, value_before, value_after "
        "from staged.listing_changes order by list_id, column_name"
    )
    assert ("106", "added", None, None, None) in changes
    assert ("105", "removed", None, None, None) in changes
    assert ("101", "changed", "program", "DPRK3; NPWMD", "DPRK3") in changes
    assert {row[0] for row in changes} == {"101", "105", "106"}
    assert ask("select distinct seen_at from staged.listing_changes") == [
        (dt.datetime(2026, 11, 5),)  # noqa: DTZ001 (the database keeps UTC without saying so)
    ]


def test_a_past_day_gives_that_day_again(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(data, 1, sdn_set())
    keep(data, 5, {"sdn": sdn_set(SDN_ROWS[:2])["sdn"]})
    assert run(data)("select count(*) from staged.listed_parties") == [(2,)]
    monkeypatch.setenv("DPRK_AS_OF", "2026-11-03")
    assert run(data)("select count(*) from staged.listed_parties") == [(5,)]


def test_an_older_edition_dropped_late_is_kept_for_past_days_and_the_operator_told(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(data, "new.xml", UN_XML)
    old = UN_XML.replace(b"2026-02-27", b"2024-03-01").replace(b"SECOND", b"OLDER")
    landing.land_all(SnapshotStore(data / "raw"))
    drop(data, "old.xml", old)
    (outcome,) = landing.land_all(SnapshotStore(data / "raw"))
    assert outcome.status == "accepted"
    assert "edition of 2024-03-01, older than the one in force (2026-02-27)" in outcome.message
    edition = "select distinct edition_on from staged.listed_parties"
    ask = run(data)
    assert ask(edition) == [(dt.date(2026, 2, 27),)]
    assert ask("select status from staged.source_runs where source = 'un_sc'")[0][0].startswith(
        "edition of 2026-02-27"
    )
    monkeypatch.setenv("DPRK_AS_OF", "2025-01-01")
    assert run(data)(edition) == [(dt.date(2024, 3, 1),)]


@pytest.mark.parametrize(
    ("name", "said", "day"),
    [
        ("sdn_2019-01-15.csv", "", dt.date(2019, 1, 15)),
        ("SDN.20190115.CSV", "", dt.date(2019, 1, 15)),
        ("sdn.csv", "2019-01-15", dt.date(2019, 1, 15)),
        ("sdn.csv", "", None),
    ],
)
def test_an_undated_file_is_dated_by_its_name_or_the_operator_and_never_by_today(
    data: Path, monkeypatch: pytest.MonkeyPatch, name, said, day
) -> None:
    monkeypatch.setenv("DPRK_LANDED_AS_OF", said)
    drop(data, name, sdn_set()["sdn"])
    (outcome,) = landing.land_all(SnapshotStore(data / "raw"))
    assert ("prints no date" in outcome.message) is (day is None)
    monkeypatch.delenv("DPRK_LANDED_AS_OF")
    ask = run(data)
    assert ask("select distinct edition_on from staged.listed_parties") == [(day,)]
    ((status,),) = ask("select status from staged.source_runs where source = 'ofac_sdn'")
    assert ("which day it is of is not known" in status) is (day is None)


def test_an_old_or_undated_file_dropped_today_is_stale(data: Path) -> None:
    drop(data, "sdn_2019-01-15.csv", sdn_set()["sdn"])
    drop(data, "cons_prim.csv", sdn_set(SDN_ROWS[:2])["sdn"])
    rows = run(data)(
        "select source, is_stale, next_due_at::date from staged.source_runs "
        "where source like 'ofac%' order by source"
    )
    today = dt.datetime.now(dt.UTC).date()
    assert rows == [
        ("ofac_consolidated", True, today + dt.timedelta(days=7)),
        ("ofac_sdn", True, dt.date(2019, 1, 22)),  # weekly
    ]


def test_a_list_that_its_service_calls_unchanged_is_fresh(data: Path) -> None:
    store = SnapshotStore(data / "raw")
    now = dt.datetime.now(dt.UTC)
    first = store.put(
        "un_sc", UN_XML, url="https://un.example", licence="x", http_status=200,
        retrieved_at=now - dt.timedelta(days=100),
    )  # fmt: skip
    stale = "select is_stale from staged.source_runs where source = 'un_sc'"
    assert run(data)(stale) == [(True,)]
    store.confirm(first, retrieved_at=now - dt.timedelta(days=1))
    assert run(data)(stale) == [(False,)]


def test_an_undated_file_stands_behind_a_dated_one(data: Path) -> None:
    drop(data, "SDN.XML", SDN_XML)
    landing.land_all(SnapshotStore(data / "raw"))
    drop(data, "sdn.csv", sdn_set()["sdn"])
    ask = run(data)
    assert ask("select distinct edition_on from staged.listed_parties") == [
        (dt.date(2026, 11, 20),)
    ]


def test_a_set_says_which_of_its_files_is_missing_or_of_another_day(data: Path) -> None:
    keep(data, 5, {"sdn": sdn_set()["sdn"], "add": sdn_set()["add"]})
    keep(data, 1, {"alt": sdn_set()["alt"]})
    ((status,),) = run(data)("select status from staged.source_runs where source = 'ofac_sdn'")
    assert "further names (alt) are of 2026-11-01, the list is of 2026-11-05" in status
    assert (
        "no file of remarks' continuations, links among them (comments): none were used" in status
    )
    assert "addresses" not in status


def test_a_list_that_drifts_stops_alone_and_its_older_edition_carries_on(data: Path) -> None:
    keep(data, 1, sdn_set())
    keep(data, 5, {"sdn": b'101,"eleven","cells"\r\n' * 5})
    keep(data, 5, {"": UN_XML}, source="un_sc")
    ask = run(data)
    assert ask("select list_source, count(*) from staged.listed_parties group by all order by 1") \
        == [("ofac_sdn", 5), ("un_sc", 3)]  # fmt: skip
    ((status, is_stale),) = ask(
        "select status, is_stale from staged.source_runs where source = 'ofac_sdn'"
    )
    assert "DRIFT: ofac_sdn: sdn.csv, line 1: the row has 3 cells where 12 are expected" in status
    assert is_stale


def test_an_edited_figure_table_is_taken_only_whole(data: Path) -> None:
    content = (STREAMS_DIR / "coal" / "figures.csv").read_bytes()
    good = content.rstrip() + b"\n"
    drop(data, "edited.csv", good + b"\n")
    bad = good.replace(b",coal,", b",cole,", 1)
    drop(data, "broken.csv", bad)
    outcomes = {one.name: one for one in landing.land_all(SnapshotStore(data / "raw"))}
    assert outcomes["edited.csv"].status == "accepted"
    assert outcomes["broken.csv"].status == "rejected"
    assert "cole" in outcomes["broken.csv"].message
    newest = SnapshotStore(data / "raw").retrievals("coal_figures")[-1]
    assert newest is not None
    assert newest.url == "file:edited.csv"


def test_every_kind_of_file_is_told_apart_by_content(data: Path, shared_dir: Path) -> None:
    real = shared_dir / "real"
    expected = {
        real / "ofac_2019_01" / "sdn.csv": ("ofac_sdn", 7_379),
        real / "ofac_2019_01" / "add.csv": ("ofac_sdn", 11_696),
        real / "ofac_2019_01" / "alt.csv": ("ofac_sdn", 9_682),
        real / "ofac_2019_01" / "sdn_comments.csv": ("ofac_sdn", 13),
        real / "un" / "consolidated_2026-02-27.xml": ("un_sc", 1_003),
        real / "eu" / "32017R1509.csv": ("eu_prk", 326),
        real / "prices" / "CMO-Historical-Data-Monthly_2026-06.xlsx": ("pink_sheet", None),
        real / "comtrade" / "shrimp_tha_2007_2011.json": ("comtrade", 1_586),
        real / "comtrade" / "hs27_prk_2005_2017.csv": ("comtrade", 498),
        real / "ais" / "tag_blocked.nm4": ("ais", 997),
        real / "ais" / "nmea_sample.txt": ("ais", 898),
        real / "ais" / "marinecadastre_2023.csv": ("ais", 1_000),
    }
    for number, path in enumerate(expected):
        drop(data, f"file-{number:02d}", path.read_bytes())
    outcomes = sorted(landing.land_all(SnapshotStore(data / "raw")), key=lambda one: one.name)
    found = [one.source for one in outcomes]
    assert found == [source for source, _ in expected.values()], [one.message for one in outcomes]
    rows = [one.rows_in for one in outcomes]
    for given, (_, count) in zip(rows, expected.values(), strict=True):
        assert count is None or given == count


def test_the_other_list_is_told_by_name_and_a_short_edition_is_refused(data: Path) -> None:
    store = SnapshotStore(data / "raw")
    drop(data, "sdn.csv", sdn_set()["sdn"])
    drop(data, "cons_prim.csv", sdn_set(SDN_ROWS[3:])["sdn"])
    outcomes = {one.name: one.source for one in landing.land_all(store)}
    assert outcomes == {"sdn.csv": "ofac_sdn", "cons_prim.csv": "ofac_consolidated"}
    drop(data, "again.csv", sdn_set(SDN_ROWS[4:])["sdn"])
    (short,) = landing.land_all(store)
    assert short.status == "rejected"
    assert "or of the other list" in short.message


def test_advanced_and_plain_xml_are_taken_and_staged(data: Path) -> None:
    drop(data, "a", ADVANCED_XML)
    drop(data, "b", SDN_XML)
    ask = run(data)
    # the advanced form is the better of two of one day
    assert ask("select listed_on from staged.listed_parties where list_id = '101'") == [
        (dt.date(2017, 8, 22),)
    ]
    assert ask("select relation, target_list_id from staged.listed_links") == [
        ("owned_or_controlled_by", "101")
    ]


def test_after_the_snapshots_are_gone_a_file_may_come_again(data: Path) -> None:
    store = SnapshotStore(data / "raw")
    drop(data, "un.xml", UN_XML)
    landing.land_all(store)
    drop(data, "un.xml", UN_XML)
    assert [one.status for one in landing.land_all(store)] == ["duplicate"]
    shutil.rmtree(data / "raw")
    drop(data, "un.xml", UN_XML)
    assert [one.status for one in landing.land_all(store)] == ["accepted"]


def test_the_sensor_waits_until_files_rest(data: Path) -> None:
    sensor = (
        defs.resolve_sensor_def("landing_folder")
        if hasattr(defs, "resolve_sensor_def")
        else defs.get_sensor_def("landing_folder")
    )
    with dg.DagsterInstance.ephemeral() as instance:

        def look(cursor: str | None) -> tuple[object, str | None]:
            context = dg.build_sensor_context(instance=instance, cursor=cursor)
            result = sensor(context)
            return result, getattr(result, "cursor", None) or context.cursor

        result, cursor = look(None)
        assert isinstance(result, dg.SkipReason)
        drop(data, "a.csv", b"x")
        result, cursor = look(cursor)
        assert isinstance(result, dg.SkipReason)
        drop(data, "a.csv", b"xy")
        result, cursor = look(cursor)
        assert isinstance(result, dg.SkipReason)
        result, cursor = look(cursor)
        assert isinstance(result, dg.SensorResult)
        assert len(result.run_requests or []) == 1
