"""Output of coal and Russian statistics: documented layouts, keys unseen, gaps left gaps."""

from __future__ import annotations

import datetime as dt
import json
import logging
from pathlib import Path

import polars as pl
import pytest

from pipelines.quarantine import SourceDrift
from pipelines.snapshots import SnapshotStore
from pipelines.sources.http import Limits, RequestRefused
from pipelines.sources.kosis_coal import read as kosis
from pipelines.sources.russia_permits import read as russia
from pipelines.warehouse import build_table
from tests.fixtures.source_server import Led, Trouble, serving

KEY = "made-up-kosis-key"
LIMITS = Limits(hosts=frozenset({"127.0.0.1"}), attempts=2, backoff_s=0.01, min_interval_s=0)


def record(**fields: str) -> dict[str, str]:
    return {
        "TBL_ID": "DT_1ZGA61", "TBL_NM": "석탄 생산량", "C1_NM": "북한", "ITM_NM": "석탄 생산량",
        "UNIT_NM": "천 톤", "PRD_SE": "A", "PRD_DE": "2017", "DT": "21,660", **fields,
    }  # fmt: skip


def answer(*records: dict[str, str]) -> bytes:
    return json.dumps(records, ensure_ascii=False).encode()


# --- output


def test_output_is_read_in_tonnes_with_each_korea_apart() -> None:
    records = [record(UNIT_NM="만톤", DT="2166"), record(UNIT_NM="만톤", C1_NM="남한", DT="148.5")]
    split = kosis.parse(answer(*records, record(PRD_DE="2018", DT="18,080")), "a.json")
    assert split.kept.select("year", "place", "output_t").rows() == [
        (2017, "PRK", 21_660_000.0),
        (2017, "KOR", 1_485_000.0),
        (2018, "PRK", 18_080_000.0),
    ]


def test_a_year_without_a_number_has_none_and_other_goods_are_refused() -> None:
    split = kosis.parse(
        answer(record(DT="-"), record(TBL_NM="광물", ITM_NM="철광석"), record(C1_NM="세계")), "a"
    )
    assert split.kept["output_t"].to_list() == [None]
    assert split.rows_in == 3
    assert split.quarantined["rule"].to_list() == ["coal_of_either_korea"] * 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (answer(record(UNIT_NM="배럴")), "unit '배럴'"),
        (answer(record(TBL_ID="DT_OTHER")), "of table DT_OTHER"),
        (b'{"err": "11", "errMsg": "no"}', "error 11"),
        (answer({"TBL_ID": "DT_1ZGA61", "UNIT_NM": "톤"}), "no record has ITM_NM, PRD_DE, DT"),
        (b"[", "neither whole JSON"),
    ],
)
def test_what_is_not_the_table_stops(content, message) -> None:
    with pytest.raises(SourceDrift, match=message):
        kosis.parse(content, "a")


def test_the_carried_press_figures_are_the_documented_layout() -> None:
    content, name, _ = kosis.embedded()
    split = kosis.parse(content, name)
    assert split.rows_quarantined == 0
    both = split.kept.filter(pl.col("year") == 2016).select("origin", "output_t").rows()
    # the two institutes differ by 7 Mt, which the ledger must show and not average
    assert both == [("statistics-korea", 31_060_000.0), ("nk-resources-institute", 38_287_000.0)]
    assert set(split.kept.filter(pl.col("basis") == "derived")["year"]) == {2016, 2020, 2022}


def test_the_key_goes_into_the_question_and_nowhere_else(tmp_path: Path, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    store = SnapshotStore(tmp_path)
    with serving(lambda path, query: (answer(record()), "application/json")) as server:
        done = kosis.refresh(store, Led(server=server.url, tight=LIMITS), KEY)
    assert done.stored == 1
    assert server.seen[0][1]["apiKey"] == KEY
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert KEY.encode() not in kept
    assert KEY not in caplog.text


@pytest.mark.parametrize("trouble", [Trouble.REFUSED, Trouble.ECHO, Trouble.FAILING])
def test_the_key_is_in_no_message_either(tmp_path: Path, caplog, trouble) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(lambda path, query: (answer(record()), "application/json"), trouble) as server:
        done = kosis.refresh(SnapshotStore(tmp_path), Led(server=server.url, tight=LIMITS), KEY)
    assert not done.is_complete
    assert KEY not in done.outcome + caplog.text


def test_an_error_told_in_a_good_answer_is_an_error() -> None:
    with (
        serving(lambda path, query: (b'{"err": "10"}', "application/json")) as server,
        pytest.raises(RequestRefused, match=r"error 10; check the key \(DPRK_KOSIS_KEY\)"),
    ):
        kosis.fetch_output(Led(server=server.url, tight=LIMITS), KEY)


# --- Russian statistics

HEADER = ",".join(russia.COLUMNS)


def typed(*lines: str) -> bytes:
    return "\n".join([HEADER, *lines]).encode()


def test_quarters_and_running_totals_have_their_windows() -> None:
    split = russia.parse(
        typed(
            "entries,2024,2,quarter,PRK,work,15,s,https://e.org/,t1",
            "entries,2024,Q3,year_to_date,prk,Учёба,1 250,s,https://e.org/,t2",
            "permits_valid,2024,1,quarter,PRK,total,9,s,https://e.org/,t3",
        ),
        "f.csv",
    )
    assert split.kept.select("purpose", "window_start_on", "window_end_on", "persons").rows() == [
        ("work", dt.date(2024, 4, 1), dt.date(2024, 6, 30), 15),
        ("study", dt.date(2024, 1, 1), dt.date(2024, 9, 30), 1_250),
        ("total", dt.date(2024, 3, 31), dt.date(2024, 3, 31), 9),
    ]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("entries,2024,5,quarter,PRK,work,15,s,https://e.org/,t", "window_end_on"),
        ("entries,2024,1,quarter,PRK,work,about 15,s,https://e.org/,t", "persons"),
        ("entries,2024,1,quarter,PRK,work,,s,https://e.org/,t", "persons"),
        ("entries,2024,1,half,PRK,work,15,s,https://e.org/,t", "covers"),
        ("entries,2024,1,quarter,PRK,labour,15,s,https://e.org/,t", "purpose"),
        ("visas,2024,1,quarter,PRK,work,15,s,https://e.org/,t", "measure"),
        ("entries,2024,1,quarter,PRK,work,15,,https://e.org/,t", "source_id"),
    ],
)
def test_a_row_that_says_something_else_is_refused_and_named(line, column) -> None:
    split = russia.parse(typed(line, "entries,2023,1,quarter,PRK,work,1,s,https://e.org/,t"), "f")
    assert split.kept.height == 1
    assert column in split.quarantined["column"].to_list()


def test_a_spreadsheet_s_semicolons_and_encoding_are_read() -> None:
    line = "entries;2024;1;quarter;PRK;работа;10;s;https://e.org/;стр. 3"
    content = "\n".join([HEADER.replace(",", ";"), line]).encode("cp1251")
    assert russia.recognise(content)
    assert russia.parse(content, "f").kept["purpose"].to_list() == ["work"]


# --- in the ledger's columns


@pytest.fixture
def ledger(connection):
    connection.execute("create schema if not exists staged")
    connection.execute("create schema if not exists facts")

    def build(lines: bytes = typed(), prices: str = "") -> list[dict[str, object]]:
        at = pl.lit(dt.datetime(2026, 1, 1))  # noqa: DTZ001 (naive, as tables hold it)
        stamp = {"file": pl.lit("f"), "snapshot_sha256": pl.lit("h"), "retrieved_at": at}
        flows = russia.parse(lines, "f").kept.with_columns(**stamp)
        output = kosis.parse(kosis.embedded()[0], "f").kept.with_columns(**stamp)
        connection.register("flows", flows.to_arrow())
        connection.register("output", output.to_arrow())
        connection.execute("create or replace table staged.russia_permits as from flows")
        connection.execute("create or replace table staged.kosis_coal as from output")
        connection.execute(
            "create or replace table staged.nbs_prices as select * from (values "
            "('CHN_anthracite', date '2024-01-01', 700.0, '吨', 'a', timestamp '2026-01-01'),"
            "('CHN_anthracite', date '2024-01-21', 756.0, '吨', 'c', timestamp '2026-01-01'),"
            "('CHN_anthracite', date '2024-03-01', 800.0, '吨', 'd', timestamp '2026-01-01'),"
            "(null, date '2024-01-01', 9.0, '吨', 'a', timestamp '2026-01-01')) "
            "as t(series, period_start_on, price_yuan, unit, file, retrieved_at)"
        )
        connection.execute(
            "create or replace table staged.fx_monthly as select * from (values "
            "('CNY', date '2024-01-01', 7.0), ('CNY', date '2024-03-01', null)) "
            "as t(currency, month, per_usd)"
        )
        build_table(connection, "facts.source_observations")
        return connection.execute("from facts.source_observations").pl().to_dicts()

    return build


def test_prices_are_the_mean_of_the_periods_published_at_the_month_s_rate(ledger) -> None:
    found = [one for one in ledger() if one["quantity"] == "reference_price_usd_per_t"]
    # (700 + 756) / 2 / 7; no rate for March, so no price
    assert [(one["sector"], one["central"]) for one in found] == [
        ("anthracite", pytest.approx(104))
    ]
    assert found[0]["locator"] == "2 of 3 ten-day periods: a, c"


def test_derived_output_is_held_back(ledger) -> None:
    found = {one["observation_id"]: one for one in ledger() if one["quantity"] == "output_t"}
    assert len(found) == 12
    assert found["output-statistics-korea-2017"]["held_back"] is None
    assert found["output-statistics-korea-2016"]["held_back"] == "derived"


def test_a_quarter_is_taken_out_of_a_running_total_only_where_the_one_before_stands(ledger) -> None:
    lines = typed(
        "entries,2024,1,quarter,PRK,total,100,s,https://e.org/,q1",
        "entries,2024,2,year_to_date,PRK,total,250,s,https://e.org/,h1",
        "entries,2024,4,year_to_date,PRK,total,900,s,https://e.org/,year",
        "entries,2023,1,quarter,PRK,total,80,s,https://e.org/,q1",
        "entries,2023,2,year_to_date,PRK,total,70,s,https://e.org/,revised",
        "entries,2024,1,quarter,KOR,total,5,s,https://e.org/,q1",
    )
    found = [one for one in ledger(lines) if one["quantity"] == "border_entries"]
    told = {
        (one["window_start_on"], one["window_end_on"]): (one["central"], one["held_back"])
        for one in found
    }
    assert told == {
        (dt.date(2024, 1, 1), dt.date(2024, 3, 31)): (100.0, None),
        (dt.date(2024, 4, 1), dt.date(2024, 6, 30)): (150.0, None),
        # nine months stand nowhere: the year stays whole, no quarter is made up
        (dt.date(2024, 1, 1), dt.date(2024, 12, 31)): (900.0, None),
        (dt.date(2023, 1, 1), dt.date(2023, 3, 31)): (80.0, None),
        (dt.date(2023, 1, 1), dt.date(2023, 6, 30)): (70.0, None),
    }


def test_parts_by_purpose_are_never_added_to_their_whole(ledger) -> None:
    lines = typed("entries,2024,1,quarter,PRK,work,10,s,https://e.org/,q1")
    (row,) = [one for one in ledger(lines) if one["quantity"] == "border_entries"]
    assert row["held_back"] == "subtotal"
