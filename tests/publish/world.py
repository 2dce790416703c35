"""A small world typed by hand: two made-up streams, four draws, two years; no stream of ours."""

from __future__ import annotations

import datetime as dt

import duckdb
import polars as pl

from pipelines.warehouse import write_frame

DRAWS = 4
# USD a month by draw: ore in all of 2020 and 2021, work in the second half of 2020 only
ORE = (10.0, 20.0, 30.0, 40.0)
WORK = (40.0, 1.0, 4.0, 2.0)


def months(first: dt.date, n: int) -> list[dt.date]:
    """First days of `n` months from `first` on."""
    return [
        dt.date(first.year + (first.month - 1 + k) // 12, (first.month - 1 + k) % 12 + 1, 1)
        for k in range(n)
    ]


def income_rows(work: tuple[float, ...] = WORK) -> pl.DataFrame:
    """Every stream's own measures and the two incomes; what is paid is twice what arrives."""
    rows = []
    for stream, own, usd, when in (
        ("ore", ("paid_usd", "kept_usd"), ORE, months(dt.date(2020, 1, 1), 24)),
        ("work", ("pay_usd", "sent_usd"), work, months(dt.date(2020, 7, 1), 6)),
    ):
        for month in when:
            for draw in range(DRAWS):
                for measure in (own[0], "gross_income_usd"):
                    rows.append((stream, measure, draw, month, 2 * usd[draw]))
                for measure in (own[1], "state_income_usd"):
                    rows.append((stream, measure, draw, month, usd[draw]))
    return pl.DataFrame(rows, schema=["stream", "measure", "draw", "month", "usd"], orient="row")


def build(connection: duckdb.DuckDBPyConnection, work: tuple[float, ...] = WORK) -> None:
    """Fill the tables of schema estimates that published tables read."""
    write_frame(connection, "estimates.income_draws", income_rows(work))
    connection.execute(
        """
        create table estimates.streams as
        select * from (values
            ('ore', 'ore sold', '#111111', 'kept_usd', date '2020-01-01', 1::bigint),
            ('work', 'work done', '#222222', 'sent_usd', date '2020-07-01', 2::bigint)
        ) as rows(stream, title, colour, headline, first_month, sort_order);
        create table estimates.stream_measures as
        select * from (values
            ('ore', 'paid_usd', 'paid', true, false), ('ore', 'kept_usd', 'kept', false, true),
            ('work', 'pay_usd', 'pay', true, false), ('work', 'sent_usd', 'sent', false, true)
        ) as rows(stream, measure, label, is_gross_income, is_state_income);
        create table estimates.components as
        select * from (values
            ('ore', 2020::bigint, 'tonnage', 0.5::double, 'this_year', 2::bigint),
            ('ore', 2020, 'price', 0.3, 'none', 0),
            ('ore', 2020, 'costs', 0.2, 'within_two_years', 0),
            ('work', 2020, 'people', 1.0, 'none', 0),
            ('ore', 2021, 'tonnage', 0.4, 'within_two_years', 0),
            ('ore', 2021, 'price', 0.6, 'none', 0)
        ) as rows(stream, year, component, variance_share, grade, n_roots);
        -- one root speaks twice of ore; another of both streams; a third of work when it has none
        create table estimates.month_roots as
        select * from (values
            ('ore', date '2020-07-01', 'r1'), ('ore', date '2020-07-01', 'r2'),
            ('ore', date '2020-08-01', 'r1'), ('work', date '2020-07-01', 'r2'),
            ('work', date '2020-08-01', 'r3'), ('work', date '2021-03-01', 'r9')
        ) as rows(stream, month, root_id);
        create table estimates.mcse as
        select * from (values
            ('ore', 'kept_usd', 2020::bigint, 1::double, 2::double, 3::double),
            ('total', 'state_income_usd', 2020, 4, 5, 6)
        ) as rows(stream, measure, year, mcse_q05, mcse_q50, mcse_q95);
        """
    )
