"""Telling the two Koreas apart by what is bought from them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.paths import REFERENCE_DIR
from pipelines.sources.mirror import (
    CHN,
    KOR,
    PRK,
    estimate_miscoding,
    log_dirichlet_multinomial,
    parse_mirror_priors,
)

PRIORS = parse_mirror_priors(pl.read_csv(REFERENCE_DIR / "mirror_priors.csv"))
NORTH = {"27": 1_200.0, "62": 700.0, "03": 200.0, "26": 150.0, "72": 50.0}
SOUTH = {"85": 80_000.0, "84": 30_000.0, "90": 20_000.0, "29": 15_000.0, "87": 9_000.0, "27": 9e3}


def rows(*baskets: tuple[int, int, dict[str, float]]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            (reporter, partner, 2010, chapter, value)
            for reporter, partner, basket in ((CHN, PRK, NORTH), (CHN, KOR, SOUTH), *baskets)
            for chapter, value in basket.items()
        ],
        schema={
            "reporter_code": pl.Int64,
            "partner_code": pl.Int64,
            "year": pl.Int64,
            "hs_code": pl.String,
            "value_usd": pl.Float64,
        },
        orient="row",
    )


def chance(basket: dict[str, float], reporter: int = 76) -> dict[str, Any]:
    table = estimate_miscoding(rows((reporter, PRK, basket)), PRIORS)
    return table.filter(pl.col("reporter_code") == reporter).row(0, named=True)


def test_phones_and_cars_are_south_korean():
    found = chance({"85": 50.0, "87": 30.0, "84": 20.0})
    assert found["p_miscoded"] > 0.95


def test_coal_and_clothes_are_north_korean():
    found = chance({"27": 60.0, "62": 30.0, "03": 10.0})
    assert found["p_miscoded"] < 0.05


def test_a_mixed_basket_stays_uncertain_between_its_bounds():
    found = chance({"27": 55.0, "62": 20.0, "85": 15.0, "39": 10.0})
    assert found["p_miscoded_low"] < found["p_miscoded"] < found["p_miscoded_high"]


def test_one_chapter_is_no_basket():
    found = chance({"27": 60.0})
    assert found["p_miscoded"] is None
    assert "one chapter" in found["basis"]


def test_the_trusted_reporter_is_not_judged_by_itself():
    table = estimate_miscoding(rows(), PRIORS)
    assert table["p_miscoded"].to_list() == [None]


def test_without_profiles_there_is_no_probability_but_a_reason():
    only_south = rows((76, PRK, NORTH)).filter(pl.col("reporter_code") == 76)
    found = estimate_miscoding(only_south, PRIORS).row(0, named=True)
    assert (found["p_miscoded"], found["n_chapters"]) == (None, 5)
    assert "no profile" in found["basis"]


def test_the_likelihood_against_a_case_by_hand():
    # counts (2, 1), alpha (1, 1): B(3, 2) / B(1, 1) = 1/12
    found = log_dirichlet_multinomial(np.array([[2.0, 1.0]]), np.array([1.0, 1.0]))
    assert found[0] == pytest.approx(math.log(1 / 12))


@settings(max_examples=20, deadline=None)
@given(scale=st.floats(1e-3, 1e9))
def test_the_currency_does_not_matter(scale):
    basket = {"27": 55.0, "62": 20.0, "85": 15.0, "03": 5.0, "72": 5.0}
    scaled = {chapter: value * scale for chapter, value in basket.items()}
    assert chance(scaled)["p_miscoded"] == pytest.approx(chance(basket)["p_miscoded"])
