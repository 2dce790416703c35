"""Claims of the public against the draws of what they measure."""

from __future__ import annotations

import pytest

from pipelines.warehouse import build_table
from tests.publish import world


@pytest.fixture
def made(connection):
    world.build(connection)
    connection.execute(
        """
        create table published.quantity_draws as
        select stream, quantity, place as counterpart_iso3, draw, month, amount, is_flow
        from (values
            ('work', 'headcount', 'WLD', 0::bigint, 100.0), ('work', 'headcount', 'WLD', 1, 200.0),
            ('work', 'headcount', 'AAA', 0, 10.0), ('work', 'headcount', 'AAA', 1, 20.0)
        ) as rows(stream, quantity, place, draw, amount),
        (select false as is_flow),
        (values (date '2020-07-01'), (date '2020-08-01')) as months(month);
        create table staged.figure_sources as
        select 'ore' as stream, 's1' as source_id, 'A report' as title, 'https://a.example' as url;
        create table staged.claims as
        select
            *,
            'words' as words,
            'r1' as root_id,
            's1' as source_id,
            'page 1' as locator,
            'x-1' as observation_id
        from (values
            -- kept in 2020: 120, 240, 360, 480
            ('ore', 'own', 'money', 'kept_usd', 'WLD',
                date '2020-01-01', date '2020-12-31', 130.0, 370.0, 'USD'),
            -- paid is twice as much: 240, 480, 720, 960
            ('ore', 'unsaid', 'money', 'unsaid', 'BBB',
                date '2020-01-01', date '2020-12-31', 500.0, null, 'USD'),
            ('ore', 'late', 'money', 'kept_usd', 'WLD',
                date '2021-12-01', date '2022-01-31', 1.0, 2.0, 'USD'),
            ('work', 'heads', 'headcount', 'headcount', 'AAA',
                date '2020-07-15', date '2020-08-10', null, 5.0, 'persons'),
            ('work', 'wage', 'wage', 'wage', 'WLD',
                date '2020-07-01', date '2020-08-31', 1.0, 5.0, 'USD/month')
        ) as rows(stream, claim_id, quantity, concept, counterpart_iso3, window_start_on,
            window_end_on, low, high, unit);
        """
    )
    build_table(connection, "published.claims")
    return connection


def claim(connection, name: str):
    return connection.execute(
        "select measure, compared_with, q50, low_quantile, high_quantile, verdict "
        "from published.claims where claim_id = $name order by measure",
        {"name": name},
    ).fetchall()


def test_a_claim_that_says_its_concept_falls_where_its_own_draws_put_it(made):
    assert claim(made, "own") == [("kept_usd", "WLD", 300.0, 0.25, 0.75, "compatible")]


def test_a_claim_that_does_not_say_is_held_against_both_incomes(made):
    # at least 500: two of four worlds paid less; none kept as much
    assert claim(made, "unsaid") == [
        ("gross_income_usd", "WLD", 600.0, 0.5, None, "compatible"),
        ("state_income_usd", "WLD", 300.0, 1.0, None, "above the interval"),
    ]


def test_a_stock_is_averaged_over_the_months_a_claim_touches(made):
    assert claim(made, "heads") == [("headcount", "AAA", 15.0, None, 0.0, "below the interval")]


def test_a_world_that_says_just_what_is_claimed_is_not_below_it(made):
    made.execute("update staged.claims set low = 240, high = 360 where claim_id = 'own'")
    build_table(made, "published.claims")
    assert claim(made, "own") == [("kept_usd", "WLD", 300.0, 0.25, 0.5, "compatible")]


def test_an_end_of_the_interval_is_part_of_it(made):
    # one world is left: every point of the headcount is 10
    made.execute("delete from published.quantity_draws where draw = 1")
    made.execute("update staged.claims set low = 10, high = 10 where claim_id = 'heads'")
    build_table(made, "published.claims")
    assert claim(made, "heads") == [("headcount", "AAA", 10.0, 0.0, 0.0, "compatible")]


@pytest.mark.parametrize("name", ["late", "wage"])
def test_a_claim_that_no_draws_cover_stays_and_says_so(made, name):
    assert [row[2:] for row in claim(made, name)] == [(None, None, None, "not estimated")]


def test_a_claim_leads_back_to_its_document(made):
    assert made.execute(
        "select distinct source_title, source_url, locator from published.claims "
        "where stream = 'ore'"
    ).fetchall() == [("A report", "https://a.example", "page 1")]
