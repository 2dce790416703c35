"""What an origin's figures imply, and whether arithmetic lets them stand; by hand."""

from __future__ import annotations

import pytest

from pipelines.warehouse import build_table

# 12 m dollars a year for 2,000 workers are 500 dollars a worker and month; for 1,000 they are 1,000
FIGURES = """
create table published.figures as from (values
    ('f1', 'hill', 'labor', 'earnings_usd', 'USD', 12e6, true, null),
    ('f2', 'hill', 'labor', 'headcount', 'persons', 2e3, true, null),
    ('f3', 'dale', 'labor', 'earnings_usd', 'USD', 12e6, false, 'repeats f1'),
    ('f4', 'dale', 'labor', 'headcount', 'persons', 1e3, false, 'out of scope'),
    ('f5', 'lake', 'coal', 'export_usd', 'USD', 5e5, true, null),
    ('f6', 'lake', 'coal', 'export_t', 't', 1e4, true, null),
    ('f7', 'pier', 'coal', 'price_usd_per_t', 'USD/t', 8e1, true, null))
    t (observation_id, origin_id, stream, quantity, unit, central, is_used, reason_not_used);
alter table published.figures add column low double;
alter table published.figures add column high double;
alter table published.figures add column kind varchar default 'exact';
alter table published.figures add column counterpart_iso3 varchar default 'CHN';
alter table published.figures add column sector varchar default 'all';
alter table published.figures add column window_start_on date default date '2017-01-01';
alter table published.figures add column window_end_on date default date '2017-12-31';
create table facts.observations as from (values
    ('gross_wage', 'USD/month', 4e2, 6e2, 8e2, true),
    ('gross_wage', 'USD/month', 9e2, null, 2e3, false),
    ('gross_wage', 'EUR/month', null, 5e3, null, true))
    t (quantity, unit, low, central, high, is_usable);
create table staged.origins as
select
    origin_id,
    origin_id as root_id,
    origin_id as name,
    'press' as kind_of_body,
    date '2018-01-01' as first_stated_on
from (values ('hill'), ('dale'), ('lake'), ('pier'), ('lake')) as named (origin_id);
"""


@pytest.fixture
def origins(connection):
    connection.execute(FIGURES)
    build_table(connection, "published.origins")
    return {row["origin_id"]: row
            for row in connection.table("published.origins").pl().rows(named=True)}  # fmt: skip


def test_a_total_over_its_workers_is_held_against_the_highest_wage_used(origins):
    # 800 is the highest wage that is used and in dollars
    assert origins["hill"]["implied_usd_per_worker_per_month"] == 500
    assert origins["hill"]["plausibility"] == "plausible"
    assert origins["dale"]["implied_usd_per_worker_per_month"] == 1000
    assert origins["dale"]["plausibility"] == "above_any_reported_wage"


def test_dollars_over_tonnes_are_held_against_the_prices_used(origins):
    # 50 dollars a tonne where 80 is the only price
    assert origins["lake"]["implied_usd_per_t"] == 50
    assert origins["lake"]["plausibility"] == "price_outside_reported_range"
    assert origins["pier"]["plausibility"] == "not_testable"


def test_statements_repeats_and_those_used_are_counted(origins):
    columns = ("n_statements", "n_repeats", "n_used", "first_observation_id")
    told = {name: tuple(row[column] for column in columns) for name, row in origins.items()}
    assert told == {
        "hill": (2, 0, 2, "f1"),
        "dale": (2, 1, 0, "f3"),
        "lake": (2, 0, 2, "f5"),
        "pier": (1, 0, 1, "f7"),
    }
