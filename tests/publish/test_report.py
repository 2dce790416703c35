"""The first page says the answer, what its width rests on, and how it was tested."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from pipelines.publish.contract import load_contract
from pipelines.publish.release import publish
from pipelines.publish.report import write_report
from pipelines.publish.vintages import Chronicle, Made
from pipelines.warehouse import build_table
from tests.publish import world

SCRIPT = "</script><script>alert(1)</script>"
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


@pytest.fixture
def page(connection, tmp_path) -> str:
    """The page of a release of the small world."""
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
            'ore' as stream, test, era, 'tonnes' as quantity, model, 9::bigint as n,
            n_roots, 0.1 as crps, wis, 0.5 as coverage_50, 0.4 as coverage_50_low,
            0.6 as coverage_50_high, 0.8 as coverage_80, 0.7 as coverage_80_low,
            0.9 as coverage_80_high, 0.7 as coverage_90, 0.5 as coverage_90_low,
            0.8 as coverage_90_high,
            case when n_roots < 8 then 'too few to judge' else 'too narrow' end as verdict,
            timestamp '2026-01-01' as scored_at, false as is_embedded, true as is_current
        from (values
            ('one_root', 'after_ban', 'density', 9::bigint, 0.4),
            ('one_root', 'after_ban', 'last_value', 9, 0.3),
            ('one_year', 'after_ban', 'density', 7, 0.4),
            ('one_year', 'after_ban', 'last_value', 7, 0.3)
        ) as rows(test, era, model, n_roots, wis);
        create table published.quantity_draws (
            stream varchar, quantity varchar, counterpart_iso3 varchar, draw bigint, month date,
            amount double, is_flow boolean
        );
        """
    )
    build_table(connection, "estimates.total_draws")
    for name in BUILT:
        build_table(connection, f"published.{name}")
    contract = load_contract()
    claims = ", ".join(
        f"null::{column.type} as {column.name}" for column in contract["claims"].columns
    )
    connection.execute(
        f"create table published.claims as select * replace ('ore' as stream, 'c1' as claim_id, "
        f"$script as words, 'kept_usd' as measure, 'above the interval' as verdict) "
        f"from (select {claims})",
        {"script": f"a billion a year {SCRIPT}"},
    )
    history = ", ".join(
        f"null::{column.type} as {column.name}" for column in contract["releases"].columns
    )
    release = connection.sql(
        f"select * replace (1::bigint as sequence, 'r1' as release_id, "
        f"timestamp '2026-01-01' as published_at, 'nothing' as what_changed) "
        f"from (select {history})"
    ).pl()
    told = Chronicle(
        1,
        "r1",
        "r1",
        dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        {"releases": release},
        {},
        {},
        Made(),
    )
    names = (*BUILT, "claims", "quantity_draws", "releases")
    promised = {name: contract[name] for name in names}
    publish(
        connection,
        promised,
        tmp_path / "published",
        history=lambda _: told,
        extra_files=lambda folder: write_report(folder, folder / "report.html"),
    )
    return (tmp_path / "published" / "report.html").read_text(encoding="utf-8")


def cells(page: str) -> list[list[str]]:
    """Every row of every table, as text."""
    return [
        re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", page, re.S)
    ]


def test_the_answer_stands_first_on_both_concepts(page):
    rows = cells(page)
    # ore in 2021: worlds 120, 240, 360, 480 million; no error is known: two digits
    assert next(row for row in rows if row[:1] == ["ore sold"]) == [
        "ore sold",
        "2021",
        "300, 140–460",
        "600, 280–920",
        "0%",
        "0",
    ]


def test_widths_say_what_they_rest_on(page):
    assert ["ore sold", "2021", "price", "60%", "none: assumption", "0"] in cells(page)
    assert ["ore sold", "2021", "tonnage", "40%", "of the two years around", "0"] in cells(page)


def test_each_side_has_its_reading_of_the_year_of_the_answer(page):
    readings = [row for row in cells(page) if row[2:3] in (["all"], ["without desk"])]
    assert readings == [
        ["ore sold", "2021", "all", "300", "100–500"],
        ["ore sold", "2021", "without desk", "200", "100–700"],
    ]


def test_tests_are_told_in_plain_words_by_era(page):
    assert (
        "Tested on figures it was not shown, ore sold, after ban: of 2 tests of the 90% "
        "interval, 1 too few to judge, 1 too narrow." in page
    )
    # a win under eight roots is no win
    assert page.count("did better than the headline model") == 1
    assert "In the test “one root” of ore sold (tonnes, after ban), the plain" in page


def test_a_hostile_claim_is_text(page):
    assert "a billion a year &lt;/script&gt;" in page
    assert "<script>alert(1)" not in page
