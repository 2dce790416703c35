"""Scores, against numbers worked out by hand or by an independent route."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm

from pipelines.draws import named_generator
from pipelines.inference import calibration, scores


def check_wis_of_a_miss_above():
    """0, 1, … 100 and the truth 110: by hand.

    Median 50: 0.5 x 60. Intervals 25-75, 10-90, 5-95 miss by 35, 20, 15; each costs
    alpha/2 x width + miss: .25 x 50 + 35, .1 x 80 + 20, .05 x 90 + 15.
    """
    score = scores.wis(np.arange(101.0)[None, :], np.array([110.0]))[0]
    assert score == pytest.approx((30 + 47.5 + 28 + 19.5) / 3.5)


def test_wis_of_a_miss_above_by_hand():
    check_wis_of_a_miss_above()


def test_wis_of_a_point_forecast_is_the_absolute_error_times_its_weight():
    # every interval has width 0 and misses by 3: (0.5*3 + sum_k alpha_k/2 * 2/alpha_k * 3)/3.5
    samples = np.full((1, 10), 7.0)
    assert scores.wis(samples, np.array([10.0]))[0] == pytest.approx((1.5 + 3 * 3) / 3.5)


def test_crps_equals_the_double_loop_definition():
    rng = np.random.default_rng(1)
    samples, outcomes = rng.normal(size=(3, 50)), rng.normal(size=3)
    by_pairs = [
        np.abs(x - y).mean() - 0.5 * np.abs(x[:, None] - x[None, :]).mean()
        for x, y in zip(samples, outcomes, strict=True)
    ]
    assert scores.crps(samples, outcomes) == pytest.approx(by_pairs)


def test_a_case_carries_the_figure_and_its_prediction_in_the_figures_unit():
    samples = np.log(np.linspace(10.0, 110.0, 1001))[None, :]
    row = scores.score_case(samples, np.log([60.0])).row(0, named=True)
    assert row["stated"] == pytest.approx(60.0)
    assert (row["q05"], row["q50"], row["q95"]) == pytest.approx((15.0, 60.0, 105.0), rel=1e-2)
    assert row["quantile"] == pytest.approx(0.5, abs=1e-3)
    downwards = scores.score_case(samples, np.log([60.0]), lambda logs: -logs).row(0, named=True)
    assert downwards["q05"] < downwards["q95"]


def test_unfinished_numbers_are_refused():
    with pytest.raises(ValueError, match="finite"):
        scores.score_case(np.array([[1.0, np.nan]]), np.array([1.0]))


def test_coverage_interval_counts_roots_not_figures():
    # ten roots, each wholly in or wholly out: 20 figures a root say no more than one
    hits, n = np.array([1] * 6 + [0] * 4), np.ones(10, dtype=int)
    alone, many = scores.coverage_interval(hits, n), scores.coverage_interval(20 * hits, 20 * n)
    assert alone == many
    # binomial(10, .6)/10 has its 2.5 and 97.5% points at .3 and .9
    assert alone == pytest.approx((0.3, 0.9))


def test_all_covered_by_few_roots_still_leaves_doubt():
    # Jeffreys for 8 of 8: Beta(8.5, .5) at 2.5% is .744
    low, high = scores.coverage_interval(np.full(8, 3), np.full(8, 3))
    assert (round(low, 2), high) == (0.74, 1.0)
    low, high = scores.coverage_interval(np.zeros(8), np.full(8, 3))
    assert (low, round(high, 2)) == (0.0, 0.26)


def cases_of(eras, covered, test="leave_one_root_out"):
    n = len(eras)
    return pl.DataFrame(
        {
            "stream": "toy",
            "test": test,
            "fold": "f",
            "model": "density",
            "observation_id": [f"o{i}" for i in range(n)],
            "era": eras,
            "quantity": ["a", "b"] * (n // 2),
            "root_id": [f"r{i}" for i in range(n)],
            "crps": 1.0,
            "wis": [float(i) for i in range(n)],
            **{f"is_covered_{level}": covered for level in (50, 80, 90)},
        }
    )


def test_scores_stand_by_era_and_quantity_and_never_reach_over_the_ban():
    eras = ["before_ban"] * 8 + ["ban"] * 2 + ["border_closed"] * 4 + ["since_reopening"] * 2
    table = scores.backtest_table(cases_of(eras, [True] * 8 + [False] * 8))
    coverage = dict(
        table.filter(pl.col("quantity") == "all").select("era", "coverage_90").iter_rows()
    )
    assert coverage.pop("before_ban") == 1.0
    assert set(coverage) == {*scores.POOLED, "ban", "border_closed", "since_reopening"}
    assert set(coverage.values()) == {0.0}
    row = table.row(
        by_predicate=(pl.col("era") == "after_closure") & (pl.col("quantity") == "a"), named=True
    )
    assert (row["n"], row["n_roots"], row["wis"]) == (3, 3, 12.0)


@pytest.mark.parametrize(
    ("n", "hits", "verdict"),
    [(7, 7, "too few to judge"), (8, 0, "too narrow"), (20, 18, "holds"), (40, 40, "too wide")],
)
def test_a_verdict_needs_eight_roots(n, hits, verdict):
    covered = [i < hits for i in range(n)]
    cases = (
        cases_of(["ban"] * n, covered, "t")
        if n % 2 == 0
        else cases_of(["ban"] * (n + 1), [*covered, True], "t").head(n)
    )
    table = scores.backtest_table(cases)
    assert (
        table.filter(pl.col("quantity") == "all", pl.col("era") == "ban")["verdict"].item()
        == verdict
    )


def test_the_record_stop_has_its_own_bar():
    covered = [i < 9 for i in range(10)]
    cases = cases_of(["before_ban"] * 10, covered, "record_stop")
    half = cases.with_columns(is_covered_50=pl.Series([i < 5 for i in range(10)]))

    def verdict(frame):
        table = scores.backtest_table(frame)
        return table.filter(pl.col("quantity") == "all")["verdict"].item()

    assert verdict(half) == "meets the bar"
    # nine of ten in the 50% interval is as wrong as none
    assert verdict(cases) == "wider than needed"
    assert verdict(cases.with_columns(is_covered_50=pl.lit(value=False))) == "misses the bar"
    # seven of ten in the 90% interval are too few
    few = half.with_columns(is_covered_90=pl.Series([i < 7 for i in range(10)]))
    assert verdict(few) == "misses the bar"


def power(spoil, worlds=calibration.WORLDS, quantities=5):
    """Chance that one spoilt quantity of a stream is caught, over 300 calibrations made up."""
    truths = named_generator(2, "power").normal(size=(300, worlds))
    alarms = [scores.p_value(ranks) < scores.LEVEL / quantities for ranks in spoil(truths)]
    return np.mean(alarms)


def test_calibration_catches_an_interval_30_percent_too_narrow():
    assert power(lambda truths: norm.cdf(truths / 0.7)) >= 0.8


def test_calibration_catches_a_lean_and_lets_the_true_one_pass():
    assert power(lambda truths: norm.cdf(truths + 0.5)) >= 0.8
    assert power(norm.cdf) <= 0.05


def test_uniformity_says_which_fit_and_quantity_is_uneven():
    even = (np.arange(40) + 0.5) / 40
    ranks = pl.DataFrame(
        {
            "fit": ["as published"] * 80 + ["control"] * 40,
            "world": [*range(40)] * 3,
            "quantity": ["a"] * 40 + ["b"] * 40 + ["a"] * 40,
            "rank": [*even, *(even * 0.2), *even],
        }
    )
    table = scores.uniformity(ranks)
    uneven = table.filter(~pl.col("is_even")).select("fit", "quantity").rows()
    assert uneven == [("as published", "b")]
    verdicts = dict(table.select(pl.format("{} {}", "fit", "quantity"), "verdict").rows())
    assert verdicts == {
        "as published a": "too few to judge",
        "as published b": "uneven",
        "control a": "not found out",
    }


def test_eighty_even_worlds_hold_and_a_spoilt_control_is_found_out():
    even = (np.arange(80) + 0.5) / 80
    ranks = pl.DataFrame(
        {
            "fit": ["as published"] * 80 + ["control"] * 80,
            "world": [*range(80)] * 2,
            "quantity": ["a"] * 160,
            "rank": [*even, *(0.5 + (even - 0.5) * 0.5)],
        }
    )
    assert scores.uniformity(ranks).select("fit", "verdict").rows() == [
        ("as published", "holds"),
        ("control", "found out"),
    ]
