"""What SQL makes of a fit: who speaks of what and when, and Monte Carlo errors of totals."""

import datetime as dt

import duckdb
import pytest

from pipelines.warehouse import build_table


@pytest.fixture
def connection():
    """Two streams over 2020 and 2021; ore: two roots and a part, work: one long before."""
    with duckdb.connect() as connection:
        connection.execute(
            """
            create schema estimates;
            create table estimates.observation_use as
            select * from (values
                ('ore', 'a', 'r1', date '2020-02-10', date '2020-03-05', 'tons', 'whole', true),
                ('ore', 'b', 'r1', date '2020-03-01', date '2020-03-31', 'tons', 'record', true),
                ('ore', 'c', 'r2', date '2020-03-31', date '2021-01-01', 'tons', 'whole', true),
                ('ore', 'd', 'r3', date '2020-01-01', date '2020-12-31', 'tons', 'part', true),
                ('ore', 'e', 'r4', date '2020-01-01', date '2020-12-31', 'tons', 'whole', false),
                ('ore', 'f', 'r5', date '2020-01-01', date '2020-12-31', null, 'whole', true),
                ('work', 'g', 'r1', date '2018-06-01', date '2018-06-30', 'people', 'whole', true)
            ) as rows(
                stream, observation_id, root_id, window_start_on, window_end_on, component, role,
                is_used
            );
            create table estimates.income_draws as
            select stream, draw, month::date as month
            from (values ('ore'), ('work')) as streams(stream), range(2) as draws(draw),
                range(date '2020-01-01', date '2021-02-01', interval 1 month) as months(month);
            create table estimates.component_shares as
            select * from (values
                ('ore', 2020::bigint, 'tons', 0.5::double, 1::double, 2::double),
                ('ore', 2021, 'tons', 0.5, 1, 2),
                ('ore', 2020, 'price', 0.5, 1, 2),
                ('work', 2020, 'people', 1, 1, 2),
                ('work', 2021, 'people', 1, 1, 2)
            ) as rows(stream, year, component, variance_share, low_usd, high_usd);
            create table estimates.stream_measures as
            select * from (values
                ('ore', 'fob_usd', true, false), ('ore', 'net_usd', false, true),
                ('work', 'gross_income_usd', true, false), ('work', 'sent_usd', false, true)
            ) as rows(stream, measure, is_gross_income, is_state_income);
            create table estimates.diagnostics as
            select stream, measure, 2020::bigint as year, error as mcse_q05, 2 * error as mcse_q50,
                3 * error as mcse_q95
            from (values
                ('ore', 'fob_usd', 5.0::double), ('ore', 'net_usd', 3.0),
                ('work', 'gross_income_usd', 12.0), ('work', 'sent_usd', 4.0)
            ) as rows(stream, measure, error);
            """
        )
        yield connection


def made(connection, table):
    build_table(connection, f"estimates.{table}")
    return connection.execute(f"from estimates.{table}").fetchall()


def test_a_component_is_graded_by_the_nearest_year_that_a_root_speaks_of(connection):
    graded = {row[:3]: row[-2:] for row in made(connection, "components")}
    assert graded == {
        ("ore", 2020, "price"): ("none", 0),
        # r1 twice and r2; r3 states a part, r4 is not used, r5 speaks of nothing
        ("ore", 2020, "tons"): ("this_year", 2),
        ("ore", 2021, "tons"): ("this_year", 1),
        ("work", 2020, "people"): ("within_two_years", 0),
        ("work", 2021, "people"): ("none", 0),
    }


def test_a_root_speaks_of_every_month_that_its_window_touches(connection):
    march = [row for row in made(connection, "month_roots") if row[1] == dt.date(2020, 3, 1)]
    assert march == [("ore", dt.date(2020, 3, 1), "r1"), ("ore", dt.date(2020, 3, 1), "r2")]
    months = [row[1] for row in made(connection, "month_roots") if row[2] == "r1"]
    assert months == [dt.date(2020, 2, 1), dt.date(2020, 3, 1)]


def test_errors_of_streams_add_in_quadrature_under_the_common_names(connection):
    errors = {row[:2]: row[2:] for row in made(connection, "mcse")}
    # 5 and 12 make 13, 3 and 4 make 5; a measure that bears the common name stands once
    assert errors["total", "gross_income_usd"] == (2020, 13, 26, 39)
    assert errors["total", "state_income_usd"] == (2020, 5, 10, 15)
    assert errors["ore", "gross_income_usd"] == errors["ore", "fob_usd"] == (2020, 5, 10, 15)
    assert len(errors) == 4 + 3 + 2
