"""A second, independent sampler on a reduced coal model, written anew, must agree with ours."""

import datetime as dt

import numpy as np
import pytest

from pipelines.estimates import coal, coal_windows
from pipelines.estimates.coal_model import CoalModel
from tests.estimates.agreement import assert_same_posterior

pm = pytest.importorskip("pymc", reason="the developers' environment has PyMC and nutpie")
nutpie = pytest.importorskip("nutpie", reason="the developers' environment has PyMC and nutpie")

THROUGH = dt.date(2010, 12, 1)


@pytest.fixture
def reduced(coal_row, ledger):
    return ledger(
        coal_row("a", "2009-01-01", "2009-12-31", central=3_598_164.0),
        coal_row("b", "2010-01-01", "2010-12-31", central=4_649_694.0),
        coal_row("c", "2010-08-01", "2010-08-31", central=830_000.0),
        coal_row("d", "2009-01-01", "2009-12-31", central=250_000_000.0, quantity="export_usd"),
        coal_row("e", "2010-11-01", "2010-11-30", central=82.0, kind="price",
                 quantity="price_usd_per_t"),
    )  # fmt: skip


def by_nutpie(priors, ceiling):
    """The same posterior in PyMC: shocks as parameters, months as sums of what shocks leave."""
    months = 24
    lag = np.subtract.outer(np.arange(months), np.arange(months))
    keep, keep_price, keep_slow = (
        priors[name][0] for name in ("tonnage_persistence", "price_persistence", "slow_persistence")
    )
    halting = np.zeros(months, dtype=int)
    halting[8:19] = 1  # September 2009 to July 2010
    knots = np.arange(0, 30, 6)
    slow_lag = np.subtract.outer(np.arange(5), np.arange(5))
    at_knots = np.where(slow_lag >= 0, keep_slow ** np.maximum(slow_lag, 0), 0.0)
    slow_path = np.stack([np.interp(np.arange(months), knots, col) for col in at_knots.T], axis=1)
    error = priors["recorded_error_sd"][0]

    def total_error(value, unit):
        return float(np.hypot(error, 0.5 * unit / value))

    with pm.Model() as model:
        level = pm.Normal("level", *priors["free_level_log_t"])
        log_s = pm.Normal(
            "log_s",
            [priors["recorded_innovation_sd"][0], priors["halting_innovation_sd"][0]],
            [priors["recorded_innovation_sd"][1], priors["halting_innovation_sd"][1]],
            shape=2,
        )
        slow = pm.Normal("slow", 0, 1, shape=5)
        shock = pm.Normal("shock", 0, 1, shape=months)
        scale = pm.math.exp(log_s)[halting]
        scale = pm.math.concatenate([np.ones(1), scale[1:]])
        leave = np.where(lag >= 0, keep ** np.maximum(lag, 0.0), 0.0)
        x = level + priors["slow_step_sd"][0] * pm.math.dot(slow_path, slow)
        x = x + pm.math.dot(leave, scale * shock)
        base = pm.Normal("base", *priors["price_level_log"])
        log_sp = pm.Normal("log_sp", *priors["price_innovation_sd"])
        shock_p = pm.Normal("shock_p", 0, 1, shape=months)
        scale_p = pm.math.concatenate([np.array([0.4]), pm.math.exp(log_sp) * np.ones(months - 1)])
        leave = np.where(lag >= 0, keep_price ** np.maximum(lag, 0.0), 0.0)
        p = base + pm.math.dot(leave, scale_p * shock_p)
        tonnes = pm.math.exp(x)
        money = tonnes * pm.math.exp(p)
        first, second = pm.math.log(tonnes[:12].sum()), pm.math.log(tonnes[12:].sum())
        paid = pm.math.log(money[:12].sum())
        for name, mean, value, unit in (
            ("a", first, 3_598_164.0, 1.0),
            ("b", second, 4_649_694.0, 1.0),
            ("c", x[19], 830_000.0, 1e4),
            ("d", paid, 250_000_000.0, 1e7),
        ):
            pm.StudentT(name, nu=4, mu=mean, sigma=total_error(value, unit), observed=np.log(value))
        pm.StudentT("e", nu=4, mu=p[22], sigma=0.03, observed=np.log(82.0))
        for name, year in (("first", first), ("second", second)):
            z = (ceiling[0] - year) / ceiling[1]
            pm.Potential(f"ceiling_{name}", pm.logcdf(pm.Normal.dist(0, 1), z))
        pm.Deterministic("x", x)
        pm.Deterministic("p", p)
        pm.Deterministic("paid_2010", pm.math.log(money[12:].sum()))
    trace = nutpie.sample(
        nutpie.compile_pymc_model(model),
        draws=1500, tune=800, chains=4, cores=1, seed=7, progress_bar=False, target_accept=0.9,
    )  # fmt: skip
    posterior = trace.posterior
    return {name: posterior[name].to_numpy().reshape(6000, -1) for name in ("x", "p", "paid_2010")}


def test_two_samplers_agree_within_monte_carlo_error(reduced):
    priors = coal_windows.prior_arguments(coal_windows.reference_priors())
    model = CoalModel(coal_windows.read_coal_figures(reduced, THROUGH), priors)
    assert model.roles.count("tonnes") == 3
    fit = coal.fit_model(
        model,
        draws=6000,
        seed=7,
        effort=coal.Effort(chains=16, warmup=400, kept_per_draw=1, least_ess=0),
    )
    ours = {
        "x": fit.log_tonnes,
        "p": fit.log_price,
        "paid_2010": np.log(
            np.exp(fit.log_tonnes + fit.log_price)[:, 12:].sum(axis=1, keepdims=True)
        ),
    }
    theirs = by_nutpie(priors, priors["ceiling_recorded_log_t"])
    # with some 1,000 effective draws each, a mean errs by 0.03 of a spread, an end by 0.08
    assert_same_posterior(ours, theirs, mean=0.2, ends=0.25, levels=(0.1, 0.5, 0.9))
