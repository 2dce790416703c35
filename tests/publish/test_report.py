"""Pages of a small world: the answer, what its width rests on, how it was tested, hostile text."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import duckdb
import pytest

from pipelines.paths import SQL_DIR
from pipelines.publish.contract import load_contract
from pipelines.publish.release import publish
from pipelines.publish.site import charts, helpers, words
from pipelines.publish.site.build import PageError, write_site
from pipelines.publish.vintages import Chronicle, MadeFrom
from pipelines.warehouse import build_table
from tests.publish import world
from tests.publish.reading import Page, pages_of

SCRIPT = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
BUILT = (
    "evidence_by_component",
    "income_annual",
    "income_monthly",
    "streams",
    "stream_measures",
    "income_draws",
    "readings",
    "backtest_scores",
)


def build_release(connection: duckdb.DuckDBPyConnection, place: Path) -> Path:
    """A release of the small world; every table that it does not fill is there and empty."""
    world.build(connection)
    connection.execute("update estimates.income_draws set usd = usd * 1e6")
    connection.execute(
        """
        create table estimates.readings as
        select * from (values
            ('ore', 2021::bigint, 'all', 1e8, 3e8, 5e8),
            ('ore', 2021, 'without desk', 1e8, 2e8, 7e8),
            ('ore', 2020, 'without desk', 1e6, 2e6, 3e6)
        ) as rows(stream, year, reading, q05, q50, q95);
        create table estimates.backtest_scores as
        select
            'ore' as stream, test, era, 'export_t' as quantity, model, n,
            0 as n_not_made, n_roots, 0.1 as crps, wis, 0.5 as coverage_50, 0.4 as coverage_50_low,
            0.6 as coverage_50_high, 0.8 as coverage_80, 0.7 as coverage_80_low,
            0.9 as coverage_80_high, 0.7 as coverage_90, 0.5 as coverage_90_low,
            0.8 as coverage_90_high,
            case when n_roots < 8 then 'too few to judge' else 'too narrow' end as verdict,
            timestamp '2026-01-01' as scored_at, false as is_embedded, true as is_current
        from (values
            ('leave_one_root_out', 'after_ban', 'density', 9::bigint, 9::bigint, 0.4),
            ('leave_one_root_out', 'after_ban', 'last_value', 9, 9, 0.3),
            ('leave_one_root_out', 'after_ban', 'plain', 4, 9, 0.1),
            ('leave_one_year_out', 'after_ban', 'density', 9, 7, 0.4),
            ('leave_one_year_out', 'after_ban', 'last_value', 9, 7, 0.3)
        ) as rows(test, era, model, n, n_roots, wis);
        """
    )
    build_table(connection, "estimates.total_draws")
    for name in BUILT:
        build_table(connection, f"published.{name}")
    contract = load_contract()
    for name, table in contract.items():
        columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
        connection.execute(f'create table if not exists published."{name}" ({columns})')
    connection.execute(
        """
        insert into published.claims by name
        select 'ore' as stream, 'c1' as claim_id, $script as words, 'kept_usd' as measure,
            'USD' as unit, 'above the interval' as verdict, 'WLD' as counterpart_iso3,
            date '2021-01-01' as window_start_on, date '2021-12-31' as window_end_on,
            1e9 as low, 1e8 as q05, 3e8 as q50, 5e8 as q95, 1.0 as low_quantile,
            'javascript:alert(3)' as source_url, $script as source_title
        """,
        {"script": f"a billion a year {SCRIPT}"},
    )
    connection.execute(
        """
        insert into published.figures by name
        select 'ore' as stream, 'fig-' || n as observation_id, 'export_usd' as quantity,
            'unsaid' as concept, 'WLD' as counterpart_iso3, 'usd_total' as kind, 'USD' as unit,
            'whole' as coverage, 'desk' as class, 'root' as root_id, 'origin' as origin_id,
            date '2021-01-01' as window_start_on, date '2021-12-31' as window_end_on,
            central, n = 1 as is_used, $script as locator,
            case when n = 2 then 'told twice' end as reason_not_used,
            'https://example.org/' || n as source_url, 'A report' as source_title,
            timestamp '2026-01-01' as retrieved_at
        from (values (1, 3e8), (2, 9e8)) as rows(n, central)
        """,
        {"script": SCRIPT},
    )
    connection.execute(
        """
        insert into published.chinese_banks by name
        select 'b' as row_id, 'b' as bank_id, $script as bank_name, 'city_commercial' as tier,
            'finding by X; subpoenaed by Y' as standing, true as has_finding, 0.0 as documented_usd,
            2012::bigint as first_year, 2017::bigint as last_year, 0::bigint as n_fronts,
            2::bigint as n_documents, $script as documents, $script as not_known
        """,
        {"script": SCRIPT},
    )
    history = ", ".join(
        f"null::{column.type} as {column.name}" for column in contract["releases"].columns
    )
    release = connection.sql(
        f"select * replace (1::bigint as sequence, 'r1' as release_id, 4::bigint as draws, "
        f"date '2021-12-01' as last_month, "
        f"timestamp '2026-01-01' as published_at, 'nothing' as what_changed) "
        f"from (select {history})"
    ).pl()
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    told = Chronicle(1, "r1", "r1", at, MadeFrom(), {}, place, {"releases": release}, {})
    publish(connection, contract, place, history=lambda _: told, pages=write_site)
    return place


@pytest.fixture(scope="module")
def release(tmp_path_factory) -> Path:
    with duckdb.connect() as connection:
        for schema in ("estimates", "published", "facts", "staged", "network", "shipping"):
            connection.execute(f"create schema {schema}")
        return build_release(connection, tmp_path_factory.mktemp("site") / "published")


@pytest.fixture(scope="module")
def pages(release) -> dict[str, Page]:
    return {page.path.name: page for page in pages_of(release)}


def test_the_answer_stands_in_the_first_two_sentences(pages):
    # all streams of 2020 and 2021: ore's worlds of 120, 240, 360, 480 million; work adds in 2020
    front = pages["report.html"]
    assert "North Korea took in about USD 300 million in 2021 from ore sold" in front.text
    assert "With 90% probability between 140 and 460 million dollars reached" in front.text
    assert "paid about 600 million ( 280 – 920 ) for it" in front.text


def test_widths_say_what_they_rest_on(pages):
    rows = pages["sure.html"].cells
    assert ["Price per tonne", "60%", "none: assumption", "0"] in rows
    assert ["Tonnes shipped", "40%", "of the two years around it", "0"] in rows


def test_each_side_has_its_reading_of_the_year_of_the_answer(pages):
    readings = [row for row in pages["sure.html"].cells if row[2:3] and "desk" in row[2]]
    assert readings == [["ore sold", "2021", "without desk estimates", "200", "100–700"]]


def test_tests_are_told_in_plain_words_by_era(pages):
    page = pages["sure.html"]
    # stream, then tests, too few, holds, too narrow, too wide, misses
    assert ["ore sold", "all years since the bans", "2", "1", "0", "1", "0", "0"] in page.cells
    # a win under eight roots is no win, nor one over four figures of nine
    won = [row for row in page.cells if "the last figure carried on" in row]
    assert [row[2:] for row in won] == [
        ["everything one body said was hidden", "tonnes exported", "the last figure carried on",
         "0.30", "0.40"]
    ]  # fmt: skip


def test_hostile_text_is_text_and_no_link(pages):
    claims = pages["claims.html"]
    assert "a billion a year &lt;/script&gt;" in claims.source
    for page in pages.values():
        assert "<script>alert(1)" not in page.source
        assert "<img" not in page.source
        assert not any("javascript:" in link for link in page.links)
        assert page.inline == []
        assert len(page.scripts) == 1


def test_what_stands_against_a_bank_stands_apart(pages):
    page = pages["channels.html"]
    assert "finding by X;\nsubpoenaed by Y" in page.source
    assert "Against 1 of them stands a finding" in page.text


def test_a_year_shows_its_figures_used_or_not_and_why(pages):
    year = pages["ore-2021.html"]
    rows = {row[0]: row for row in year.cells if row[0].startswith("fig-")}
    assert rows["fig-1"][5] == "yes"
    assert rows["fig-2"][5] == "no: told twice"
    assert rows["fig-2"][3] == "USD 900 m"
    assert "https://example.org/2" in year.links
    assert not any(row[0].startswith("fig-") for row in pages["ore-2020.html"].cells)


def test_a_year_tells_each_sum_once(connection):
    connection.execute(
        "create table stream_measures (stream text, measure text, label text, "
        "is_state_income boolean)"
    )
    connection.execute(
        "insert into stream_measures values ('ore', 'net_usd', 'left over', true), "
        "('ore', 'gross_usd', 'paid by buyers', false)"
    )
    connection.execute(
        "create table income_annual as select * from (values "
        "('ore', 'net_usd', 2020, 3.0), ('ore', 'state_income_usd', 2020, 3.0), "
        "('ore', 'gross_usd', 2020, 7.0), ('ore', 'gross_income_usd', 2020, 7.0), "
        "('total', 'state_income_usd', 2020, 3.0), ('ore', 'net_usd', 2021, 4.0)"
        ") as rows (stream, measure, year, q50)"
    )  # fmt: skip
    asked = (SQL_DIR / "report" / "measures_of_year.sql").read_text(encoding="utf-8")

    def told(stream):
        found = connection.sql(asked, params={"stream": stream, "year": 2020})
        return found.project("label, q50").fetchall()

    assert told("ore") == [("paid by buyers", 7.0), ("left over (the headline)", 3.0)]
    assert told("total") == [("what reaches the DPRK side (the headline)", 3.0)]


def test_a_dot_outside_the_bar_is_explained_where_it_stands(pages):
    # 900 million lies above 2021's 140 to 460, 300 does not
    assert "a Not used: told twice: fig-2 (2021)" in pages["ore.html"].text
    assert "fig-1 (2021)" not in pages["ore.html"].text


def test_narrow_screens_read_every_cell_with_its_head(pages):
    for page in pages.values():
        assert page.source.count("<td>") == 0, page.path.name


def test_files_of_charts_hold_millions(release):
    text = (release / "report" / "data" / "ore-annual.csv").read_text("utf-8-sig")
    assert text.splitlines()[0].startswith("year,q05,q25,q50,q75,q95,unit")
    assert text.splitlines()[-1].startswith("2021,138.0,")


def test_a_release_without_history_makes_no_pages(tmp_path):
    with duckdb.connect(str(tmp_path / "dprk_revenue.duckdb")) as writer:
        for name, table in load_contract().items():
            columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
            writer.execute(f'create table "{name}" ({columns})')
        with pytest.raises(PageError, match="no row in table releases"):
            write_site(tmp_path, writer)


def test_places_on_an_axis():
    size = charts.Size("test", 110, 120, 10, 0, 10, 10)
    plain = charts.Drawing(size, charts.LINEAR, (2000, 2010), (0, 50))
    assert (plain.x(2005), plain.y(25)) == (60, 60)
    log = charts.Drawing(size, charts.LOG, (2000, 2010), (1, 100))
    assert (log.y(1), log.y(10), log.y(100)) == (110, 60, 10)
    # what lies below the axis stands on it
    assert log.y(0) == 110


@pytest.mark.parametrize(
    ("values", "scale", "expected"),
    [
        ([3, 47], charts.LINEAR, (0, 50)),
        ([3, 47], charts.LOG, (2, 50)),
        ([1304], charts.LINEAR, (0, 1500)),
        ([], charts.LINEAR, (0, 1)),
        ([10, 10], charts.LOG, (10, 20)),
        ([0, 0], charts.LOG, (1, 2)),
    ],
)
def test_axes_end_on_round_values(values, scale, expected):
    assert charts.bounds(values, scale) == pytest.approx(expected)


def test_dollars_of_one_year_leave_out_years_without_an_index():
    names = ("q05", "q25", "q50", "q75", "q95")
    rows = [{"x": year + 0.5, "tip": "", **dict.fromkeys(names, 10.0)} for year in (2020, 2021)]
    size = charts.Size("test", 110, 120, 10, 0, 10, 10)
    dots = [charts.Dot(2020.5, 8.0, None, True), charts.Dot(2021.5, 8.0, 9.0, True)]
    told, moved = charts._in_one_year(rows, dots, [1.5, None])
    assert [(row["x"], row["q50"]) for row in told] == [(2020.5, 15.0)]
    assert [(dot.low, dot.high) for dot in moved] == [(12.0, None)]
    drawn = charts.chart(rows, style="intervals", alt="", sizes=[size], real=[1.5, None])
    assert drawn.count('class="scale-linear money-real"') == 1
    # the axis of the second version reaches what its rows reach
    assert ">15<" in drawn.split("money-real")[1]
    assert "money-real" not in charts.chart(rows, style="intervals", alt="", sizes=[size])


def test_badges_never_cover_each_other():
    assert charts.badge_rows([10, 12, 40, 41, 42]) == [0, 1, 0, 1, 2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("designated by JPN since 2017-07-28", "designated by Japan since 28 July 2017"),
        (
            "subpoenaed by US_COURT since 2019-07-30; no finding against it",
            "subpoenaed by a US federal court since 30 July 2019; no finding against it",
        ),
        ("reported by Somebody", "reported by Somebody"),
        (None, ""),
    ],
)
def test_what_stands_against_a_party_is_said_without_codes(text, said):
    assert helpers.standing(text) == said


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.0, "0%"),
        (0.002, "under 1%"),
        (-3e-5, "under 1%"),
        (0.5, "50%"),
        (0.998, "over 99%"),
        (1.0, "100%"),
    ],
)
def test_next_to_nothing_is_not_nothing_and_next_to_all_is_not_all(share, said):
    assert words.percent(share) == said


def test_a_short_fraction_of_a_worker_or_a_dollar_is_not_printed():
    assert [helpers.people(count) for count in (0.2, 6.9, 64_500)] == ["under 1", "7", "64,000"]
    assert helpers.few_usd(3.3e4) == "under 0.1"
    assert helpers.few_usd(1.7e8) == "170"


def test_a_day_is_told_no_closer_than_it_is_known():
    day = dt.date(2023, 12, 1)
    assert words.day_as_known(day, "month") == "December 2023"
    assert words.day_as_known(day, None) == "1 December 2023"


def test_the_letters_of_a_year_stand_once_above_its_highest_dot():
    dots = [charts.Dot(2020.2, 5.0, 5.0, True, "b"), charts.Dot(2020.7, 9.0, 9.0, False, "a")]
    rows = [{"x": 2019.5 + at, "q05": 1, "q25": 2, "q50": 3, "q75": 4, "q95": 5} for at in (0, 1)]
    drawn = charts.chart(
        rows, style="intervals", alt="", dots=[*dots, dots[1]], scales=("linear",),
        sizes=(charts.WIDE,),
    )  # fmt: skip
    found = re.findall(r'<text x="([\d.]+)" y="([\d.]+)"[^>]*font-weight="600"[^>]*>(\w)<', drawn)
    assert [letter for _, _, letter in found] == ["a", "b"]
    highest = min(float(y) for y in re.findall(r'd="M[\d.]+ ([\d.]+)l', drawn))
    assert all(float(y) < highest for _, y, _ in found)


def test_a_colour_from_data_is_a_colour_or_ink():
    assert charts.colour_of("#12ab9F") == "#12ab9F"
    assert charts.colour_of('red" onload="x') == charts.INK


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2025-01-01", "2025-12-31", "2025"),
        ("2012-01-01", "2016-12-31", "2012–2016"),
        ("2023-07-10", "2023-07-10", "10 July 2023"),
        ("2020-01-01", "2020-09-30", "January to September 2020"),
        ("2020-02-01", "2020-02-29", "February 2020"),
        ("2024-09-01", "2025-05-07", "1 September 2024 to 7 May 2025"),
    ],
)
def test_a_window_is_said_as_short_as_it_can_be(start, end, expected):
    assert words.window(dt.date.fromisoformat(start), dt.date.fromisoformat(end)) == expected


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (3.46e8, "USD", "USD 346 m"),
        (8.8e7, "USD_cumulative", "USD 88 m in all"),
        (10_000, "persons", "10,000 persons"),
        (0.7, "share", "70%"),
        (108.43, "USD/t", "108.4 USD per tonne"),
        (None, "t", ""),
    ],
)
def test_an_amount_is_said_as_its_source_gives_it(value, unit, expected):
    assert words.amount(value, unit) == expected


@pytest.mark.parametrize(
    ("code", "name"),
    [("CHN", "China"), ("KP", "North Korea"), ("WLD", "the world"), ("QQQ", "QQQ"), (None, "")],
)
def test_countries_have_names(code, name):
    assert words.country(code) == name


def test_parts_of_an_income_are_words():
    assert words.component("headcount CHN") == "number of workers, China"
    assert words.component("costs abroad") == "freight, brokers and other costs abroad"
    assert words.component("pay other") == "pay per worker, other countries"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://example.org/a?b=c", True),
        ("javascript:alert(1)", False),
        ('https://example.org/" onclick="x', False),
        (None, False),
    ],
)
def test_only_addresses_of_the_web_are_links(url, kept):
    assert helpers.web_address(url) == (url if kept else "")
