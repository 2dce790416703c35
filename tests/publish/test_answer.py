"""The answer table prints what Monte Carlo error allows and no more."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.publish import answer
from pipelines.warehouse import build_table
from tests.publish import world


@pytest.mark.parametrize(
    ("value", "error", "printed"),
    [
        # three errors are 15.9: the next step is 20
        (221.3, 5.3, "220"),
        (231.3, 5.3, "240"),
        # 7.8: 10; 75: 100
        (64.9, 2.6, "60"),
        (612.0, 25.0, "600"),
        # 1.2: 2; 0.12: 0.2; 0.012: 0.02
        (61.3, 0.4, "62"),
        (6.13, 0.04, "6.2"),
        (0.613, 0.004, "0.62"),
        # three errors that are a step already stay that step
        (1234.0, 10 / 3, "1,230"),
        # no error: three digits; not known: two
        (1187.4, 0.0, "1,190"),
        (1187.4, None, "1,200"),
        (1187.4, float("nan"), "1,200"),
        (0.0, 1.0, "0"),
        (-221.3, 5.3, "-220"),
    ],
)
def test_digits_come_from_the_error(value, error, printed):
    assert answer.rounded(value, error) == printed


def test_two_runs_print_numbers_one_step_apart_at_most_nineteen_times_in_twenty():
    """Runs of known error: what one prints and what the next prints, in steps."""
    rng = np.random.default_rng(3)
    true, error = 300.0, 5.0
    one, two = true + error * rng.standard_normal((2, 4000))
    step = answer.step_of(true, error)
    apart = [
        abs(float(answer.rounded(a, error)) - float(answer.rounded(b, error))) / step
        for a, b in zip(one, two, strict=True)
    ]
    assert step == 20.0
    assert np.mean(np.array(apart) <= 1) >= 0.95


@pytest.fixture
def reader(connection):
    world.build(connection)
    # USD a month in millions, so that the table has something to print
    connection.execute("update estimates.income_draws set usd = usd * 1e6")
    connection.execute(
        "update estimates.mcse set mcse_q05 = mcse_q05 * 1e6, mcse_q50 = mcse_q50 * 1e6, "
        "mcse_q95 = mcse_q95 * 1e6, measure = 'state_income_usd', year = 2021"
    )
    for table in (
        "estimates.total_draws",
        "published.evidence_by_component",
        "published.income_annual",
        "published.streams",
    ):
        build_table(connection, table)
    connection.execute("set search_path = 'published'")
    return connection


def test_the_table_shows_the_last_full_year_on_both_concepts(reader):
    # ore in 2021: worlds 120, 240, 360, 480; errors 1, 2, 3 make steps 5, 10 and 10;
    # the total is ore alone in 2021: errors 4, 5, 6 make steps 20, 20, 20; work has no full year
    assert answer.answer_table(reader) == [
        ["ore sold", "2021", "300, 140–460", "600, 280–920", "0%", "0"],
        ["all streams, drawn jointly", "2021", "300, 140–460", "600, 280–920", "0%", "0"],
    ]


def test_the_total_of_the_table_says_what_it_adds(reader):
    assert [(row["stream"], row["streams"]) for row in answer.answer_rows(reader)] == [
        ("ore", "ore"),
        ("total", "ore"),
    ]
