"""Draws into columns, judged ranges into draws."""

import numpy as np
import polars as pl
import pytest

from pipelines.network.summaries import (
    beta_or_lognormal,
    evenly,
    jeffreys,
    quantile_names,
    quantile_row,
    stacked,
)
from pipelines.network.walk import _thinned


def test_four_fifths_of_the_draws_lie_in_the_judged_range():
    rng = np.random.default_rng(1)
    shares = beta_or_lognormal(0.5, 0.2, 0.8, 40_000, rng, share=True)
    assert np.quantile(shares, [0.1, 0.5, 0.9]) == pytest.approx([0.2, 0.5, 0.8], abs=0.01)
    months = beta_or_lognormal(6.0, 3.0, 12.0, 40_000, rng, share=False)
    assert np.quantile(months, [0.1, 0.5, 0.9]) == pytest.approx([3.0, 6.0, 12.0], rel=0.02)
    assert beta_or_lognormal(6.0, 6.0, 6.0, 3, rng, share=False).tolist() == [6.0, 6.0, 6.0]


def test_quantiles_of_one_row_are_its_own():
    row = quantile_row(np.arange(101.0), "usd")
    assert list(row) == quantile_names("usd")
    assert (row["usd_q05"], row["usd_q50"], row["usd_q95"], row["usd_mean"]) == (5, 50, 95, 50)
    assert stacked([]).shape == (0, 1)


def test_draws_are_thinned_evenly_and_numbered_anew():
    assert evenly(9, 3).tolist() == [0, 4, 8]
    assert evenly(2, 3).tolist() == [0, 1]
    frame = pl.DataFrame({"draw": [*range(9), *range(9)], "usd": [float(one) for one in range(18)]})
    assert _thinned(frame, 3).rows() == [
        (0, 0.0), (1, 4.0), (2, 8.0), (0, 9.0), (1, 13.0), (2, 17.0),
    ]  # fmt: skip


def test_none_of_a_few_may_be_nothing_and_all_may_be_all():
    low, high = jeffreys(np.array([0, 1]), 1)
    assert (low[0], high[1]) == (0.0, 1.0)
    assert low[1] == pytest.approx(0.229, abs=0.001)  # Beta(1.5, 0.5) at 5%
    assert high[0] == pytest.approx(1 - 0.229, abs=0.001)
