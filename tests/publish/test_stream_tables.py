"""Tables that one stream alone has: destinations of coal, hosts of workers."""

from __future__ import annotations

import pytest

from pipelines.warehouse import build_table


def observations(connection, rows: list[tuple]) -> None:
    """Ledger rows: stream, quantity, country, first and last year, root, kind, is_usable."""
    connection.execute(
        "create table facts.observations (stream varchar, quantity varchar, "
        "counterpart_iso3 varchar, window_start_on date, window_end_on date, root_id varchar, "
        "kind varchar, is_usable boolean)"
    )
    for stream, quantity, country, first, last, root, kind, is_usable in rows:
        connection.execute(
            "insert into facts.observations values (?, ?, ?, ?, ?, ?, ?, ?)",
            [stream, quantity, country, f"{first}-01-01", f"{last}-12-31", root, kind, is_usable],
        )


def test_a_destinations_share_says_whether_anybody_speaks_of_it(connection):
    connection.execute(
        """
        create table estimates.coal_destination_draws as
        select * replace (share::double as share) from (values
            (0::bigint, 2019::bigint, 'CHN', 0.8), (1, 2019, 'CHN', 0.6),
            (0, 2019, 'XXX', 0.2), (1, 2019, 'XXX', 0.4), (0, 2020, 'CHN', 1.0),
            (1, 2020, 'CHN', 1.0)
        ) as rows(draw, year, destination_iso3, share);
        create table estimates.coal_destination_basis as
        select * from (values
            (2019::bigint, 'CHN', 2::bigint, false), (2019, 'XXX', 0, false),
            (2020, 'CHN', 0, true)
        ) as rows(year, destination_iso3, n_roots, is_assumption)
        """
    )
    build_table(connection, "published.coal_destination_annual")
    rows = connection.execute(
        "select year, destination_iso3, share_q50, n_origins, is_assumption "
        "from published.coal_destination_annual order by 1, 2"
    ).fetchall()
    assert rows == [
        (2019, "CHN", pytest.approx(0.7), 2, False),
        (2019, "XXX", pytest.approx(0.3), 0, False),
        (2020, "CHN", 1.0, 0, True),
    ]


def test_a_host_is_graded_by_who_counted_its_workers_and_when(connection):
    connection.execute(
        """
        create table estimates.labor_draws as
        select
            draw::bigint as draw, month, host_iso3, 10.0 * (1 + draw) as headcount,
            100.0 as wage_usd_per_month, 0.5 as state_share, 500.0 * (1 + draw) as state_take_usd
        from range(3) as numbers(draw),
        (values (date '2019-01-01'), (date '2019-02-01'), (date '2022-01-01')) as months(month),
        (values ('AAA'), ('BBB')) as hosts(host_iso3)
        """
    )
    observations(
        connection,
        [
            ("labor", "headcount", "AAA", 2018, 2019, "r1", "count", True),
            ("labor", "headcount", "AAA", 2019, 2019, "r1", "count", True),
            ("labor", "headcount", "AAA", 2019, 2019, "r2", "count", True),
            ("labor", "headcount", "AAA", 2022, 2022, "r3", "count", False),
            ("labor", "headcount", "BBB", 2020, 2020, "r4", "count", True),
            ("labor", "gross_wage", "BBB", 2019, 2019, "r5", "price", True),
        ],
    )
    build_table(connection, "published.labor_by_host_annual")
    rows = connection.execute(
        "select host_iso3, year, headcount_q50, take_usd_q50, n_origins, evidence_grade "
        "from published.labor_by_host_annual order by 1, 2"
    ).fetchall()
    # two months in 2019: persons averaged, take added
    assert rows == [
        ("AAA", 2019, 20.0, 2000.0, 2, "this_year"),
        ("AAA", 2022, 20.0, 1000.0, 0, "none"),
        ("BBB", 2019, 20.0, 2000.0, 0, "within_two_years"),
        ("BBB", 2022, 20.0, 1000.0, 0, "within_two_years"),
    ]


def test_coal_income_is_multiplied_within_each_draw(connection):
    connection.execute(
        """
        create table estimates.coal_draws as
        select date '2019-01-01' as month, draw::bigint as draw, tonnes, price_usd_per_t,
            tonnes * price_usd_per_t as gross_fob_usd
        from (values (0, 10.0, 100.0), (1, 20.0, 10.0), (2, 30.0, 20.0))
            as rows(draw, tonnes, price_usd_per_t)
        """
    )
    build_table(connection, "published.coal_monthly")
    # incomes 1000, 200, 600: their median is not 20 t at 20 USD
    assert connection.execute(
        "select tonnes_q50, price_usd_per_t_q50, income_usd_q50, income_usd_mean "
        "from published.coal_monthly"
    ).fetchone() == (20.0, 20.0, 600.0, 600.0)
