"""The plain coal estimate, on ledgers small enough to work out by hand."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from pipelines.estimates import coal_windows
from pipelines.estimates.baseline_coal import estimate_coal_baseline


def run(observations, through=dt.date(2010, 12, 1), seed=3, draws=400):
    return estimate_coal_baseline(observations, draws=draws, seed=seed, through=through)


def yearly(result, column):
    return (
        result.draws.group_by("draw", year=pl.col("month").dt.year())
        .agg(pl.col(column).sum())
        .group_by("year")
        .agg(pl.col(column).median())
        .sort("year")[column]
        .to_list()
    )


@pytest.fixture
def two_years(coal_row, ledger):
    return ledger(
        coal_row("a", "2009-01-01", "2009-12-31", central=3.6e6),
        coal_row("b", "2009-03-01", "2009-03-31", central=0.9e6),
        coal_row("c", "2010-01-01", "2010-12-31", central=4.8e6),
        coal_row("d", "2009-01-01", "2009-12-31", quantity="export_usd", central=180e6),
        coal_row("e", "2010-01-01", "2010-12-31", quantity="export_usd", central=480e6),
    )


def test_full_years_match_their_customs_totals(two_years):
    result = run(two_years)
    assert yearly(result, "tonnes") == pytest.approx([3.6e6, 4.8e6], rel=0.005)
    assert yearly(result, "gross_fob_usd") == pytest.approx([180e6, 480e6], rel=0.005)


def test_known_month_stands_and_the_rest_spreads_the_remainder(two_years):
    months = (
        run(two_years).draws.filter(pl.col("month").dt.year() == 2009)
        .with_columns(is_march=pl.col("month").dt.month() == 3)
        .group_by("draw", "is_march").agg(pl.col("tonnes").sum())
        .group_by("is_march").agg(pl.col("tonnes").median()).sort("is_march")["tonnes"]
    )  # fmt: skip
    assert months.to_list() == pytest.approx([2.7e6, 0.9e6], rel=0.01)


def test_every_figure_is_used_or_says_why(two_years, coal_row, ledger):
    extra = ledger(
        coal_row("f", "2009-01-01", "2009-12-31", central=3.0e6, unit="lb"),
        coal_row("g", "2009-02-01", "2009-02-28", central=0.0, kind="structural_zero"),
        coal_row("h", "2009-01-01", "2009-12-31", central=3.59e6, sector="HS270111"),
    )
    result = run(pl.concat([two_years, extra]))
    assert result.figures["observation_id"].to_list() == list("abcdefgh")
    assert (result.figures["is_used"] == result.figures["reason_not_used"].is_null()).all()
    assert result.figures.filter("is_used")["observation_id"].to_list() == list("abcde")


def test_a_zero_under_the_ban_changes_nothing(two_years, coal_row, ledger):
    zero = ledger(
        coal_row("z", "2010-05-01", "2010-06-30", central=0.0, kind="structural_zero"),
    )
    with_zero = run(pl.concat([two_years, zero]))
    assert with_zero.draws.equals(run(two_years).draws)


def test_same_seed_same_draws_and_other_seed_other_draws(two_years):
    assert run(two_years).draws.equals(run(two_years).draws)
    assert not run(two_years).draws.equals(run(two_years, seed=4).draws)


def test_row_order_does_not_matter(two_years):
    assert run(two_years.reverse()).draws.equals(run(two_years).draws)


def test_gap_is_wider_than_its_ends(two_years):
    gap = two_years.filter(pl.col("observation_id") != "c")
    spread = (
        run(gap.filter(pl.col("observation_id") != "e"))
        .draws.group_by("month").agg(pl.col("tonnes").log().std()).sort("month")["tonnes"]
    )  # fmt: skip
    assert spread[23] > 2 * spread[12] > 0


def test_range_is_read_as_a_central_80_percent(coal_row, ledger):
    window = ("2020-01-01", "2020-12-31")
    result = run(
        ledger(
            coal_row("a", *window, kind="interval", low=2e6, high=4e6),
            coal_row("p", *window, quantity="price_usd_per_t", kind="price", central=50.0),
        ),
        through=dt.date(2020, 12, 1),
        draws=4000,
    )
    total = (
        result.draws.filter(pl.col("month") >= dt.date(2020, 1, 1))
        .group_by("draw")
        .agg(pl.col("tonnes").sum())["tonnes"]
    )
    # the range alone leaves 20% outside; the origin's own error can only widen that
    outside = 1 - total.is_between(2e6, 4e6).mean()
    assert 0.2 < outside < 0.4


def test_net_is_gross_less_one_share_per_draw(two_years):
    share = run(two_years).draws.select(
        "draw", share=1 - pl.col("net_usd") / pl.col("gross_fob_usd")
    )
    per_draw = share.group_by("draw").agg(spread=pl.col("share").max() - pl.col("share").min())
    assert per_draw["spread"].max() < 1e-9
    assert share["share"].mean() == pytest.approx(0.2, abs=0.02)


def test_destinations_sum_to_one(two_years):
    sums = run(two_years).destinations.group_by("draw", "year").agg(pl.col("share").sum())["share"]
    assert np.allclose(sums.to_numpy(), 1.0)


def test_nothing_to_price_is_said(coal_row, ledger):
    with pytest.raises(ValueError, match="cannot price coal"):
        run(ledger(coal_row("a", "2009-01-01", "2009-12-31", central=1e6)))


def test_window_matrix_counts_days():
    months = coal_windows.month_grid(dt.date(2009, 1, 1), dt.date(2009, 3, 1))
    matrix = coal_windows.window_matrix([dt.date(2009, 1, 17)], [dt.date(2009, 2, 14)], months)
    assert matrix.tolist() == [[15 / 31, 14 / 28, 0.0]]


def test_every_prior_is_cited():
    priors = coal_windows.reference_priors()
    assert (priors["source"].str.len_chars() > 20).all()
    coal_windows.prior_arguments(priors)
