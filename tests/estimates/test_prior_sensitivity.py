"""Power-scaling against posteriors worked out by hand, and the models' priors against their parts.

The conjugate case throughout: a prior N(0, 1) and one figure 2 with error 1 give the posterior
N(1, 1/2). At alpha = 2 the prior is N(0, 1/2), the posterior N(2/3, 1/3).
"""

import datetime as dt

import duckdb
import numpy as np
import pytest
from scipy.special import ndtri

from pipelines.estimates import coal, coal_windows, labor_figures
from pipelines.estimates.coal_model import CoalModel
from pipelines.estimates.labor_model import IT_WORKERS, LABOR, LaborModel
from pipelines.estimates.prior_sensitivity import (
    LIKELIHOOD,
    Part,
    coal_parts,
    distance,
    labor_parts,
    power_scale,
    smooth_weights,
)
from pipelines.publish.contract import load_contract
from pipelines.warehouse import sql_of

DRAWS = 4_000
YEARS = np.array([2019])
THROUGH = dt.date(2019, 12, 1)
HIDDEN = {"origin_id": "made-up-panel"}


@pytest.fixture(scope="module")
def theta():
    """The conjugate posterior's quantiles, in no order: draws without noise."""
    even = 1 + ndtri((np.arange(DRAWS) + 0.5) / DRAWS) * np.sqrt(0.5)
    return np.random.default_rng(1).permutation(even)


@pytest.fixture(scope="module")
def many():
    """64 independent copies of the conjugate posterior, (draws, 64)."""
    return np.random.default_rng(2).normal(1, np.sqrt(0.5), (DRAWS, 64))


@pytest.fixture
def coal_model(coal_row, ledger):
    figures = coal_windows.read_coal_figures(
        ledger(
            coal_row("a", "2016-01-01", "2016-12-31", central=22.5e6),
            coal_row("b", "2016-01-01", "2016-12-31", central=1.18e9, quantity="export_usd"),
            coal_row("c", "2016-01-01", "2016-12-31", central=22.6e6, origin_id="made-up-echo"),
            coal_row("d", "2019-01-01", "2019-08-31", central=3.7e6, **HIDDEN),
            coal_row("e", "2019-09-01", "2019-12-31", low=0.5e6, kind="lower_bound", **HIDDEN),
            coal_row("f", "2019-01-01", "2019-12-26", central=71.0, quantity="vessel_calls",
                     kind="count", unit="count", origin_id="made-up-images"),
            coal_row("g", "2019-06-01", "2019-06-30", low=40.0, high=50.0, kind="price",
                     quantity="price_usd_per_t", origin_id="made-up-press"),
        ),
        THROUGH,
    )  # fmt: skip
    return CoalModel(figures, coal_windows.prior_arguments(coal_windows.reference_priors()))


def labor_model(row, ledger, setting):
    wage = {"quantity": "gross_wage", "kind": "price", "central": 300.0, "unit": "USD/month"}
    cells = {"stream": setting.stream, "counterpart_iso3": "CHN", "sector": "all"}
    rows = (
        row("a", "2016-01-01", "2016-12-31", quantity="headcount", central=9_000.0, unit="persons"),
        row("b", "2016-01-01", "2016-12-31", **wage),
    )
    figures = labor_figures.read_labor_figures(
        ledger(*(one | cells for one in rows)),
        setting.stream,
        first=labor_figures.FIRST_MONTH,
        through=THROUGH,
    )
    return LaborModel(figures, labor_figures.prior_arguments(None), setting)


def one(table, **cells):
    for name, value in cells.items():
        table = table.filter(table[name] == value)
    return table.row(0, named=True)


def test_a_prior_twice_and_half_as_strong_moves_the_posterior_as_by_hand(theta):
    income = np.exp(theta)[:, None]
    table = power_scale("coal", YEARS, income, {"level": Part(-0.5 * theta**2)})
    away = 1.6449
    for alpha, mean, variance in ((2.0, 2 / 3, 1 / 3), (0.5, 4 / 3, 2 / 3)):
        row = one(table, alpha=alpha)
        assert row["is_reliable"]
        assert row["method"] == "reweighted"
        assert np.log(row["median_ratio"]) == pytest.approx(mean - 1, abs=0.01)
        upper = mean + away * np.sqrt(variance) - (1 + away * np.sqrt(0.5))
        lower = mean - away * np.sqrt(variance) - (1 - away * np.sqrt(0.5))
        assert np.log(row["q95_ratio"]) == pytest.approx(upper, abs=0.03)
        assert np.log(row["q05_ratio"]) == pytest.approx(lower, abs=0.03)


def test_a_stronger_likelihood_pulls_the_other_way(theta):
    parts = {"level": Part(-0.5 * theta**2), LIKELIHOOD: Part(-0.5 * (2 - theta) ** 2)}
    table = power_scale("coal", YEARS, np.exp(theta)[:, None], parts)
    row = one(table, prior=LIKELIHOOD, alpha=2.0)
    assert np.log(row["median_ratio"]) == pytest.approx(4 / 3 - 1, abs=0.01)
    # prior and figure disagree by two standard deviations: both are felt, and said to be
    assert table["is_sensitive"].all()


def test_power_one_changes_nothing(theta):
    table = power_scale(
        "coal", YEARS, np.exp(theta)[:, None], {"level": Part(-0.5 * theta**2)}, alphas=(1.0,)
    )
    row = table.row(0, named=True)
    assert [row[f"{point}_ratio"] for point in ("median", "q05", "q95")] == pytest.approx([1] * 3)
    assert row["is_reliable"]


def test_a_prior_that_does_not_bear_on_income_is_not_felt(theta):
    other = np.random.default_rng(3).normal(size=DRAWS)
    table = power_scale("coal", YEARS, np.exp(other)[:, None], {"level": Part(-0.5 * theta**2)})
    assert not table["is_sensitive"].any()
    assert table["sensitivity"].max() < 0.02


def test_weights_that_cannot_reach_the_new_posterior_are_called_unreliable(many):
    income = np.exp(many.sum(axis=1) / 80)[:, None]
    table = power_scale("coal", YEARS, income, {"steps": Part(-0.5 * (many**2).sum(axis=1))})
    row = one(table, alpha=2.0)
    assert not row["is_reliable"]
    assert row["pareto_k"] > 0.5
    assert row["method"] is None
    assert row["median_ratio"] is None


def test_many_normal_coordinates_move_as_by_hand_without_weights(many):
    # log income has mean 64/80 = 0.8 and variance 64 * 0.5 / 80^2; means fall to 2/3, variances too
    income = np.exp(many.sum(axis=1) / 80)[:, None]
    part = Part(-0.5 * (many**2).sum(axis=1), many)
    row = one(power_scale("coal", YEARS, income, {"steps": part}), alpha=2.0)
    assert row["method"] == "normal"
    assert np.log(row["median_ratio"]) == pytest.approx(-0.8 / 3, abs=0.02)
    narrower = np.log(row["q95_ratio"] / row["q05_ratio"])
    before = 2 * 1.6449 * np.sqrt(0.5) / 10
    assert narrower == pytest.approx((np.sqrt(2 / 3) - 1) * before, abs=0.02)
    assert row["is_sensitive"]


def test_coordinates_without_bearing_neither_move_nor_narrow_income(many):
    income = np.exp(np.random.default_rng(4).normal(0, 0.5, (DRAWS, 1)))
    part = Part(-0.5 * (many**2).sum(axis=1), many)
    table = power_scale("coal", YEARS, income, {"steps": part})
    for alpha in (0.5, 2.0):
        row = one(table, alpha=alpha)
        for point in ("median", "q05", "q95"):
            assert row[f"{point}_ratio"] == pytest.approx(1, abs=0.08)


@pytest.mark.parametrize("k", [0.3, 0.9])
def test_the_tail_of_pareto_weights_is_found(k):
    # exp(k E) with E exponential has a tail of shape k; the fit is drawn a little towards 0.5
    log_ratios = k * np.random.default_rng(5).exponential(size=(20, DRAWS))
    weights, found = smooth_weights(log_ratios)
    assert found.mean() == pytest.approx(k, abs=0.06)
    assert weights.sum(axis=1) == pytest.approx(np.ones(20))
    assert (np.diff(weights[0][np.argsort(log_ratios[0])]) >= -1e-15).all()


def test_distance_is_nought_for_equal_weights_and_at_most_one():
    x = np.linspace(0, 1, 101)
    first, last = np.eye(101)[[0, 100]]
    apart = distance(x, np.stack([np.full(101, 1 / 101), first, last]))
    assert apart[0] == pytest.approx(0, abs=1e-6)
    assert (apart[1:] > 0.3).all()
    assert (apart <= 1).all()


@pytest.mark.parametrize("fault", ["negative income", "power", "shape"])
def test_what_makes_no_sense_is_refused(theta, fault):
    income = np.exp(theta)[:, None] * (-1 if fault == "negative income" else 1)
    part = Part(theta[:10] if fault == "shape" else theta)
    alphas = (0.0,) if fault == "power" else (2.0,)
    with pytest.raises(ValueError, match="income"):
        power_scale("coal", YEARS, income, {"level": part}, alphas=alphas)


def test_every_coal_parameter_is_in_one_group_and_standard_normal_a_priori(coal_model):
    coal_model.ceiling = coal_model.ceiling + 100  # out of reach: the ceiling weighs worlds
    theta = coal.simulate_prior(coal_model, DRAWS, np.random.default_rng(6))
    parts = coal_parts(coal_model, theta)
    grouped = [part.standard for part in parts.values() if part.standard is not None]
    assert sum(one.shape[1] for one in grouped) + len(coal_model.seen_keys) == theta.shape[1]
    every = np.concatenate(grouped, axis=1)
    assert np.abs(every.mean(axis=0)).max() < 0.08
    assert every.std(axis=0) == pytest.approx(np.ones(every.shape[1]), abs=0.06)


def test_what_no_figure_sees_moves_the_coal_priors_alone(coal_model):
    theta = coal.simulate_prior(coal_model, 30, np.random.default_rng(7))
    layout, moved = coal_model.layout, theta.copy()
    # the recorded path is a coordinate itself: levels and scales behind it touch only its prior
    moved[:, layout["level"].start] += 0.3
    moved[:, layout["log_innovation"].start : layout["log_innovation"].stop - 1] -= 0.2
    before, after = (coal_parts(coal_model, values) for values in (theta, moved))
    changed = {
        name
        for name in before
        if not np.allclose(before[name].log_density, after[name].log_density, rtol=0, atol=1e-6)
    }
    assert changed == {
        "tonnage level before the ban",
        "monthly path of tonnage on record",
        "scales of monthly tonnage",
    }


@pytest.mark.parametrize("setting", [LABOR, IT_WORKERS])
def test_without_figures_the_labor_likelihood_is_flat(coal_row, ledger, setting):
    model = labor_model(coal_row, ledger, setting)
    theta = np.random.default_rng(8).normal(size=(30, model.size))
    parts = labor_parts(model, theta)
    assert np.ptp(parts[LIKELIHOOD].log_density) > 1
    hidden = labor_parts(model.hide(set(model.used)), theta)
    assert hidden[LIKELIHOOD].log_density == pytest.approx(np.zeros(30), abs=1e-9)
    grouped = sum(part.standard.shape[1] for part in parts.values() if part.standard is not None)
    # origin errors are not scaled as normal, and nothing speaks of entries
    idle = ["bias", "crossings", "work_share", "stay"]
    idle += [] if setting.has_regimes else ["kept", "haste"]
    left = sum(model.slices[name].stop - model.slices[name].start for name in idle)
    assert grouped + left == model.size


def test_the_published_table_has_one_row_per_grain(coal_row, ledger):
    fit = coal.estimate_coal(
        ledger(
            coal_row("a", "2016-01-01", "2016-12-31", central=22.5e6),
            coal_row("b", "2016-01-01", "2016-12-31", central=1.18e9, quantity="export_usd"),
            coal_row("c", "2019-01-01", "2019-08-31", central=3.7e6, **HIDDEN),
        ),
        coal_windows.reference_priors(),
        draws=60,
        seed=1,
        through=THROUGH,
        effort=coal.Effort(chains=4, warmup=6, kept_per_draw=1, least=4, least_ess=0),
    )
    made = fit.prior_sensitivity
    promised = load_contract()["prior_sensitivity"]
    with duckdb.connect() as connection:
        connection.execute("create schema estimates")
        connection.execute("create table estimates.prior_sensitivity as select * from made")
        table = connection.sql(sql_of("published.prior_sensitivity")).pl()
    assert table.columns == promised.column_names
    assert table.height == made.height
    assert table.select(promised.grain).is_duplicated().sum() == 0
    years, alphas = table["year"].n_unique(), table["alpha"].n_unique()
    assert table.height == years * alphas * table["prior"].n_unique()
    assert set(table["year"]) == set(range(2009, 2020))
