"""Scores, against numbers worked out by hand or by an independent route."""

import numpy as np
import polars as pl
import pytest

from pipelines.estimates import scores


def test_crps_equals_the_double_loop_definition():
    rng = np.random.default_rng(1)
    samples, outcomes = rng.normal(size=(3, 50)), rng.normal(size=3)
    by_pairs = [
        np.abs(x - y).mean() - 0.5 * np.abs(x[:, None] - x[None, :]).mean()
        for x, y in zip(samples, outcomes, strict=True)
    ]
    assert scores.crps(samples, outcomes) == pytest.approx(by_pairs)


def test_crps_of_standard_normal_at_its_centre():
    # Gneiting & Raftery: 2*phi(0) - 1/sqrt(pi) = 0.2337 at y = 0
    samples = np.random.default_rng(2).normal(size=(1, 200_000))
    assert scores.crps(samples, np.zeros(1))[0] == pytest.approx(0.2337, abs=0.003)


def test_wis_of_a_point_forecast_is_the_absolute_error_times_its_weight():
    # every interval has width 0 and misses by 3: (0.5*3 + sum_k alpha_k/2 * 2/alpha_k * 3)/3.5
    samples = np.full((1, 10), 7.0)
    assert scores.wis(samples, np.array([10.0]))[0] == pytest.approx((1.5 + 3 * 3) / 3.5)


def test_a_sharper_forecast_at_the_truth_scores_better():
    rng = np.random.default_rng(3)
    wide, sharp = rng.normal(0, 3, (1, 4000)), rng.normal(0, 1, (1, 4000))
    for score in (scores.crps, scores.wis):
        assert score(sharp, np.zeros(1))[0] < score(wide, np.zeros(1))[0]


def test_jeffreys_of_18_in_20():
    # the interval usually quoted for 18 of 20: roughly .72 to .98
    low, high = scores.jeffreys(18, 20)
    assert (round(low, 2), round(high, 2)) == (0.72, 0.98)


def test_jeffreys_ends_at_the_edge_when_all_are_hit():
    assert scores.jeffreys(5, 5)[1] == 1.0
    with pytest.raises(ValueError, match="not a proportion"):
        scores.jeffreys(6, 5)


def test_calibrated_sample_covers_at_its_level():
    rng = np.random.default_rng(4)
    outcomes = rng.normal(size=2000)
    samples = rng.normal(size=(2000, 400))
    cases = scores.score_case(samples, outcomes).with_columns(
        stream=pl.lit("coal"), test=pl.lit("t"), model=pl.lit("m")
    )
    row = scores.backtest_table(cases).row(0, named=True)
    assert row["n"] == 2000
    assert row["coverage_90_low"] <= 0.9 <= row["coverage_90_high"]
    assert row["coverage_50"] == pytest.approx(0.5, abs=0.04)


def test_unfinished_numbers_are_refused():
    with pytest.raises(ValueError, match="finite"):
        scores.score_case(np.array([[1.0, np.nan]]), np.array([1.0]))


def test_a_case_carries_the_figure_and_its_prediction_in_the_figures_unit():
    samples = np.log(np.linspace(10.0, 110.0, 1001))[None, :]
    row = scores.score_case(samples, np.log([60.0])).row(0, named=True)
    assert row["stated"] == pytest.approx(60.0)
    assert row["q50"] == pytest.approx(60.0, rel=1e-3)
    assert (row["q05"], row["q95"]) == pytest.approx((15.0, 105.0), rel=1e-2)
    as_is = scores.score_case(samples, np.log([60.0]), lambda logs: logs).row(0, named=True)
    assert as_is["stated"] == pytest.approx(np.log(60.0))
    assert as_is["wis"] == row["wis"]
