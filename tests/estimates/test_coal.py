"""The coal model on small made-up ledgers: gradient, invariances, and what it must recover."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from scipy.stats import kstest

from pipelines.estimates import backtest_coal, coal, coal_windows, sampler
from pipelines.estimates.coal_model import CoalModel

THROUGH = dt.date(2019, 12, 1)
QUICK = coal.Effort(chains=8, warmup=120, kept_per_draw=1, least=1, least_ess=0)
# enough for tests that compare draws bit by bit
GLIMPSE = coal.Effort(chains=4, warmup=6, kept_per_draw=1, least=4, least_ess=0)


@pytest.fixture(scope="module")
def priors():
    return coal_windows.reference_priors()


@pytest.fixture
def every_kind(coal_row, ledger):
    """One figure of each kind the model reads, around the ban."""
    year = ("2016-01-01", "2016-12-31")
    ban = ("2019-01-01", "2019-08-31")
    hidden = {"origin_id": "made-up-panel"}
    return ledger(
        coal_row("a", *year, central=22.4e6, counterpart_iso3="CHN", sector="HS270111"),
        coal_row("b", *year, central=1.18e9, quantity="export_usd", counterpart_iso3="CHN"),
        coal_row("c", *year, central=1.2e9, quantity="export_usd", counterpart_iso3="CHN",
                 sector="HS27"),
        coal_row("d", *year, central=22.5e6, origin_id="made-up-compiler"),
        coal_row("e", "2016-08-01", "2016-08-31", central=2_465_000.0, counterpart_iso3="CHN"),
        coal_row("f", "2015-01-01", "2015-12-31", central=19.6e6, counterpart_iso3="CHN"),
        coal_row("g", *ban, central=3.7e6, **hidden),
        coal_row("h", *ban, central=370e6, quantity="export_usd", kind="usd_total", **hidden),
        coal_row("i", "2019-09-01", "2019-12-31", low=0.5e6, kind="lower_bound", **hidden),
        coal_row("j", "2019-05-01", "2019-08-31", central=47.0, quantity="shipments",
                 kind="count", unit="count", **hidden),
        coal_row("k", "2019-01-01", "2019-12-26", central=71.0, quantity="vessel_calls",
                 kind="count", unit="count", origin_id="made-up-images"),
        coal_row("l", "2018-03-01", "2018-04-01", central=25_500.0,
                 quantity="cargo_t_per_shipment", **hidden),
        coal_row("m", "2019-06-01", "2019-06-30", low=40.0, high=50.0, kind="price",
                 quantity="price_usd_per_t", origin_id="made-up-press"),
        coal_row("n", "2019-01-01", "2019-12-31", low=346e6, kind="lower_bound",
                 quantity="export_usd", **hidden),
        coal_row("o", "2018-01-01", "2018-12-31", low=100e6, high=250e6, kind="interval",
                 quantity="export_usd", **hidden),
        coal_row("p", "2018-06-01", "2018-06-30", low=3000.0, kind="lower_bound",
                 quantity="cargo_t_per_shipment", **hidden),
    )  # fmt: skip


def model_of(observations, priors):
    figures = coal_windows.read_coal_figures(observations, THROUGH)
    return CoalModel(figures, coal_windows.prior_arguments(priors))


def run(observations, priors, *, draws=240, seed=5, effort=QUICK):
    return coal.estimate_coal(
        observations, priors, draws=draws, seed=seed, through=THROUGH, effort=effort
    )


def test_gradient_equals_finite_differences(every_kind, priors):
    model = model_of(every_kind, priors)
    assert not {"tonnes", "usd", "chapter", "floor_t", "usd_mixed", "floor_usd", "count", "berth",
                "lot", "price"} - set(model.roles)  # fmt: skip
    theta = model.start()[0] + np.random.default_rng(1).normal(0, 0.2, model.layout.size)
    _, gradient = model(theta[None, :])
    step = 1e-5 * np.eye(theta.size)
    numeric = (model(theta + step)[0] - model(theta - step)[0]) / 2e-5
    assert gradient[0] == pytest.approx(numeric, rel=1e-4, abs=1e-4)


def test_grouped_coordinates_come_back(every_kind, priors):
    model = model_of(every_kind, priors)
    n = model.n_recorded
    path = np.random.default_rng(2).normal(13, 1, (3, n))
    theta = np.zeros((3, model.layout.size))
    start = model.layout["log_tonnes"].start
    theta[:, start : start + n] = model.grouped(path)
    assert model.log_tonnes(theta)[:, :n] == pytest.approx(path)


def test_a_zero_under_the_ban_has_no_effect(every_kind, coal_row, ledger, priors):
    zero = ledger(coal_row("z", "2018-01-01", "2018-12-31", central=0.0, kind="structural_zero"))
    with_zero = run(pl.concat([every_kind, zero]), priors, draws=16, effort=GLIMPSE)
    assert with_zero.draws.equals(run(every_kind, priors, draws=16, effort=GLIMPSE).draws)
    fate = with_zero.figures.filter(pl.col("observation_id") == "z").row(0, named=True)
    assert not fate["is_used"]
    assert "ban" in fate["reason_not_used"]


@pytest.mark.parametrize("value", [3.7e6, 3.74e6])
def test_a_repeat_by_the_same_origin_changes_nothing(every_kind, coal_row, ledger, priors, value):
    echo = ledger(
        coal_row("zz", "2019-01-01", "2019-08-31", central=value, origin_id="made-up-panel")
    )
    repeated = run(pl.concat([every_kind, echo]), priors, draws=16, effort=GLIMPSE)
    if value == 3.7e6:
        assert repeated.draws.equals(run(every_kind, priors, draws=16, effort=GLIMPSE).draws)
    # 3.74 Mt is the fuller figure of which 3.7 Mt is the rounding: still one statement
    used = repeated.figures.filter("is_used")["observation_id"].to_list()
    assert ("g" in used) != ("zz" in used)


def test_same_seed_same_draws_whatever_the_row_order(every_kind, priors):
    one = run(every_kind, priors, draws=16, effort=GLIMPSE)
    assert one.draws.equals(run(every_kind.reverse(), priors, draws=16, effort=GLIMPSE).draws)
    assert not one.draws.equals(run(every_kind, priors, draws=16, seed=6, effort=GLIMPSE).draws)


def test_recorded_years_are_held_to_customs(every_kind, priors):
    fit = run(every_kind, priors, draws=600, effort=coal.Effort(8, 150, 1, 1, 0))
    by_year = (
        fit.draws.group_by("draw", year=pl.col("month").dt.year())
        .agg(pl.col("tonnes", "gross_fob_usd").sum())
        .group_by("year")
        .agg(pl.all().exclude("draw").median())
        .sort("year")
    )
    row = by_year.filter(pl.col("year") == 2016).row(0, named=True)
    assert row["tonnes"] == pytest.approx(22.5e6, rel=0.02)
    assert row["gross_fob_usd"] == pytest.approx(1.18e9, rel=0.02)
    # a conflict of prices (100 against 45 USD/t) must show as width
    ban = fit.draws.filter(pl.col("month").is_between(dt.date(2019, 1, 1), dt.date(2019, 8, 1)))
    total = ban.group_by("draw").agg(pl.col("gross_fob_usd").sum())["gross_fob_usd"]
    assert total.quantile(0.95) / total.quantile(0.05) > 1.8
    # a stray one happens in a fit this short; a bad geometry makes hundreds
    assert fit.n_divergent < 12
    figures = fit.figures
    assert figures["observation_id"].to_list() == sorted(every_kind["observation_id"])
    assert (figures["is_used"] == figures["reason_not_used"].is_null()).all()
    assert figures.filter("is_used")["posterior_quantile"].null_count() == 0
    assert fit.sensitivity["variance_share"].min() >= 0
    assert fit.contraction.filter(pl.col("year") == 2016)["contraction"][0] > 0.9


def test_a_datum_on_tonnage_narrows_its_year_more_than_one_far_away(every_kind, priors):
    obtainable = pl.DataFrame(
        {
            "datum": ["2018 tonnage", "2018 price, badly known"],
            "stream": ["coal", "coal"],
            "quantity": ["export_t", "price_usd_per_t"],
            "window_start_on": [dt.date(2018, 1, 1)] * 2,
            "window_end_on": [dt.date(2018, 12, 31)] * 2,
            "error_sd_log": [0.02, 3.0],
        }
    )
    table = coal.estimate_coal(
        every_kind, priors, draws=400, seed=5, through=THROUGH, obtainable=obtainable, effort=QUICK
    ).value_of_information
    ratio = dict(table.select("datum", "expected_width_ratio").iter_rows())
    assert ratio["2018 tonnage"] < 0.95
    assert ratio["2018 price, badly known"] > ratio["2018 tonnage"]
    assert table["rank"].sort().to_list() == [1, 2]


def test_simulation_based_calibration_is_uniform(every_kind, priors):
    ranks = backtest_coal.calibrate(
        every_kind,
        priors,
        worlds=9,
        seed=3,
        through=THROUGH,
        effort=coal.Effort(chains=8, warmup=80, kept_per_draw=1, least=1, least_ess=0),
        draws=120,
    )
    # quantities of one world move together, so worlds are the sample: one quantity at a time
    for quantity in ("income 2016", "tonnes 2018", "log_lot", "price_level"):
        shares = ranks.filter(pl.col("quantity") == quantity)["rank"]
        assert kstest(shares.to_numpy(), "uniform").pvalue > 0.002, quantity


def test_folds_hide_what_they_score(every_kind):
    folds = backtest_coal.folds_of(every_kind, THROUGH)
    tests = {fold.test for fold in folds}
    assert tests == {"leave_one_origin_out", "leave_one_year_out", "forward", "rewind"}
    for fold in folds:
        assert set(fold.scored) <= fold.hidden
        assert fold.scored
    rewind = next(fold for fold in folds if fold.test == "rewind")
    assert {"a", "b", "c", "d", "e", "f"} == rewind.hidden


def test_comparators_pass_through_the_known_points():
    days = np.array([0.0, 100.0, 200.0])
    logs = np.array([1.0, 3.0, 2.0])
    assert backtest_coal._interpolate(days, logs, 50.0) == pytest.approx(2.0)
    assert backtest_coal._last(days, logs, 150.0) == 3.0
    assert backtest_coal._midpoint(days, logs, 100.0) == pytest.approx(2.0)


def test_a_stopped_suite_resumes(every_kind, priors, tmp_path):
    observations = every_kind.filter(~pl.col("observation_id").is_in(["n"]))
    done: list[str] = []

    def stop_after_two(at, total, name):
        done.append(name)
        if at == 2:
            raise KeyboardInterrupt

    def suite(progress):
        return backtest_coal.run_backtests(
            observations, priors, seed=1, through=THROUGH, store=tmp_path, code="t",
            progress=progress,
        )  # fmt: skip

    with pytest.MonkeyPatch.context() as patch:
        calls: list[str] = []

        def fake(observations, priors, fold, *, seed, through):
            calls.append(fold.name)
            return pl.DataFrame({"fold": [fold.name]})

        patch.setattr(backtest_coal, "score_fold", fake)
        with pytest.raises(KeyboardInterrupt):
            suite(stop_after_two)
        assert len(calls) == 2
        result = suite(None)
        assert len(calls) == result.height
        assert result.height == len(backtest_coal.folds_of(observations, THROUGH))


def test_a_stuck_year_forbids_publishing_and_a_good_fit_does_not():
    good = pl.DataFrame(
        {"name": ["income 2020", "tonnes 2020-01"], "rhat": [1.01, 1.1], "ess_bulk": [900.0, 90.0],
         "ess_tail": [800.0, 80.0]}
    )  # fmt: skip
    assert sampler.troubles(good, 0) == []
    stuck = good.with_columns(rhat=pl.Series([1.4, 1.1]))
    assert "income 2020" in sampler.troubles(stuck, 0)[0]
    assert "divergent" in sampler.troubles(good, 500)[0]
