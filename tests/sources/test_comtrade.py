"""Comtrade: questions within the caps, rows with their quirks, an empty answer that is no zero."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.quarantine import SourceDrift
from pipelines.sources.comtrade import read as comtrade
from tests.fixtures.samples import COMTRADE_ROW, comtrade_json
from tests.fixtures.source_server import Led, Reply, serving
from tests.sources.test_http import LIMITS


def parse(*rows: dict[str, object]):
    return comtrade.parse_comtrade(comtrade_json(rows), file="answer.json")


def test_a_row_in_our_units():
    row = parse({}).kept.row(0, named=True)
    assert row["quantity_t"] == 2_000.0
    assert row["value_usd"] == 106_000.0
    assert row["period_start_on"] == dt.date(2016, 1, 1)
    assert row["period_end_on"] == dt.date(2016, 12, 31)
    assert (row["reporter_iso3"], row["partner_iso3"], row["hs_code"]) == ("CHN", "PRK", "2701")


def test_a_monthly_row_ends_with_its_month():
    row = parse({"freqCode": "M", "period": "201602", "refMonth": 2}).kept.row(0, named=True)
    assert row["period_end_on"] == dt.date(2016, 2, 29)


def test_an_empty_answer_has_no_rows_and_is_no_zero():
    split = comtrade.parse_comtrade(comtrade_json([]), file="answer.json")
    assert (split.rows_in, split.kept.height, split.quarantined.height) == (0, 0, 0)


@pytest.mark.parametrize(
    ("fields", "tonnes", "basis"),
    [
        ({"netWgt": 0.0, "qty": 0.0, "qtyUnitCode": -1}, None, "missing"),
        ({"netWgt": None, "qty": 5_000.0, "qtyUnitCode": 8}, 5.0, "quantity_kg"),
        ({"netWgt": None, "qty": 5_000.0, "qtyUnitCode": 5}, None, "missing"),
        ({"netWgt": 7_000.0, "isNetWgtEstimated": True}, 7.0, "net_weight_estimated"),
    ],
)
def test_a_missing_quantity_is_null_not_zero(fields, tonnes, basis):
    row = parse(fields).kept.row(0, named=True)
    assert (row["quantity_t"], row["quantity_basis"]) == (tonnes, basis)


def test_booleans_may_be_digits_and_codes_padded():
    row = parse({"isAggregate": 1, "isReported": 0, "partnerISO": "_X "}).kept.row(0, named=True)
    assert (row["is_aggregate"], row["is_reported"], row["partner_iso3"]) == (True, False, "_X")


@pytest.mark.parametrize(
    ("fields", "column"),
    [
        ({"primaryValue": "much"}, "primaryValue"),
        ({"primaryValue": -1.0}, "value_usd"),
        ({"primaryValue": None}, "value_usd"),
        ({"period": "201613"}, "period"),
        ({"partnerCode": "PRK"}, "partnerCode"),
        ({"aggrLevel": 6}, "aggrLevel"),
        ({"cmdCode": "27O1"}, "hs_code"),
        ({"netWgt": {"kg": 5}}, "netWgt"),
    ],
)
def test_a_bad_cell_refuses_its_row_and_is_named(fields, column):
    split = parse({"partnerCode": 410, "partnerISO": "KOR"}, fields)
    assert split.kept["partner_code"].to_list() == [410]
    assert split.rows_quarantined == 1
    assert split.quarantined["line"].to_list() == [2] * split.quarantined.height
    assert column in split.quarantined["column"].to_list()


def test_a_repeated_row_counts_once_and_a_contradicting_one_not_at_all():
    assert parse({}, {}).kept.height == 1
    assert parse({}, {}).quarantined["rule"].to_list() == ["repeated_row"]
    assert parse({}, {"primaryValue": 1.0, "cifvalue": 1.0}).kept.height == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (comtrade_json([{"newField": 1}]), r"not expected: 'newField'"),
        (comtrade_json([{"flowCode": "QQ"}]), r"flowCode holds 'QQ'; expected M, X"),
        (comtrade_json([{"classificationCode": "S4"}]), r"classificationCode holds 'S4'"),
        (
            json.dumps(
                {"count": 1, "data": [{k: v for k, v in COMTRADE_ROW.items() if k != "netWgt"}]}
            ).encode(),
            r"missing: netWgt",
        ),
        (b'{"count": 2, "data": []}', r"counts 2 rows and holds 0"),
        (b'{"count": 0, "data": [], "error": "wrong period"}', r"reports 'wrong period'"),
        (b'{"statusCode": 404, "message": "x"}', r"found an object with message, statusCode"),
        (comtrade_json()[:400], r"not a JSON answer"),
        (b"<html>", r"not a JSON answer"),
    ],
)
def test_drift_shows_expected_and_found(content, message):
    with pytest.raises(SourceDrift, match=message):
        comtrade.parse_comtrade(content, file="answer.json")


def test_json_csv_and_parquet_give_the_same_rows():
    rows = [{}, {"partnerCode": 410, "partnerISO": "KOR", "netWgt": None, "qtyUnitCode": -1}]
    plain = comtrade.parse_comtrade(comtrade_json(rows), file="f").kept
    frame = pl.DataFrame([{**COMTRADE_ROW, **row} for row in rows], infer_schema_length=None)
    csv = comtrade.parse_comtrade_bulk(frame.write_csv().encode(), file="f").kept
    assert csv.drop("line").equals(plain.drop("line"))
    import io

    out = io.BytesIO()
    frame.write_parquet(out)
    packed = comtrade.parse_comtrade_bulk(out.getvalue(), file="f").kept
    assert packed.drop("line").equals(plain.drop("line"))


@settings(max_examples=20, deadline=None)
@given(
    values=st.lists(
        st.tuples(
            st.floats(min_value=0, max_value=1e12),
            st.one_of(st.none(), st.just(0.0), st.floats(min_value=1e-3, max_value=1e12)),
            st.integers(min_value=1, max_value=999),
        ),
        max_size=30,
        unique_by=lambda value: value[2],
    )
)
def test_values_survive_the_parser(values):
    split = parse(
        *({"primaryValue": v, "netWgt": w, "qty": None, "reporterCode": c} for v, w, c in values)
    )
    assert split.rows_in == len(values) == split.kept.height + split.rows_quarantined
    assert split.kept["value_usd"].sum() == pytest.approx(
        sum(v for v, w, _ in values if w is None or w / 1_000 <= 1e10)
    )
    kept = dict(zip(split.kept["reporter_code"], split.kept["quantity_t"], strict=True))
    for _, weight, code in values:
        assert kept[code] == (pytest.approx(weight / 1_000) if weight else None)


@settings(max_examples=20, deadline=None)
@given(
    fields=st.dictionaries(
        st.sampled_from(["primaryValue", "netWgt", "period", "partnerCode", "cmdCode"]),
        st.one_of(st.none(), st.text(max_size=8), st.integers(), st.floats(), st.booleans()),
    )
)
def test_no_cell_is_lost_whatever_it_holds(fields):
    try:
        split = parse({}, {**fields, "reporterCode": 392})
    except SourceDrift:
        return  # NaN and Infinity are not JSON
    assert split.rows_in == 2
    assert split.kept.height + split.rows_quarantined == 2
    assert split.quarantined["line"].n_unique() == split.rows_quarantined


# --- asking


def reporters_rows(query: dict[str, str], months: int = 12) -> list[dict[str, object]]:
    """700 rows a year: more than the preview gives, in every period asked for."""
    periods = query["period"].split(",")
    flows = query["flowCode"].split(",")
    return [
        {
            "freqCode": "M",
            "period": period,
            "refMonth": int(period[4:]),
            "flowCode": flow,
            "reporterCode": code,
            "reporterISO": None,
            "primaryValue": 1.0,
        }
        for period in periods
        for flow in flows
        for code in range(1, 31)
    ]


def answering(rows_of):
    def body(path: str, query: dict[str, str]) -> tuple[bytes, str]:
        cap = int(query["maxRecords"])
        return comtrade_json(rows_of(query)[:cap]), "application/json"

    return body


def months(count: int) -> tuple[str, ...]:
    return tuple(f"2016{month:02d}" for month in range(1, count + 1))


def test_without_a_key_one_period_is_asked_a_call():
    def one_at_a_time(path: str, query: dict[str, str]) -> tuple[bytes, str] | Reply:
        if "," in query["period"]:
            return Reply(400, b'{"error": "one period"}')
        return answering(reporters_rows)(path, query)

    with serving(one_at_a_time) as server:
        fetched = comtrade.fetch_comtrade(
            Led(server=server.url, tight=LIMITS), comtrade.Query("M", months(12)), key=None
        )
    rows = pl.concat(
        [comtrade.parse_comtrade(one.answer.content, file="f").kept for one in fetched]
    )
    assert rows.height == 12 * 2 * 30
    assert rows.drop("line").unique().height == rows.height
    assert [one.query.periods for one in fetched] == [(month,) for month in months(12)]
    assert all("/public/v1/preview/C/M/HS" in path for path, _, _ in server.seen)
    asked = server.seen[0][1]
    assert (asked["partner2Code"], asked["motCode"], asked["customsCode"]) == ("0", "0", "C00")


@pytest.mark.parametrize("counts_all", [False, True])
def test_a_full_preview_is_cut_until_every_answer_is_whole(counts_all):
    """300 rows a flow: both flows fill the cap, whether or not the envelope says how many."""

    def body(path: str, query: dict[str, str]) -> tuple[bytes, str]:
        rows = [
            {"flowCode": flow, "reporterCode": code}
            for flow in query["flowCode"].split(",")
            for code in range(1, 301)
        ]
        answer = json.loads(comtrade_json(rows[: int(query["maxRecords"])]))
        return json.dumps({**answer, "count": len(rows)} if counts_all else answer).encode(), (
            "application/json"
        )

    with serving(body) as server:
        fetched = comtrade.fetch_comtrade(
            Led(server=server.url, tight=LIMITS),
            comtrade.Query("A", ("2016",), ("2701",)),
            key=None,
        )
    assert [one.query.flows for one in fetched] == [("M",), ("X",)]
    kept = [comtrade.parse_comtrade(one.answer.content, file="f").kept.height for one in fetched]
    assert kept == [300, 300]
    assert len(server.seen) == 3


def test_with_a_key_at_most_twelve_periods_go_into_a_call():
    query = comtrade.Query(
        "M", tuple(f"{year}{m:02d}" for year in (2015, 2016) for m in range(1, 13))
    )
    assert [len(one.periods) for one in query.per_call(has_key=True)] == [12, 12]
    assert {len(one.periods) for one in query.per_call(has_key=False)} == {1}


def test_an_address_longer_than_the_door_takes_is_cut_before_it_is_asked():
    codes = tuple(f"{number:06d}" for number in range(270_000, 270_700))
    with serving(answering(lambda query: [])) as server:
        fetched = comtrade.fetch_comtrade(
            Led(server=server.url, tight=LIMITS),
            comtrade.Query("A", ("2016",), codes, ("M",)),
            key="k",
        )
    asked = [code for _, query, _ in server.seen for code in query["cmdCode"].split(",")]
    assert sorted(asked) == sorted(codes)
    assert all(len(one.query.commodities) * 9 < comtrade.MAX_ADDRESS for one in fetched)


def test_a_question_that_cannot_be_cut_is_not_stored_short():
    def too_many(query: dict[str, str]) -> list[dict[str, object]]:
        return [{"reporterCode": 1 + number} for number in range(600)]

    with (
        serving(answering(too_many)) as server,
        pytest.raises(comtrade.ComtradeTruncated, match=r"500 rows of 500.*rows are missing.*key"),
    ):
        comtrade.fetch_comtrade(
            Led(server=server.url, tight=LIMITS),
            comtrade.Query("A", ("2016",), ("2701",), ("M",)),
            key=None,
        )


def test_with_a_key_the_data_address_is_asked_and_the_key_is_a_header():
    with serving(answering(reporters_rows)) as server:
        fetched = comtrade.fetch_comtrade(
            Led(server=server.url, tight=LIMITS), comtrade.Query("M", months(12)), key="s3cr3t"
        )
    path, query, headers = server.seen[0]
    assert path == "/data/v1/get/C/M/HS"
    assert "s3cr3t" not in json.dumps(query)
    assert headers["ocp-apim-subscription-key"] == "s3cr3t"
    assert len(fetched) == 1
    assert "s3cr3t" not in fetched[0].answer.url


def test_halves_ask_the_same_together():
    query = comtrade.Query("A", ("2015", "2016"), ("2701", "270111"), ("M", "X"), (1, 2, 3))
    todo, atoms = [query], []
    while todo:
        one = todo.pop()
        halves = one.halves()
        if halves:
            todo.extend(halves)
        else:
            atoms.append(one)
    asked = {
        (p, c, f, r)
        for a in atoms
        for p in a.periods
        for c in a.commodities
        for f in a.flows
        for r in a.reporters
    }
    assert len(atoms) == len(asked) == 2 * 2 * 2 * 3


def test_the_real_extract_is_kept_whole_and_its_retrade_is_inside_its_imports(shared_dir: Path):
    file = shared_dir / "real" / "comtrade" / "shrimp_tha_2007_2011.json"
    split = comtrade.parse_comtrade(file.read_bytes(), file=file.name)
    assert (split.rows_in, split.kept.height, split.quarantined.height) == (1_586, 1_586, 0)
    assert split.kept.filter(pl.col("partner_iso3") == "PRK").height == 6
    # each re-import equals an import row from the reporter itself
    again = split.kept.filter(pl.col("flow_code") == "RM")
    key = ["period_start_on", "hs_code", "partner_code", "value_usd", "quantity_t"]
    imports = split.kept.filter(pl.col("flow_code") == "M")
    assert again.join(imports, on=key, how="semi").height == again.height == 15


def test_the_real_older_layout_is_kept_whole(shared_dir: Path):
    file = shared_dir / "real" / "comtrade" / "hs27_prk_2005_2017.csv"
    split = comtrade.parse_comtrade_old(file.read_bytes(), file=file.name)
    assert (split.rows_in, split.kept.height, split.quarantined.height) == (498, 498, 0)
    assert split.kept["quantity_t"].null_count() == 498  # weights unusable, said so, not zero
    china = split.kept.filter(
        (pl.col("reporter_iso3") == "CHN")
        & (pl.col("flow_code") == "M")
        & (pl.col("period_start_on") == dt.date(2016, 1, 1))
    )
    assert china["value_usd"].item() == 1_192_866_092
