"""The trade assets from snapshots to the ledger's form, and again as of a past day."""

from __future__ import annotations

import datetime as dt
from typing import Any

import dagster as dg
import polars as pl
import pytest

from assets.resources import Network, Snapshots, WarehouseResource
from pipelines.paths import data_dir, work_database
from pipelines.schemas.figures import StagedFigures
from pipelines.snapshots import SnapshotStore
from pipelines.sources.staging import empty_frame
from pipelines.warehouse import Warehouse, write_frame
from tests.fixtures.samples import china_customs_csv, comtrade_json, pink_sheet_xlsx
from tests.fixtures.wired import TRADE, feeds, wired

ASSETS = [
    *feeds(),
    *wired(*TRADE),
]
KEY = "s3cr3t-key-0123456789"


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DPRK_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("DPRK_AS_OF", raising=False)
    monkeypatch.delenv("DPRK_ONLINE", raising=False)
    with Warehouse(work_database()).connect() as connection:
        write_frame(connection, "staged.figures", empty_frame(StagedFigures))


def put(source: str, content: bytes, day: dt.date, part: str = "", status: int = 200) -> None:
    SnapshotStore(data_dir() / "raw").put(
        source,
        content,
        url=f"https://example.org/{part or source}",
        licence="test",
        retrieved_at=dt.datetime.combine(day, dt.time(12), tzinfo=dt.UTC),
        http_status=status,
        part=part,
    )


def run(selection: list[list[str]] | None = None, **network) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        ASSETS,
        selection=None if selection is None else [dg.AssetKey(key) for key in selection],
        resources={
            "warehouse": WarehouseResource(),
            "snapshots": Snapshots(),
            "network": Network(**network),
        },
    )


def table(name: str) -> pl.DataFrame:
    with Warehouse(work_database()).connect(read_only=True) as connection:
        return connection.sql(f"select * from {name}").pl()


def status(source: str) -> dict[str, Any]:
    return table("staged.source_runs").filter(pl.col("source") == source).row(0, named=True)


def chapter(reporter: int, code: str, usd: float, partner: int = 408) -> dict[str, object]:
    return {
        "reporterCode": reporter,
        "reporterISO": None,
        "partnerCode": partner,
        "partnerISO": None,
        "cmdCode": code,
        "aggrLevel": 2,
        "primaryValue": usd,
        "cifvalue": usd,
        "netWgt": None,
        "qty": 0.0,
        "qtyUnitCode": -1,
    }


CHINA_CHAPTERS = [
    *(chapter(156, code, usd) for code, usd in (("27", 1_200e6), ("62", 700e6), ("03", 200e6))),
    *(chapter(156, code, usd, 410) for code, usd in (("85", 80e9), ("84", 30e9), ("87", 9e9))),
]


def test_without_network_or_snapshots_every_source_says_so_and_nothing_fails():
    assert run().success
    assert "no data; set DPRK_ONLINE=1" in status("comtrade")["status"]
    assert "drop the CSV" in status("china_customs")["status"]
    rates = status("ecb_fx")
    assert rates["is_embedded"]
    assert rates["rows_kept"] > 7_000
    assert table("facts.trade_flows").height == 0
    assert table("facts.trade_observations").height == 0


def test_flows_are_kept_whole_and_counted_once():
    put(
        "comtrade",
        comtrade_json(
            [
                {},  # China, 2701, 2016, 2,000 t, 106,000 USD
                {"cmdCode": "270111", "aggrLevel": 6, "primaryValue": 90_000.0},
                {"flowCode": "RM", "primaryValue": 5.0},
                {"motCode": 2100, "primaryValue": 60_000.0},
                {"reporterCode": 764, "reporterISO": "THA", "netWgt": None, "qty": None},
                *CHINA_CHAPTERS,
                chapter(76, "85", 50e6),
                chapter(76, "87", 30e6),
                {"reporterCode": 76, "reporterISO": "BRA", "primaryValue": 7_000.0},
            ]
        ),
        dt.date(2026, 1, 1),
        "A_2016",
    )
    put("pink_sheet", pink_sheet_xlsx(), dt.date(2026, 1, 1))
    assert run().success
    flows = table("facts.trade_flows")
    # the six South Korean rows of the profile have no North Korea in them
    assert flows.height == 11
    coal = flows.filter((pl.col("counted_in") == "coal") & (pl.col("reporter_iso3") == "CHN"))
    row = coal.row(0, named=True)
    assert coal.height == 1
    assert row["hs_code"] == "2701"
    assert row["exporter_iso3"] == "PRK"
    assert row["unit_value_usd_per_t"] == pytest.approx(53.0)
    assert row["reference_price_usd_per_t"] == pytest.approx((49.02 + 50.9) / 2)
    assert row["is_unit_value_suspect"] is False
    assert row["value_fob_usd_q50"] == pytest.approx(106_000 / 1.10, rel=1e-3)
    assert row["value_fob_usd_q05"] < row["value_fob_usd_q50"] < row["value_fob_usd_q95"]
    reasons = dict(
        flows.filter(pl.col("reporter_iso3") == "CHN")
        .select(pl.col("flow_code") + "/" + pl.col("hs_code"), "reason_not_counted")
        .filter(pl.col("reason_not_counted").is_not_null())
        .rows()
    )
    assert "inside its heading" in reasons["M/270111"]
    assert "re-trade" in reasons["RM/2701"]
    assert "breakdown" in reasons["M/2701"]

    said = table("facts.trade_observations")
    china = said.filter(pl.col("counterpart_iso3") == "CHN").sort("quantity")
    assert china.select("quantity", "central", "kind", "origin_id", "is_usable").rows() == [
        ("export_t", 2_000.0, "exact", "gacc-customs", True),
        ("export_usd", 106_000.0, "exact", "gacc-customs", True),
    ]
    # importers declare value with freight and insurance, of the whole trade that passed customs
    measured = ["quantity", "concept", "class", "coverage", "declared"]
    assert china.select(measured).rows() == [
        ("export_t", "tonnes", "customs", "whole", "declared"),
        ("export_usd", "cif_usd", "customs", "whole", "declared"),
    ]
    # a flow without a weight states its dollars alone; it is no zero
    assert said.filter(pl.col("counterpart_iso3") == "THA")["quantity"].to_list() == ["export_usd"]
    brazil = said.filter(pl.col("counterpart_iso3") == "BRA")
    assert brazil["is_usable"].to_list() == [False, False]
    assert "probably South Korean" in brazil["reason_not_used"][0]
    judged = table("facts.miscoding").filter(pl.col("reporter_code") == 76)
    assert judged["p_miscoded"].item() > 0.9
    brazilian = flows.filter(pl.col("reporter_iso3") == "BRA")
    assert (brazilian["p_miscoded"] > 0.9).all()


def test_a_zero_after_the_ban_is_structural_and_before_it_is_not_a_measurement():
    lines = [
        "201801,27011100,无烟煤,109,朝鲜,-,千克,-,-,-",
        "201501,27011100,无烟煤,109,朝鲜,-,千克,-,-,-",
        '201608,27011100,无烟煤,109,朝鲜,"2,000,000",千克,-,-,"100,000"',
        '201608,27011900,其他煤,109,朝鲜,"500,000",千克,-,-,"20,000"',
        '201608,27011100,无烟煤,133,韩国,"9,000",千克,-,-,"1,000"',
    ]
    put("china_customs", china_customs_csv(lines), dt.date(2026, 1, 1), "import.csv", 0)
    assert run().success
    said = table("facts.trade_observations").filter(pl.col("quantity") == "export_t")
    by_month = {row["window_start_on"]: row for row in said.iter_rows(named=True)}
    assert by_month[dt.date(2018, 1, 1)]["kind"] == "structural_zero"
    assert "policy" in by_month[dt.date(2018, 1, 1)]["reason_not_used"]
    assert by_month[dt.date(2015, 1, 1)]["kind"] == "exact"
    assert "zero outside the ban" in by_month[dt.date(2015, 1, 1)]["reason_not_used"]
    assert by_month[dt.date(2016, 8, 1)]["central"] == 2_500.0  # both coals, North Korea only
    assert by_month[dt.date(2016, 8, 1)]["is_usable"]


def test_the_same_flow_from_two_places_counts_once_months_before_years():
    lines = [
        f'2016{month:02d},27011100,无烟煤,109,朝鲜,"1,000",千克,-,-,50' for month in range(1, 13)
    ]
    put("china_customs", china_customs_csv(lines), dt.date(2026, 1, 1), "import.csv", 0)
    months = [
        {"freqCode": "M", "period": f"2016{month:02d}", "refMonth": month, "netWgt": 1_000.0}
        for month in range(1, 13)
    ]
    put("comtrade", comtrade_json([{}, *months]), dt.date(2026, 1, 2), "A_2016")
    assert run().success
    said = table("facts.trade_observations").filter(pl.col("quantity") == "export_t")
    assert said.height == 25
    used = said.filter(pl.col("is_usable"))
    assert used.height == 12
    assert used["source_id"].unique().to_list() == ["china-customs-query"]
    unused = dict(said.filter(~pl.col("is_usable")).group_by("reason_not_used").len().rows())
    assert unused == {
        "repeats the same origin's declaration": 12,
        "the sum of twelve months that stand here": 1,
    }


def test_a_past_day_is_rebuilt_from_snapshots_alone(monkeypatch):
    put("pink_sheet", pink_sheet_xlsx(), dt.date(2026, 1, 10))
    put("comtrade", comtrade_json([{}]), dt.date(2026, 1, 10), "A_2016")
    assert run().success
    tables = ("staged.comtrade", "staged.pink_sheet", "facts.trade_flows")
    then = {name: table(name) for name in (*tables, "facts.trade_observations")}
    put("comtrade", comtrade_json([{"primaryValue": 1.0}]), dt.date(2026, 2, 10), "A_2016")
    put("pink_sheet", pink_sheet_xlsx(rows=[("2016M01", 1, 60, 61)]), dt.date(2026, 2, 10))
    assert run().success
    assert not table("facts.trade_flows").equals(then["facts.trade_flows"])  # the world moved on
    monkeypatch.setenv("DPRK_AS_OF", "2026-01-31")
    assert run(online=True).success  # a past day is never fetched
    for name, frame in then.items():
        assert table(name).equals(frame), name
    monkeypatch.setenv("DPRK_AS_OF", "2025-12-31")
    assert run().success
    assert table("facts.trade_flows").height == 0


def test_a_drifted_source_stops_alone_and_falls_back_to_its_last_good_snapshot():
    put("comtrade", comtrade_json([{}]), dt.date(2026, 1, 1), "A_2016")
    put("comtrade", comtrade_json([{"newField": 1}]), dt.date(2026, 2, 1), "A_2016")
    put("pink_sheet", pink_sheet_xlsx(), dt.date(2026, 2, 1))
    assert run().success
    said = status("comtrade")
    assert "DRIFT" in said["status"]
    assert "'newField'" in said["status"]
    assert said["is_stale"]
    assert said["rows_kept"] == 1
    assert status("pink_sheet")["rows_kept"] == 2


def test_rows_add_up_when_files_overlap():
    line = '201608,27011100,无烟煤,109,朝鲜,"2,000,000",千克,-,-,"100,000"'
    later = line.replace("100,000", "120,000")
    put("china_customs", china_customs_csv([line]), dt.date(2026, 1, 1), "import_a.csv", 0)
    put("china_customs", china_customs_csv([later]), dt.date(2026, 1, 2), "import_b.csv", 0)
    assert run().success
    said = status("china_customs")
    assert (said["rows_in"], said["rows_kept"], said["rows_quarantined"]) == (2, 1, 1)
    assert table("staged.china_customs")["value"].to_list() == [120_000.0]
    refused = table("staged.quarantine").filter(pl.col("source") == "china_customs")
    assert refused.select("file", "rule").rows() == [("import_a.csv", "superseded")]


def test_an_unreachable_source_goes_on_from_its_newest_snapshot(monkeypatch):
    from pipelines.sources import http

    def unreachable(*args, **more):
        raise http.ConnectionFailed("no connection to the server; check the network")

    monkeypatch.setattr(http.Fetcher, "get", unreachable)
    put("pink_sheet", pink_sheet_xlsx(), dt.datetime.now(dt.UTC).date())
    assert run(online=True).success
    said = status("pink_sheet")
    assert "no connection" in said["status"]
    assert said["rows_kept"] == 2


def test_the_key_is_in_no_table_file_or_event(monkeypatch, tmp_path, caplog):
    from pipelines.sources.comtrade import read as comtrade
    from tests.fixtures.source_server import Trouble, serving
    from tests.sources.test_http import LIMITS

    monkeypatch.setenv("DPRK_COMTRADE_KEY", KEY)

    def body(path, query):
        return comtrade_json([{}]), "application/json"

    one = comtrade.Query("A", ("2016",))
    for trouble in (Trouble.REFUSED, Trouble.ECHO, Trouble.NONE):
        with serving(body, trouble) as server, monkeypatch.context() as patch:
            patch.setattr(comtrade, "default_queries", lambda year: [one])
            patch.setattr(comtrade, "BASE_URL", server.url)
            patch.setattr(comtrade, "LIMITS", LIMITS)
            done = run(
                [["raw", "comtrade"], ["staged", "comtrade"]],
                online=True,
            )
            assert done.success
            assert server.seen[0][2]["ocp-apim-subscription-key"] == KEY
        events = "".join(str(event) for event in done.all_events)
        assert KEY not in events + caplog.text
    assert len(list((tmp_path / "raw" / "comtrade").glob("*.json"))) == 1
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert KEY.encode() not in file.read_bytes(), file


def test_the_real_older_extract_becomes_flows_whole(shared_dir):
    file = shared_dir / "real" / "comtrade" / "hs27_prk_2005_2017.csv"
    put("comtrade", file.read_bytes(), dt.date(2026, 1, 1), file.name, 0)
    assert run().success
    flows = table("facts.trade_flows")
    assert flows.height == 498
    left_out = flows.filter(pl.col("counted_in").is_null())
    assert left_out["flow_code"].unique().to_list() == ["RX"]
    assert left_out.height == 7
    # one chapter is no basket: nothing is claimed about who was meant
    assert flows["p_miscoded"].null_count() == 498
    # chapter 27 is more than coal: it is no statement about coal
    assert table("facts.trade_observations").height == 0


def test_like_coal_of_others_is_a_reference_price_and_no_flow_of_ours():
    coal = {
        "freqCode": "M", "period": "201604", "refMonth": 4, "reporterCode": 156,
        "reporterISO": "CHN", "cmdCode": "270111", "aggrLevel": 6, "flowCode": "M",
    }  # fmt: skip
    sellers = [
        {"partnerCode": 643, "partnerISO": "RUS", "primaryValue": 8e6, "netWgt": 1e8},
        {"partnerCode": 704, "partnerISO": "VNM", "netWgt": 0.0, "qtyUnitCode": -1},
        {"partnerCode": 408, "partnerISO": "PRK", "primaryValue": 6e6, "netWgt": 1e8},
    ]
    answer = comtrade_json([{**coal, **seller} for seller in sellers])
    put("comtrade", answer, dt.date(2026, 1, 1), part="x")
    assert run().success
    found = table("facts.like_coal").select("seller_iso3", "quantity_t", "unit_value_usd_per_t")
    # 8 m USD for 100,000 t; Viet Nam declared no weight, so it has a value and no price
    assert found.rows() == [
        ("PRK", 100_000.0, 60.0),
        ("RUS", 100_000.0, 80.0),
        ("VNM", None, None),
    ]
    prices = table("facts.reference_prices").filter(pl.col("series").str.contains("270111"))
    assert prices.select("series", "price_usd_per_t").rows() == [
        ("CHN_import_270111_from_RUS", 80.0)
    ]
    assert table("facts.trade_flows")["exporter_iso3"].unique().to_list() == ["PRK"]
