"""The Bayesian labor model on small ledgers typed here; every value is made up."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.special import expit

from pipelines.estimates import labor, labor_figures
from pipelines.estimates.labor_model import IT_WORKERS, LABOR, LaborModel, quarter_matrix

THROUGH = dt.date(2025, 12, 1)
LITTLE = labor.Effort(chains=4, warmup=30, least_kept=0, least_ess=0)
UNITS = {
    "headcount": "persons",
    "gross_wage": "USD/month",
    "state_share": "share",
    "fee": "USD/worker/year",
    "state_take_usd": "USD",
    "worker_take_home": "USD/month",
    "border_entries": "persons",
    "repatriated": "persons",
    "permits": "permits",
}


@pytest.fixture
def row(coal_row):
    """Build one labor figure; the keyword names the cell that matters."""

    def build(observation_id, start, end, **cells):
        made = coal_row(observation_id, start, end)
        made |= {
            "stream": "labor",
            "quantity": "headcount",
            "counterpart_iso3": "CHN",
            "sector": "all",
            "origin_id": f"origin-of-{observation_id}",
        }
        made |= cells
        made["unit"] = cells.get("unit", UNITS[made["quantity"]])
        return made

    return build


@pytest.fixture
def rows(row):
    """One figure of every kind the model reads."""
    year = ("2016-01-01", "2016-12-31")
    russia = {"counterpart_iso3": "RUS"}
    world = {"counterpart_iso3": "WLD"}
    return [
        row("a1", *year, central=50_000.0),
        row("a2", "2023-01-01", "2023-12-31", kind="lower_bound", low=70_000.0),
        row("a3", "2017-12-31", "2017-12-31", central=30_000.0, **russia),
        row("a4", *year, kind="upper_bound", high=150_000.0, **world),
        row("b1", *year, quantity="gross_wage", kind="price", central=300.0),
        row("b2", *year, quantity="gross_wage", kind="interval", low=300.0, high=900.0, **world),
        row("b3", *year, quantity="worker_take_home", kind="price", central=90.0, sector="garment"),
        row("b4", *year, quantity="fee", kind="price", central=6_000.0, **russia),
        row("c1", *year, quantity="state_share", kind="ratio", central=0.7),
        row("d1", *year, quantity="state_take_usd", kind="usd_total", central=3.0e8, **world),
        row(
            "e1",
            "2018-01-01",
            "2018-12-31",
            quantity="repatriated",
            kind="count",
            central=18_000.0,
            **russia,
        ),
        row(
            "e2",
            "2024-01-01",
            "2024-12-31",
            quantity="border_entries",
            kind="count",
            central=10_000.0,
            **russia,
        ),
        row("e3", *year, quantity="border_entries", kind="count", central=120_000.0),
        row("e4", *year, quantity="permits", kind="count", central=20_000.0, **russia),
    ]


def model_of(ledger_frame, setting=LABOR, through=THROUGH):
    figures = labor_figures.read_labor_figures(
        ledger_frame, setting.stream, first=dt.date(2015, 1, 1), through=through
    )
    return LaborModel(figures, labor_figures.prior_arguments(None), setting)


@pytest.mark.parametrize("setting", [LABOR, IT_WORKERS])
def test_the_gradient_is_the_slope_of_the_density(rows, ledger, setting):
    mine = rows if setting is LABOR else [one | {"stream": "it_workers"} for one in rows]
    model = model_of(ledger(*mine), setting)
    assert model.n_figures == len(mine) if setting is LABOR else model.n_figures > 8
    theta = 0.4 * np.random.default_rng(5).normal(size=(1, model.size))
    step = 1e-5 * np.eye(model.size)
    slope = (model(theta + step)[0] - model(theta - step)[0]) / 2e-5
    assert model(theta)[1][0] == pytest.approx(slope, rel=1e-5, abs=1e-5)


def test_months_lie_on_the_line_between_quarter_midpoints():
    matrix = quarter_matrix(6)
    # February and May are the midpoints; March and April lie a third and two thirds between
    assert matrix @ np.array([0.0, 3.0]) == pytest.approx([0.0, 0.0, 1.0, 2.0, 3.0, 3.0])


def test_the_world_is_workers_times_pay_times_share_times_paid_months(rows, ledger):
    model = model_of(ledger(*rows))
    world = model.world(np.zeros((1, model.size)))
    take = world.headcount * world.wage * world.share * world.paid[0]
    assert world.take == pytest.approx(take)
    assert world.share[0, 0, 0] == pytest.approx(expit(model.priors["share_logit"][0]))


def test_a_total_no_pay_can_explain_is_flagged_and_still_read(rows, row, ledger):
    world = {"counterpart_iso3": "WLD", "quantity": "state_take_usd"}
    # 9 bn over some 150,000 workers is 5,000 a month; nobody states pay above 900
    wild = row("wild", "2016-01-01", "2016-12-31", central=9.0e9, **world)
    model = model_of(ledger(*rows, wild))
    flagged = {model.figures.frame["observation_id"][at] for at in model.implausible}
    assert flagged == {"wild"}
    assert len(model.used) == len(rows) + 1
    table = labor.plausibility(model)
    assert table.filter(~pl.col("is_plausible"))["observation_id"].to_list() == ["wild"]


def test_a_wild_total_barely_moves_the_take(rows, row, ledger):
    world = {"counterpart_iso3": "WLD", "quantity": "state_take_usd"}
    wild = row("wild", "2016-01-01", "2016-12-31", central=9.0e9, **world)

    def median_2016(*more):
        found = labor.estimate_labor(
            ledger(*rows, *more), draws=200, seed=2, through=THROUGH, effort=LITTLE
        ).draws
        year = found.filter(pl.col("month").dt.year() == 2016)
        return year.group_by("draw").agg(pl.col("state_take_usd").sum())["state_take_usd"].median()

    assert median_2016(wild) < 1.5 * median_2016()


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(repeats=st.integers(1, 4), at=st.integers(0, 13), seed=st.integers(0, 99))
def test_repeats_of_one_origin_change_nothing(rows, ledger, repeats, at, seed):
    again = [
        rows[at]
        | {
            "observation_id": f"z{number}",
            "is_used": False,
            "reason_not_used": f"repeats {rows[at]['observation_id']}",
        }
        for number in range(repeats)
    ]
    alone, with_repeats = model_of(ledger(*rows)), model_of(ledger(*rows, *again))
    theta = 0.3 * np.random.default_rng(seed).normal(size=(2, alone.size))
    for one, other in zip(alone(theta), with_repeats(theta), strict=True):
        assert one.tolist() == other.tolist()


@pytest.mark.parametrize("kind", ["structural_zero", "plan"])
def test_a_zero_or_a_plan_leaves_the_density_as_it_was(rows, row, ledger, kind):
    idle = row("idle", "2019-12-31", "2019-12-31", kind=kind, central=40_000.0)
    without, with_it = model_of(ledger(*rows)), model_of(ledger(*rows, idle))
    theta = 0.3 * np.random.default_rng(6).normal(size=(3, without.size))
    assert with_it(theta)[0].tolist() == without(theta)[0].tolist()


def test_same_seed_same_draws_other_seed_others(rows, ledger):
    effort = labor.Effort(chains=4, warmup=4, least_kept=0, least_ess=0)
    one, again, other = (
        labor.estimate_labor(
            ledger(*rows), draws=32, seed=seed, through=THROUGH, effort=effort
        ).draws
        for seed in (1, 1, 2)
    )
    assert one.equals(again)
    assert not one.equals(other)


def test_every_figure_is_used_or_says_why(rows, row, ledger):
    odd = row("odd", "2016-01-01", "2016-12-31", central=9.0, unit="bushels")
    found = labor.estimate_labor(
        ledger(*rows, odd),
        draws=32,
        seed=1,
        through=THROUGH,
        effort=labor.Effort(chains=4, warmup=4, least_kept=0, least_ess=0),
    )
    figures = found.figures
    assert set(figures["observation_id"]) == {one["observation_id"] for one in [*rows, odd]}
    assert (figures["is_used"] == figures["reason_not_used"].is_null()).all()
    assert figures.filter("is_used").height == len(rows)


def test_a_floor_pulls_the_stock_up_and_a_distant_ceiling_leaves_it(rows, row, ledger):
    theta = np.zeros((1, model_of(ledger(*rows)).size))

    def pull(kind, **cells):
        extra = row("x", "2016-06-01", "2016-06-30", kind=kind, **cells)
        with_it = model_of(ledger(*rows, extra))
        without = model_of(ledger(*rows))
        level = with_it.slices["level"].start
        padded = np.zeros((1, with_it.size))
        return with_it(padded)[1][0, level] - without(theta)[1][0, level]

    people = float(np.exp(model_of(ledger(*rows)).level_mean[0]))
    assert pull("lower_bound", low=3 * people) > 0
    assert pull("upper_bound", high=people / 3) < 0


def test_a_datum_that_settles_the_stock_narrows_the_interval_most(rows, ledger):
    obtainable = pl.DataFrame(
        {
            "datum": ["a roster", "a rumour"],
            "stream": ["labor", "labor"],
            "quantity": ["headcount", "headcount"],
            "counterpart_iso3": ["CHN", "CHN"],
            "window_start_on": [dt.date(2024, 1, 1)] * 2,
            "window_end_on": [dt.date(2024, 12, 31)] * 2,
            "error_sd_log": [0.02, 3.0],
        }
    )
    found = labor.estimate_labor(
        ledger(*rows),
        draws=400,
        seed=1,
        through=THROUGH,
        effort=LITTLE,
        obtainable=obtainable,
    ).value_of_information
    ratio = dict(found.select("datum", "expected_width_ratio").iter_rows())
    assert ratio["a roster"] < 0.9 < ratio["a rumour"]
    assert found.filter(pl.col("rank") == 1)["datum"].to_list() == ["a roster"]


def test_hiding_a_figure_is_never_having_heard_it(rows, ledger):
    whole, without = model_of(ledger(*rows)), model_of(ledger(*rows[1:]))
    hidden = whole.hide({whole.used[0]})
    theta = 0.3 * np.random.default_rng(8).normal(size=(4, whole.size))
    theta[:, whole.slices["bias"]] = 0.0
    moved = np.zeros((4, without.size))
    for name, where in without.slices.items():
        if name != "bias":
            moved[:, where] = theta[:, whole.slices[name]]
    assert hidden(theta)[0] == pytest.approx(without(moved)[0])


def test_the_share_of_paid_months_has_the_mean_its_prior_states(rows, ledger):
    model = model_of(ledger(*rows))
    paid = expit(model.paid_mean + model.paid_sd * np.random.default_rng(1).normal(size=200_000))
    mean, sd = labor_figures.prior_arguments(None)["paid_fraction"]
    assert paid.mean() == pytest.approx(mean, abs=0.005)
    assert paid.std() == pytest.approx(sd, abs=0.01)


@pytest.mark.parametrize("through", [dt.date(2025, 9, 1), dt.date(2025, 12, 1), THROUGH])
def test_a_regime_beyond_the_grid_does_not_reach_into_it(rows, ledger, through):
    def steps(last):
        model = model_of(ledger(*rows), through=last)
        return model.head_sd[model.hosts.index("RUS")]

    long, short = steps(dt.date(2027, 12, 1)), steps(through)
    assert np.array_equal(short, long[: short.size])
