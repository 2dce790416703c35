"""The plain labor estimates on small ledgers typed here; every value is made up."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from pipelines.estimates.baseline_it_workers import estimate_it_workers_baseline
from pipelines.estimates.baseline_labor import estimate_labor_baseline
from pipelines.estimates.labor_figures import FIRST_MONTH, read_labor_figures, reference_priors

THROUGH = dt.date(2021, 12, 1)
UNITS = {
    "headcount": "persons",
    "gross_wage": "USD/month",
    "state_share": "share",
    "fee": "USD/worker/year",
    "state_take_usd": "USD",
}


@pytest.fixture
def labor_row(coal_row):
    """Build one labor figure; the keyword names the cell that matters."""

    def build(observation_id, start, end, **cells):
        row = coal_row(observation_id, start, end)
        row |= {
            "stream": "labor",
            "quantity": "headcount",
            "counterpart_iso3": "CHN",
            "sector": "all",
            "origin_id": "made-up-ministry",
        }
        row |= cells
        row["unit"] = cells.get("unit", UNITS.get(row["quantity"], "persons"))
        return row

    return build


@pytest.fixture
def rows(labor_row):
    """The least evidence from which labor can be estimated."""
    return [
        labor_row("n1", "2014-01-01", "2014-12-31", central=20_000.0),
        labor_row("n2", "2016-01-01", "2016-12-31", central=40_000.0),
        labor_row(
            "w1", "2016-01-01", "2016-12-31", quantity="gross_wage", kind="price", central=300.0
        ),
        labor_row(
            "w2",
            "2016-01-01",
            "2016-12-31",
            quantity="gross_wage",
            counterpart_iso3="WLD",
            kind="price",
            central=500.0,
        ),
        labor_row(
            "s1",
            "2016-01-01",
            "2016-12-31",
            quantity="state_share",
            counterpart_iso3="WLD",
            kind="ratio",
            central=0.7,
        ),
    ]


def priors(**changes: str) -> pl.DataFrame:
    """The project's priors with every error shrunk to nothing, but for ``changes``."""
    still = {
        name: "0.000001"
        for name in (
            "stated_error_sd",
            "counted_error_sd",
            "above_floor_sd",
            "headcount_factor_sd",
            "wage_factor_sd",
            "monthly_change_sd",
            "shut_change_sd",
            "wage_change_sd",
            "share_spread_sd",
            "host_share_sd",
        )
    } | {"paid_fraction": "0.5;0.000001"}
    still |= changes
    return reference_priors().with_columns(
        args=pl.struct("parameter", "args").map_elements(
            lambda row: still.get(row["parameter"], row["args"]), return_dtype=pl.String
        )
    )


def estimate(rows, ledger, **changes):
    return estimate_labor_baseline(
        ledger(*rows), draws=50, seed=3, through=THROUGH, priors=priors(**changes)
    )


def month_of(draws, month, host="CHN"):
    return draws.filter(pl.col("month") == month, pl.col("host_iso3") == host)


def test_take_is_workers_times_pay_times_share_times_paid_months(rows, ledger):
    found = month_of(estimate(rows, ledger).draws, dt.date(2016, 7, 1))
    # 40,000 x 300 x 0.5 of the months = 6.0 m gross; 70% of it 4.2 m
    assert found["gross_wages_usd"].to_numpy() == pytest.approx(np.full(50, 6.0e6), rel=1e-4)
    assert found["state_take_usd"].to_numpy() == pytest.approx(np.full(50, 4.2e6), rel=1e-4)


def test_between_two_years_the_headcount_is_their_geometric_mean(rows, ledger):
    found = month_of(estimate(rows, ledger).draws, dt.date(2015, 7, 1))
    # halfway from 20,000 to 40,000 in logs
    assert found["headcount"].to_numpy() == pytest.approx(np.full(50, 28_284.27), rel=1e-3)


def test_a_quota_owed_per_worker_is_what_the_state_takes(rows, labor_row, ledger):
    host = {"counterpart_iso3": "RUS"}
    more = [
        labor_row("n3", "2016-01-01", "2016-12-31", central=10_000.0, **host),
        labor_row("q", "2016-01-01", "2016-12-31", quantity="fee", central=7_200.0, **host),
    ]
    found = month_of(estimate(rows + more, ledger).draws, dt.date(2016, 7, 1), "RUS")
    # 10,000 workers x 7,200 a year / 12, in half the months
    assert found["state_take_usd"].to_numpy() == pytest.approx(np.full(50, 3.0e6), rel=1e-4)
    assert (found["state_share"] < 1).all()


def test_a_host_without_a_later_figure_sends_most_of_its_workers_home(rows, ledger):
    draws = estimate(rows, ledger, remaining_share_CHN="2;2").draws
    before = month_of(draws, dt.date(2017, 12, 1))["headcount"].to_numpy()
    after = month_of(draws, dt.date(2019, 12, 1))["headcount"].to_numpy()
    assert (after < before).all()
    assert np.mean(after / before) == pytest.approx(0.5, abs=0.1)


def test_no_one_moves_while_the_border_is_shut(rows, ledger):
    draws = estimate(rows, ledger).draws
    first, last = (
        month_of(draws, day)["headcount"].to_numpy()
        for day in (dt.date(2020, 3, 1), dt.date(2021, 12, 1))
    )
    assert last == pytest.approx(first, rel=1e-4)


def test_hosts_share_the_states_share_within_a_draw(rows, ledger):
    draws = estimate(rows, ledger, share_spread_sd="0.5").draws
    china, kuwait = (
        month_of(draws, dt.date(2016, 7, 1), host)["state_share"].to_numpy()
        for host in ("CHN", "KWT")
    )
    assert np.corrcoef(china, kuwait)[0, 1] > 0.99


def test_a_draw_believes_one_origin_not_the_mean_of_two(rows, labor_row, ledger):
    other = labor_row("n9", "2016-01-01", "2016-12-31", central=80_000.0, origin_id="other")
    found = month_of(estimate([*rows, other], ledger).draws, dt.date(2016, 7, 1))
    assert set(np.round(found["headcount"].to_numpy(), -2)) == {40_000.0, 80_000.0}


@pytest.mark.parametrize("kind", ["plan", "structural_zero"])
def test_a_plan_or_a_reported_zero_moves_nothing(rows, labor_row, ledger, kind):
    idle = labor_row("idle", "2016-01-01", "2016-12-31", central=90_000.0, kind=kind)
    without, with_it = estimate(rows, ledger), estimate([*rows, idle], ledger)
    assert without.draws.equals(with_it.draws)
    judged = with_it.figures.filter(pl.col("observation_id") == "idle").row(0, named=True)
    assert not judged["is_used"]
    assert judged["reason_not_used"]


def test_every_figure_is_used_or_says_why(rows, labor_row, ledger):
    more = [
        labor_row("b", "2016-01-01", "2016-12-31", central=900.0, quantity="border_entries"),
        labor_row("x", "2016-01-01", "2016-12-31", central=9.0, unit="bushels"),
    ]
    figures = estimate(rows + more, ledger).figures
    assert set(figures["observation_id"]) == {row["observation_id"] for row in rows + more}
    assert figures.filter(pl.col("is_used") == pl.col("reason_not_used").is_not_null()).is_empty()


def test_pay_in_yuan_is_read_at_the_rate_of_its_window(labor_row, ledger):
    pay = labor_row(
        "y", "2016-01-01", "2016-02-29", quantity="gross_wage", unit="CNY/month", central=2_000.0
    )
    rates = pl.DataFrame(
        {
            "currency": ["CNY", "CNY"],
            "month": [dt.date(2016, 1, 1), dt.date(2016, 2, 1)],
            "usd_per_unit": [0.14, 0.16],
        }
    )
    read = read_labor_figures(ledger(pay), "labor", first=FIRST_MONTH, through=THROUGH, rates=rates)
    assert read.frame["value"].to_list() == pytest.approx([300.0])


def test_pay_in_roubles_after_the_last_rate_stays_unused_and_says_so(labor_row, ledger):
    pay = labor_row(
        "r",
        "2025-03-01",
        "2025-03-25",
        quantity="fee",
        unit="RUB/month",
        central=62_000.0,
        counterpart_iso3="RUS",
    )
    read = read_labor_figures(ledger(pay), "labor", first=FIRST_MONTH, through=dt.date(2026, 1, 1))
    assert read.frame["reason"].to_list() == ["no reference rate of its currency in its window"]


def test_same_seed_same_numbers_other_seed_others(rows, ledger):
    observed = ledger(*rows)
    one, again, other = (
        estimate_labor_baseline(observed, draws=20, seed=seed, through=THROUGH).draws
        for seed in (1, 1, 2)
    )
    assert one.equals(again)
    assert not one.equals(other)


def test_it_workers_are_drawn_from_workers_or_from_totals(labor_row, ledger):
    year = ("2023-01-01", "2023-12-31")
    it = {"stream": "it_workers", "sector": "it", "counterpart_iso3": "WLD"}
    found = [
        labor_row("i1", *year, **it, central=2_000.0),
        labor_row("i2", *year, **it, quantity="gross_wage", central=5_000.0),
        labor_row("i3", *year, **it, quantity="state_share", kind="ratio", central=0.8),
        labor_row("i4", *year, **it, quantity="state_take_usd", kind="usd_total", central=12e7),
    ]
    draws = estimate_it_workers_baseline(
        ledger(*found), draws=200, seed=3, through=dt.date(2023, 12, 1), priors=priors()
    ).draws
    take = draws.filter(pl.col("month") == dt.date(2023, 7, 1))["state_take_usd"]
    # 2,000 x 5,000 x 0.8 in half the months = 4 m a month; the stated total is 10 m a month
    assert set(np.round(take.to_numpy(), -4)) == {4_000_000.0, 10_000_000.0}
    assert (np.round(take.to_numpy(), -4) == 4e6).mean() == pytest.approx(0.5, abs=0.1)
