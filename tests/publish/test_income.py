"""Income tables: sums inside draws, totals that say what they add, evidence beside each number."""

from __future__ import annotations

import pytest

from pipelines.warehouse import build_table
from tests.publish import world

TABLES = (
    "estimates.total_draws",
    "published.evidence_by_component",
    "published.income_annual",
    "published.income_monthly",
)


@pytest.fixture
def made(connection):
    world.build(connection)
    for table in TABLES:
        build_table(connection, table)
    return connection


def annual(connection, stream: str, measure: str, year: int, columns: str):
    return connection.execute(
        f"select {columns} from published.income_annual "
        "where stream = $stream and measure = $measure and year = $year",
        {"stream": stream, "measure": measure, "year": year},
    ).fetchone()


def test_a_year_is_summed_within_each_draw(made):
    # 12 months x (10, 20, 30, 40); the 5% point lies 0.15 of the way from 120 to 240
    found = annual(made, "ore", "kept_usd", 2020, "q05, q50, mean, is_partial_year, streams")
    assert found == (pytest.approx(138.0), 300.0, 300.0, False, "ore")


def test_the_total_adds_worlds_and_not_medians(made):
    # ore 120, 240, 360, 480; work 240, 6, 24, 12: worlds 360, 246, 384, 492 (medians: 300 + 18)
    q05, q50 = annual(made, "total", "state_income_usd", 2020, "q05, q50")
    assert q50 == pytest.approx(372.0)
    assert q05 == pytest.approx(246 + 0.15 * (360 - 246))
    assert annual(made, "total", "gross_income_usd", 2020, "q50") == (pytest.approx(744.0),)


def test_a_stream_shifted_by_one_world_gives_another_total(connection):
    world.build(connection, work=(*world.WORK[1:], world.WORK[0]))
    for table in TABLES:
        build_table(connection, table)
    # 126, 264, 372, 720
    assert annual(connection, "total", "state_income_usd", 2020, "q50") == (318.0,)


def test_a_total_says_which_streams_it_adds_and_for_how_long(made):
    columns = "streams, is_partial_year"
    total = ("total", "state_income_usd")
    assert annual(made, *total, 2020, columns) == ("ore, work (6 of 12 months)", True)
    assert annual(made, *total, 2021, columns) == ("ore", False)
    monthly = made.execute(
        "select month::varchar, streams, q50 from published.income_monthly where stream = 'total' "
        "and measure = 'state_income_usd' and month in ('2020-06-01', '2020-07-01') order by 1"
    ).fetchall()
    # July: 10 + 40, 20 + 1, 30 + 4, 40 + 2
    assert monthly == [("2020-06-01", "ore", 25.0), ("2020-07-01", "ore, work", 38.0)]


def test_a_world_that_one_stream_lacks_is_in_no_total(connection):
    world.build(connection)
    connection.execute("delete from estimates.income_draws where stream = 'work' and draw = 3")
    build_table(connection, "estimates.total_draws")
    draws = connection.execute(
        "select distinct draw from estimates.total_draws where month = '2020-07-01' order by draw"
    ).fetchall()
    assert draws == [(0,), (1,), (2,)]


def test_a_root_counts_once_however_often_and_of_however_many_streams_it_speaks(made):
    rows = made.execute(
        "select distinct stream, year, n_origins from published.income_annual order by 1, 2"
    ).fetchall()
    # r9 speaks of work in a year in which work has no number: it is no root of that total
    assert rows == [
        ("ore", 2020, 2),
        ("ore", 2021, 0),
        ("total", 2020, 3),
        ("total", 2021, 0),
        ("work", 2020, 2),
    ]
    monthly = made.execute(
        "select stream, n_origins from published.income_monthly "
        "where month = '2020-07-01' and measure = 'state_income_usd' order by 1"
    ).fetchall()
    assert monthly == [("ore", 2), ("total", 2), ("work", 1)]


def test_of_the_totals_variance_a_stream_holds_its_covariance_with_the_total(made):
    shares = dict(
        made.execute(
            "select component, variance_share from published.evidence_by_component "
            "where stream = 'total' and year = 2020"
        ).fetchall()
    )
    # deviations of ore -180 -60 60 180, of the total -10.5 -124.5 13.5 121.5
    ore = 32040 / 30555
    assert shares == {
        "ore: tonnage": pytest.approx(0.5 * ore),
        "ore: price": pytest.approx(0.3 * ore),
        "ore: costs": pytest.approx(0.2 * ore),
        "work: people": pytest.approx(1 - ore),
    }


def test_a_year_is_graded_by_where_its_uncertainty_stands(made):
    columns = (
        "evidence_grade, evidence_this_year_share, evidence_within_two_years_share, "
        "evidence_none_share, is_prior_driven"
    )
    approx = pytest.approx
    assert annual(made, "ore", "paid_usd", 2020, columns) == (
        "this_year",
        approx(0.5),
        approx(0.2),
        approx(0.3),
        False,
    )
    assert annual(made, "ore", "kept_usd", 2021, columns)[0::4] == ("none", True)
    # all of work rests on what nobody says, though two roots speak of it
    assert annual(made, "work", "sent_usd", 2020, columns)[0::4] == ("none", True)


def test_a_grade_adds_all_components_of_a_kind(connection):
    world.build(connection)
    connection.execute(
        """
        create or replace table estimates.components as
        select stream, year, component, share::double as variance_share, grade,
            0::bigint as n_roots
        from (values
            ('ore', 2020::bigint, 'a', 0.1, 'this_year'), ('ore', 2020, 'b', 0.2, 'this_year'),
            ('ore', 2020, 'c', 0.15, 'within_two_years'),
            ('ore', 2020, 'd', 0.25, 'within_two_years'),
            ('ore', 2020, 'e', 0.05, 'none'), ('ore', 2020, 'f', 0.05, 'none')
        ) as rows(stream, year, component, share, grade)
        """
    )
    for table in TABLES:
        build_table(connection, table)
    columns = (
        "evidence_grade, evidence_this_year_share, evidence_within_two_years_share, "
        "evidence_none_share"
    )
    # 0.3, 0.4 and 0.1 of 0.8
    assert annual(connection, "ore", "kept_usd", 2020, columns) == (
        "within_two_years", pytest.approx(0.375), pytest.approx(0.5), pytest.approx(0.125),
    )  # fmt: skip


def test_a_month_that_nobody_speaks_of_is_prior_driven(made):
    rows = made.execute(
        "select month::varchar, is_prior_driven, evidence_grade from published.income_monthly "
        "where stream = 'ore' and measure = 'kept_usd' and month between '2020-06-01' "
        "and '2020-07-01' order by 1"
    ).fetchall()
    assert rows == [("2020-06-01", True, "this_year"), ("2020-07-01", False, "this_year")]


def test_monte_carlo_error_stands_beside_the_number_it_is_of(made):
    assert annual(made, "ore", "kept_usd", 2020, "mcse_q05, mcse_q50, mcse_q95") == (1.0, 2.0, 3.0)
    assert annual(made, "total", "state_income_usd", 2020, "mcse_q50") == (5.0,)
    assert annual(made, "ore", "paid_usd", 2020, "mcse_q50") == (None,)


def test_every_measure_of_every_stream_has_its_rows(made):
    rows = made.execute(
        "select stream, list(distinct measure order by measure) from published.income_monthly "
        "group by stream order by stream"
    ).fetchall()
    both = ["gross_income_usd", "state_income_usd"]
    assert rows == [
        ("ore", ["gross_income_usd", "kept_usd", "paid_usd", "state_income_usd"]),
        ("total", both),
        ("work", ["gross_income_usd", "pay_usd", "sent_usd", "state_income_usd"]),
    ]
