"""China customs, BACI, Pink Sheet and ECB files: quirks, drift, and nothing lost."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path

import httpx
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.quarantine import SourceDrift
from pipelines.sources.baci.read import edition_of, parse_baci
from pipelines.sources.baci.read import parse as parse_baci_file
from pipelines.sources.china_customs.read import flow_of_name
from pipelines.sources.china_customs.read import parse as parse_china_customs
from pipelines.sources.ecb_fx.read import embedded, monthly_rates
from pipelines.sources.ecb_fx.read import parse as parse_ecb
from pipelines.sources.http import Fetcher
from pipelines.sources.pink_sheet.read import URL, workbook_address
from pipelines.sources.pink_sheet.read import edition_of as sheet_date
from pipelines.sources.pink_sheet.read import parse as parse_pink_sheet
from tests.fixtures.samples import (
    BACI_NAME,
    CHINA_ENGLISH_HEADER,
    CHINA_HEADER,
    ECB_HEADER,
    baci_csv,
    china_customs_csv,
    ecb_zip,
    pink_sheet_xlsx,
)

LINK = b"0123abcd-0050012027"
WORKBOOK = "CMO-Historical-Data-Monthly.xlsx"

# --- China customs


def china(*lines: str, file: str = "import_2701.csv", **more):
    return parse_china_customs(china_customs_csv(lines, **more), file=file)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig"])
def test_china_customs_in_both_encodings(encoding):
    line = '201608,27011100,无烟煤,109,朝鲜,"2,465,000\t",千克,-,-,"112,233"'
    row = china(line, encoding=encoding).kept.row(0, named=True)
    assert row["quantity_t"] == 2_465.0
    assert row["value"] == 112_233.0
    assert (row["partner_iso3"], row["currency"], row["flow_code"]) == ("PRK", "USD", "M")
    assert row["period_end_on"] == dt.date(2016, 8, 31)


def test_china_customs_with_an_english_header():
    row = china(
        '201608,27011100,Anthracite,109,"Korea, DPR",1000,Kilogram,-,-,50',
        header=CHINA_ENGLISH_HEADER,
        encoding="utf-8",
    ).kept.row(0, named=True)
    assert (row["partner_iso3"], row["quantity_t"]) == ("PRK", 1.0)


def test_the_other_korea_is_not_taken_for_north_korea():
    kept = china(
        "201608,27011100,无烟煤,133,韩国,1000,千克,-,-,50",
        "201608,27011100,无烟煤,109,朝鲜,2000,千克,-,-,60",
    ).kept
    assert kept["partner_iso3"].to_list() == ["KOR", "PRK"]


def test_a_dash_is_a_declared_zero():
    row = china("201709,27011100,无烟煤,109,朝鲜,-,千克,-,-,-").kept.row(0, named=True)
    assert (row["quantity_t"], row["value"], row["is_declared_zero"]) == (0.0, 0.0, True)


def test_yuan_stays_yuan():
    header = CHINA_HEADER.replace("美元", "人民币")
    row = china("201608,27011100,无烟煤,109,朝鲜,1000,千克,-,-,330", header=header).kept.row(
        0, named=True
    )
    assert (row["value"], row["currency"]) == (330.0, "CNY")


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("2016-08,27011100,无烟煤,109,朝鲜,1000,千克,-,-,50", "month"),
        ("201608,27O11100,无烟煤,109,朝鲜,1000,千克,-,-,50", "hs_code"),
        ('201608,27011100,无烟煤,109,朝鲜,"1,00,0",千克,-,-,50', "quantity_1"),
        ("201608,27011100,无烟煤,109,朝鲜,1000,千克,-,-,about 50", "usd"),
        ("201608,27011100,无烟煤,109,朝鲜,1000,千克,-,-", "(row)"),
        ("201608,27011100,无烟煤,109,,1000,千克,-,-,50", "partner_name"),
    ],
)
def test_china_customs_refuses_a_bad_row_by_line(line, column):
    good = "201607,27011100,无烟煤,109,朝鲜,1000,千克,-,-,50"
    split = china(good, line)
    assert split.kept["line"].to_list() == [2]
    assert (split.rows_in, split.rows_quarantined) == (2, 1)
    assert split.quarantined["line"].unique().to_list() == [3]
    assert column in split.quarantined["column"].to_list()


@pytest.mark.parametrize(
    ("header", "line", "file", "message"),
    [
        (
            CHINA_HEADER.replace("商品编码", "商品号"),
            "",
            "import.csv",
            r"missing: 商品编码.*'商品号'",
        ),
        (CHINA_HEADER.replace("数据年月,", ""), "", "import.csv", r"Tick 'by month'"),
        (CHINA_HEADER + ",净重", "", "import.csv", r"not expected: '净重'"),
        (CHINA_HEADER.replace("美元", "欧元"), "", "import.csv", r"美元 or 人民币"),
        (
            CHINA_HEADER,
            "201608,27011100,无烟煤,109,朝鲜,9,桶,-,-,5",
            "import.csv",
            r"'桶'.*expected",
        ),
        (CHINA_HEADER, "", "coal.csv", r"imports or exports"),
    ],
)
def test_china_customs_drift_shows_expected_and_found(header, line, file, message):
    with pytest.raises(SourceDrift, match=message):
        china(*([line] if line else []), header=header, file=file)


def test_an_export_at_the_cap_warns_that_rows_may_be_missing():
    lines = [f"201608,{27011100 + n},煤,109,朝鲜,1000,千克,-,-,50" for n in range(10_000)]
    split = china(*lines)
    assert split.kept.height == 10_000
    assert split.quarantined.select("line", "rule").rows() == [(0, "export_cap")]


@pytest.mark.parametrize(
    ("name", "flow"),
    [
        ("import_2016.csv", "M"),
        ("2016年进口煤.csv", "M"),
        ("Exports-2016.csv", "X"),
        ("important.csv", None),
        ("import_export.csv", None),
    ],
)
def test_the_direction_from_the_name(name, flow):
    assert flow_of_name(name) == flow


@settings(max_examples=30, deadline=None)
@given(
    amounts=st.lists(
        st.tuples(st.integers(0, 10**12), st.integers(0, 10**11), st.booleans()), max_size=25
    ),
    ends=st.sampled_from(["\n", "\r\n"]),
    pad=st.sampled_from(["", "\t", " \t "]),
)
def test_china_customs_amounts_survive(amounts, ends, pad):
    lines = [
        f'2016{1 + n % 12:02d},{27011100 + n},煤,109,朝鲜,"{kg:,}{pad}",千克,-,-,"{usd:,}"'
        if grouped
        else f"2016{1 + n % 12:02d},{27011100 + n},煤,109,朝鲜,{kg}{pad},千克,-,-,{usd}"
        for n, (kg, usd, grouped) in enumerate(amounts)
    ]
    content = (ends.join([CHINA_HEADER, *lines]) + ends).encode("gb18030")
    split = parse_china_customs(content, file="进口.csv")
    assert split.rows_in == split.kept.height == len(amounts)
    assert split.kept.sort("line")["quantity_t"].to_list() == pytest.approx(
        [kg / 1_000 for kg, _, _ in amounts]
    )
    assert split.kept.sort("line")["value"].to_list() == [float(usd) for _, usd, _ in amounts]


cells_of_any_kind = st.text(
    st.characters(exclude_characters="\n\r", exclude_categories=("Cs",)), max_size=12
)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(cells_of_any_kind, min_size=1, max_size=12), max_size=8))
def test_china_customs_loses_no_row(rows):
    good = "201607,27011100,无烟煤,109,朝鲜,1000,千克,-,-,50"
    lines = [good, *(",".join(row) for row in rows)]
    try:
        split = parse_china_customs("\n".join([CHINA_HEADER, *lines]).encode(), file="import.csv")
    except SourceDrift:
        return
    assert split.rows_in == sum(1 for line in lines if line.strip())
    assert split.quarantined["line"].n_unique() == split.rows_quarantined


# --- BACI


def test_baci_in_dollars_and_tonnes_and_codes_keep_their_zeros():
    split, outside = parse_baci(
        baci_csv(["2016,408,156,270111,100.0,   2000.5", "2016,4,842,010121,1.5,    NA"]),
        file=BACI_NAME,
    )
    assert split.kept.select("hs_code", "value_usd", "quantity_t").rows() == [
        ("270111", 100_000.0, 2000.5),
        ("010121", 1_500.0, None),
    ]
    assert outside == 0


def test_baci_rows_of_other_pairs_are_out_of_scope_not_refused():
    content = baci_csv(["2016,408,156,270111,1,1", "2016,4,842,010121,1,1", "2016,4,842,01,1,1"])
    split, outside = parse_baci(content, file=BACI_NAME, party=408)
    assert (split.rows_in, split.kept.height, split.rows_quarantined, outside) == (2, 1, 1, 1)
    assert split.quarantined["line"].to_list() == [4]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("2016,408,156,270111,x,1", "v"),
        ("2016,408,156,270111,1,lots", "q"),
        ("2016,408,156,270111,-1,1", "value_usd"),
        ("2016,408,,270111,1,1", "importer_code"),
        ("2016,408,156,270111,1", "(row)"),
        ("2016,408,156,270111,1,1,1", "(row)"),
        ("2016.5,408,156,270111,1,1", "t"),
    ],
)
def test_baci_refuses_a_bad_row_by_line(line, column):
    split, _ = parse_baci(baci_csv(["2016,408,842,270111,1,1", line]), file=BACI_NAME)
    assert (split.rows_in, split.kept.height, split.rows_quarantined) == (2, 1, 1)
    assert split.quarantined["line"].unique().to_list() == [3]
    assert column in split.quarantined["column"].to_list()


def test_baci_contradicting_rows_are_both_refused():
    split, _ = parse_baci(
        baci_csv(["2016,408,156,270111,1,1", "2016,408,156,270111,2,1", "2016,4,8,270111,1,1"]),
        file=BACI_NAME,
    )
    assert split.kept["exporter_code"].to_list() == [4]
    assert split.quarantined["line"].to_list() == [2, 3]


def test_baci_drift_shows_expected_and_found():
    with pytest.raises(SourceDrift, match=r"missing: q.*not expected: 'w'"):
        parse_baci(b"t,i,j,k,v,w\n", file=BACI_NAME)
    with pytest.raises(SourceDrift, match="BACI_HS92"):
        edition_of("baci2016.csv")
    assert edition_of(BACI_NAME).hs_edition == "HS92"


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 999),
            st.integers(0, 999_999),
            st.floats(0, 1e9),
            st.one_of(st.none(), st.floats(0, 1e9)),
        ),
        max_size=40,
        unique_by=lambda row: row[:2],
    )
)
def test_baci_values_survive(rows):
    content = baci_csv(
        f"2016,408,{j},{k:06d},{v!r},{'   NA' if q is None else f' {q!r}'}" for j, k, v, q in rows
    )
    split, _ = parse_baci(content, file=BACI_NAME)
    assert split.rows_in == split.kept.height == len(rows)
    assert split.kept["hs_code"].to_list() == [f"{k:06d}" for _, k, _, _ in rows]
    assert split.kept["value_usd"].to_list() == pytest.approx([v * 1_000 for _, _, v, _ in rows])
    assert split.kept["quantity_t"].to_list() == [
        None if q is None else pytest.approx(q) for *_, q in rows
    ]


# --- Pink Sheet


@pytest.mark.parametrize("has_codes", [False, True])
def test_pink_sheet_in_both_layouts(has_codes):
    content = pink_sheet_xlsx(has_codes=has_codes)
    split = parse_pink_sheet(content, file="cmo.xlsx")
    assert split.kept.drop("line").rows() == [
        (dt.date(2016, 1, 1), 49.02, 50.1),
        (dt.date(2016, 2, 1), 50.9, None),
    ]
    assert split.kept["line"].to_list() == ([8, 9] if has_codes else [7, 8])
    assert sheet_date(content, file="cmo.xlsx") == dt.date(2016, 6, 2)


def test_pink_sheet_columns_may_move():
    content = pink_sheet_xlsx(
        names=("Crude oil, Brent", "Coal, South African **", "Zinc", "Coal, Australian"),
        rows=[("2016M01", 30.8, 50.1, 1500.0, 49.02)],
    )
    row = parse_pink_sheet(content, file="cmo.xlsx").kept.row(0, named=True)
    assert (row["coal_australian_usd_per_t"], row["coal_south_african_usd_per_t"]) == (49.02, 50.1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sheet": "Prices"}, r"expected a sheet 'Monthly Prices'; found 'Prices', 'Description'"),
        ({"unit": "($/st)"}, r"\(\$/st\), expected \(\$/mt\)"),
        (
            {"names": ("Crude oil, Brent", "Coal, Australian", "Coal, Colombian")},
            r"missing coal, south african; coal columns found: Coal, Australian, Coal, Colombian",
        ),
        ({"rows": [("Jan 2016", 1, 2, 3)]}, r"no month such as 1960M01"),
    ],
)
def test_pink_sheet_drift_shows_expected_and_found(change, message):
    with pytest.raises(SourceDrift, match=message):
        parse_pink_sheet(pink_sheet_xlsx(**change), file="cmo.xlsx")


def test_pink_sheet_refuses_a_bad_cell_by_sheet_row():
    split = parse_pink_sheet(
        pink_sheet_xlsx(
            rows=[("2016M01", 1, 49.0, 50.0), ("2016M02", 1, "n/a", 50.0), ("2016M13", 1, 49, 50)]
        ),
        file="cmo.xlsx",
    )
    assert (split.rows_in, split.kept.height, split.rows_quarantined) == (3, 1, 2)
    assert split.quarantined.select("line", "column").rows() == [
        (8, "coal_australian_usd_per_t"),
        (9, "month"),
    ]


def test_a_formula_is_not_computed():
    split = parse_pink_sheet(
        pink_sheet_xlsx(rows=[("2016M01", 1, 49.0, 50.0), ("2016M02", 1, "=1+1", 50.0)]),
        file="cmo.xlsx",
    )
    # the file holds no stored value for the formula, so the price is missing
    assert split.kept["coal_australian_usd_per_t"].to_list() == [49.0, None]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.floats(0.01, 1_999), st.floats(0.01, 1_999)), min_size=1, max_size=30))
def test_pink_sheet_prices_survive(prices):
    rows = [(f"{2000 + n // 12}M{n % 12 + 1:02d}", 1.0, a, s) for n, (a, s) in enumerate(prices)]
    kept = parse_pink_sheet(pink_sheet_xlsx(rows=rows), file="cmo.xlsx").kept
    assert kept["coal_australian_usd_per_t"].to_list() == pytest.approx([a for a, _ in prices])
    assert kept["coal_south_african_usd_per_t"].to_list() == pytest.approx([s for _, s in prices])


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 300_000_000)
    return out.getvalue()


def escaping() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../../etc/passwd", b"x")
    return out.getvalue()


@pytest.mark.parametrize("parse", [parse_pink_sheet, parse_ecb])
def test_bombs_and_escaping_archives_are_refused(parse):
    with pytest.raises(SourceDrift, match="unpacks to more than"):
        parse(bomb(), file="x")
    with pytest.raises(SourceDrift, match="leave its folder"):
        parse(escaping(), file="x")


def test_an_entity_in_a_workbook_is_not_expanded():
    source = zipfile.ZipFile(io.BytesIO(pink_sheet_xlsx()))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + content
            target.writestr(name, content)
    with pytest.raises(SourceDrift, match="not a readable workbook"):
        parse_pink_sheet(out.getvalue(), file="cmo.xlsx")


def test_both_real_editions_of_the_pink_sheet(shared_dir: Path):
    def read(edition: str):
        file = shared_dir / "real" / "prices" / f"CMO-Historical-Data-Monthly_{edition}.xlsx"
        return parse_pink_sheet(file.read_bytes(), file=file.name)

    november, june = read("2025-11"), read("2026-06")
    assert (november.rows_in, november.kept.height, november.quarantined.height) == (790, 790, 0)
    assert (june.rows_in, june.kept.height, june.quarantined.height) == (797, 797, 0)
    both = november.kept.join(june.kept, on="month", suffix="_june")
    change = (both["coal_australian_usd_per_t"] - both["coal_australian_usd_per_t_june"]).abs()
    assert change.drop_nulls().quantile(0.95) <= 0.01  # the later edition is rounded
    last = june.kept.row(-1, named=True)
    assert (last["month"], last["coal_australian_usd_per_t"]) == (dt.date(2026, 5, 1), 136.86)


# --- ECB


def test_ecb_rates_cross_to_dollars_and_the_rouble_gap_says_so():
    split = parse_ecb(ecb_zip(), file="eurofxref-hist.zip")
    assert (split.rows_in, split.kept.height) == (3, 3)
    monthly = monthly_rates(split.kept)
    rouble = monthly.filter(pl.col("currency") == "RUB")
    assert rouble["per_usd"].to_list() == pytest.approx([115.4842 / 1.1199, 117.201 / 1.1162])
    later = ecb_zip(["2022-04-01,1.1,130.0,7.0,8.7,1340.0,N/A,", "2022-03-01,1,1,1,1,1,117.2,"])
    gap = monthly_rates(parse_ecb(later, file="x").kept).filter(pl.col("currency") == "RUB")
    assert gap.select("per_usd", "n_days", "reason_missing").rows() == [
        (117.2, 1, None),
        (None, 0, "the ECB has quoted no rate since 2022-03-01"),
    ]


def test_the_embedded_rates_are_whole_and_end_the_rouble_in_march_2022():
    content, name = embedded()
    split = parse_ecb(content, file=name)
    assert split.quarantined.height == 0
    monthly = monthly_rates(split.kept)
    quoted = monthly.filter((pl.col("currency") == "RUB") & pl.col("per_usd").is_not_null())
    assert quoted["month"].max() == dt.date(2022, 3, 1)
    yuan = monthly.filter((pl.col("currency") == "CNY") & (pl.col("month") == dt.date(2016, 8, 1)))
    assert 6.5 < yuan["per_usd"].item() < 6.8


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (ECB_HEADER.replace("CNY", "CNH"), "missing: CNY"),
        (ECB_HEADER.replace("JPY", "Yen"), "not a currency: 'Yen'"),
        (ECB_HEADER.replace("JPY", "USD"), "given twice: USD"),
    ],
)
def test_ecb_drift_shows_expected_and_found(header, message):
    with pytest.raises(SourceDrift, match=message):
        parse_ecb(ecb_zip(header=header), file="x")
    with pytest.raises(SourceDrift, match=r"holds other.csv; expected eurofxref-hist.csv"):
        parse_ecb(ecb_zip(member="other.csv"), file="x")


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0.5, 2), st.one_of(st.none(), st.floats(1, 200))),
        min_size=1,
        max_size=40,
    )
)
def test_ecb_means_are_means_of_crosses(rates):
    start = dt.date(2010, 1, 1)
    lines = [
        f"{start + dt.timedelta(days=n)},{usd!r},1,7,1,1,{'N/A' if rub is None else repr(rub)},"
        for n, (usd, rub) in enumerate(rates)
    ]
    monthly = monthly_rates(parse_ecb(ecb_zip(lines), file="x").kept)
    january = [rub / usd for usd, rub in rates[:31] if rub is not None]
    found = monthly.filter((pl.col("currency") == "RUB") & (pl.col("month") == start))
    if january:
        assert found["per_usd"].item() == pytest.approx(sum(january) / len(january))
        assert found["n_days"].item() == len(january)


def test_a_baci_zip_is_read_year_by_year():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("BACI_HS92_Y2015_V202401.csv", baci_csv(["2015,408,156,270111,1,1"]))
        archive.writestr("BACI_HS92_Y2016_V202401.csv", baci_csv(["2016,4,8,270111,1,1", "x"]))
        archive.writestr("country_codes_V202401.csv", "country_code\n")
    split = parse_baci_file(out.getvalue(), file="BACI_HS92_V202401.zip")
    assert split.kept["year"].to_list() == [2015]
    assert (split.rows_in, split.rows_quarantined) == (2, 1)
    assert split.quarantined["file"].to_list() == ["BACI_HS92_Y2016_V202401.csv"]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b'<a href="%s">Monthly prices</a>' % LINK, "new"),
        (b"<html>moved</html>", "known"),
        (b'<a href="https://evil.example/CMO-Historical-Data-Monthly.xlsx">', "known"),
        (None, "known"),
    ],
)
def test_the_workbook_is_found_on_the_banks_page(page, expected):
    new = f"https://thedocs.worldbank.org/en/doc/{LINK.decode()}/related/{WORKBOOK}"

    def respond(request: httpx.Request) -> httpx.Response:
        if page is None:
            return httpx.Response(404)
        html = page.replace(LINK, new.encode())
        return httpx.Response(200, content=html, headers={"Content-Type": "text/html"})

    fetcher = Fetcher(transport=httpx.MockTransport(respond), sleep=lambda _: None)
    address, doubt = workbook_address(fetcher)
    assert address == (new if expected == "new" else URL)
    assert bool(doubt) is (expected == "known")
