"""Backtests of labor on a small ledger typed here; every value is made up."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from pipelines.estimates import backtest_labor, labor, labor_figures
from pipelines.estimates.backtest_coal import uniformity

THROUGH = dt.date(2021, 12, 1)
UNITS = {"headcount": "persons", "gross_wage": "USD/month", "state_share": "share"}


@pytest.fixture
def observations(coal_row, ledger):
    """Three origins on each quantity of IT workers, over three years."""
    rows = []
    for number, year in enumerate((2019, 2020, 2021)):
        for quantity, value in (
            ("headcount", 1_000.0 + 500 * number),
            ("gross_wage", 4_000.0 + 400 * number),
            ("state_share", 0.7 + 0.05 * number),
        ):
            name = f"{quantity}-{year}"
            made = coal_row(name, f"{year}-01-01", f"{year}-12-31", central=value)
            made |= {
                "stream": "it_workers",
                "quantity": quantity,
                "counterpart_iso3": "WLD",
                "sector": "it",
                "unit": UNITS[quantity],
                "origin_id": f"origin-{year}",
            }
            rows.append(made)
    return ledger(*rows)


@pytest.fixture
def bench(observations, monkeypatch):
    monkeypatch.setattr(backtest_labor, "FULL_DRAWS", 800)
    return backtest_labor.bench_of(
        observations, labor_figures.reference_priors(), "it_workers", THROUGH, 1
    )


def test_folds_leave_out_origins_years_and_the_future(bench):
    folds = backtest_labor.folds_of(bench.model, THROUGH)
    named = {(fold.test, fold.name): fold for fold in folds}
    assert named["leave_one_origin_out", "origin-2020"].scored == (
        "gross_wage-2020",
        "headcount-2020",
        "state_share-2020",
    )
    ahead = named["forward", "2021"]
    assert ahead.hidden == {"gross_wage-2021", "headcount-2021", "state_share-2021"}
    # nothing is known before 2019, so no estimator could have spoken then
    assert ("forward", "2019") not in named


def test_weighting_stands_in_for_sampling_anew(bench):
    rows = {bench.model.used[0]}
    generator = np.random.default_rng(2)
    weighted = backtest_labor.reweight(bench, rows, generator)
    again = backtest_labor.refit(bench, rows, seed=3, name="test")
    assert weighted is not None
    centres = [
        np.median(bench.model.predict_centres(fit.theta)[:, :6], axis=0)
        for fit in (weighted, again)
    ]
    assert centres[0] == pytest.approx(centres[1], abs=0.15)


def test_weights_too_uneven_are_refused(bench):
    # every figure on workers at once: the full fit says little of a world without them
    workers = {
        row
        for row, role in zip(bench.model.used, bench.model.roles, strict=True)
        if role == "headcount"
    }
    assert backtest_labor.reweight(bench, workers, np.random.default_rng(2)) is None


def test_every_model_is_scored_on_the_same_figures(bench):
    fold = backtest_labor.folds_of(bench.model, THROUGH)[1]
    cases = backtest_labor.score_fold(bench, fold, seed=1)
    models = {labor.MODEL, "baseline", "last_value", "log_interpolation", "range_midpoint"}
    assert set(cases["model"]) == models
    assert cases.height == len(models) * len(fold.scored)
    assert (cases["wis"] >= 0).all()


def test_a_stopped_suite_resumes_to_the_same_scores(observations, tmp_path):
    def run():
        return backtest_labor.run_backtests(
            observations,
            labor_figures.reference_priors(),
            "it_workers",
            seed=1,
            through=THROUGH,
            store=tmp_path,
            code="c",
        )

    first = run()
    kept = sorted(tmp_path.glob("*.parquet"))
    kept[0].unlink()
    assert run().equals(first)


def test_ranks_of_made_up_worlds_lie_inside_the_unit_interval(observations):
    ranks = backtest_labor.calibrate(
        observations,
        labor_figures.reference_priors(),
        "it_workers",
        worlds=3,
        seed=1,
        through=THROUGH,
    )
    assert ranks["rank"].is_between(0, 1).all()
    assert ranks.group_by("world").len()["len"].n_unique() == 1
    assert isinstance(uniformity(ranks), pl.DataFrame)
