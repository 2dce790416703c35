"""Tonnes from draught: the formulas by hand, then what the draws must obey."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.shipping.cargo import (
    beta_of,
    block_coefficient,
    displacement_t,
    estimate_cargo,
    load_priors,
    summarise_cargo,
)


def arr(*values: float) -> np.ndarray:
    return np.array(values)


HULL: dict[str, Any] = {
    "length_m": arr(100.0),
    "beam_m": arr(16.0),
    "design_draught_m": arr(8.0),
    "design_block_coefficient": arr(0.8),
    "density_t_per_m3": 1.025,
}


def departures(**columns: object) -> pl.DataFrame:
    row = {
        "vessel_mmsi": 445000001,
        "length_m": 100.0,
        "beam_m": 16.0,
        "design_draught_m": 8.0,
        "draught_in_m": 4.0,
        "draught_out_m": 8.0,
        "p_laden": 1.0,
        "dwt_t": None,
    }
    schema = {name: pl.Int64 if name == "vessel_mmsi" else pl.Float64 for name in row}
    return pl.DataFrame([row | columns], schema=schema)


def test_displacement_at_design_draught_by_hand() -> None:
    # 0.8 x 100 x 16 x 8 x 1.025
    assert displacement_t(arr(8.0), **HULL) == pytest.approx(10_496)


def test_block_coefficient_falls_as_draught_falls() -> None:
    # at an eighth of the design draught: 1 - 0.2 x 2
    assert block_coefficient(arr(1.0), arr(8.0), arr(0.8)) == pytest.approx(0.6)
    falling = block_coefficient(arr(8.0, 6.0, 4.0, 2.0), arr(8.0), arr(0.8))
    assert (np.diff(falling) < 0).all()


def test_the_inverted_ratio_would_understate_a_loading_by_an_eighth() -> None:
    def loading(power: float) -> float:
        def weight(draught: float) -> float:
            block = 1 - 0.2 * (8.0 / draught) ** power
            return block * 100 * 16 * draught * 1.025

        return weight(8.0) - weight(4.0)

    right = (displacement_t(arr(8.0), **HULL) - displacement_t(arr(4.0), **HULL))[0]
    assert right == pytest.approx(loading(1 / 3))
    assert loading(-1 / 3) / right == pytest.approx(0.87, abs=0.03)


def test_more_draught_is_more_cargo_in_every_draw() -> None:
    little = estimate_cargo(departures(draught_out_m=6.0), load_priors(), draws=500, seed=3)
    much = estimate_cargo(departures(draught_out_m=8.0), load_priors(), draws=500, seed=3)
    assert (much.cargo_t > little.cargo_t).all()
    assert much.method == ["displacement"]


def test_ballast_let_go_is_cargo_too_and_never_more_than_was_aboard() -> None:
    priors = load_priors()
    sunk = displacement_t(arr(8.0), **HULL) - displacement_t(arr(4.0), **HULL)
    found = estimate_cargo(departures(), priors, draws=4_000, seed=1).cargo_t
    assert found.mean() > sunk[0]
    # arriving near light ship with draughts known exactly, all there is room for is the deadweight
    exact = priors | {"draught_error": replace(priors["draught_error"], args=(0.0, 0.0))}
    light = estimate_cargo(departures(draught_in_m=2.6), exact, draws=4_000, seed=1)
    assert (light.cargo_t <= light.dwt_t + 1e-6).all()


def test_without_draught_the_load_factor_speaks() -> None:
    found = estimate_cargo(departures(draught_out_m=None), load_priors(), draws=4_000, seed=1)
    assert found.method == ["load_factor"]
    assert (found.cargo_t / found.dwt_t).mean() == pytest.approx(0.85, abs=0.01)


def test_without_size_the_lot_of_transfers_at_sea_speaks() -> None:
    found = estimate_cargo(departures(length_m=None), load_priors(), draws=40_000, seed=1)
    assert found.method == ["lot_prior"]
    assert found.cargo_t.mean() == pytest.approx(8_631, rel=0.03)


def test_laden_is_certain_with_evidence_and_a_chance_without() -> None:
    sure = estimate_cargo(departures(), load_priors(), draws=2_000, seed=1)
    unsure = estimate_cargo(departures(p_laden=None), load_priors(), draws=20_000, seed=1)
    assert sure.is_laden.all()
    assert unsure.is_laden.mean() == pytest.approx(0.5, abs=0.02)


def test_fleet_errors_do_not_cancel_in_a_sum() -> None:
    fleet = pl.concat(
        [departures(vessel_mmsi=445000000 + n, draught_out_m=None) for n in range(100)]
    )
    total = estimate_cargo(fleet, load_priors(), draws=2_000, seed=1).cargo_t.sum(axis=0)
    alone = estimate_cargo(fleet[:1], load_priors(), draws=2_000, seed=1).cargo_t[0]
    # were ships independent, the sum's relative spread would be a tenth of one ship's
    assert total.std() / total.mean() > 0.4 * alone.std() / alone.mean()


def test_departures_without_an_mmsi_are_a_ship_each() -> None:
    def loads(*ships: int | None) -> list[list[float]]:
        fleet = pl.concat([departures(vessel_mmsi=one, draught_out_m=None) for one in ships])
        found = estimate_cargo(fleet, load_priors(), draws=50, seed=1)
        return found.cargo_t.tolist()

    # one load factor and one hull are drawn a ship, so calls of one ship carry the same
    known, unknown, again, other = loads(445000001, None, 445000001, None)
    assert known == again
    assert len({tuple(one) for one in (known, unknown, other)}) == 3
    # the numbers of ships that are known are those of a fleet of three ships
    assert [known, unknown, other] == loads(445000001, 445000002, 445000003)


def test_same_seed_same_numbers() -> None:
    one, two = (estimate_cargo(departures(), load_priors(), draws=50, seed=9) for _ in range(2))
    assert (one.cargo_t == two.cargo_t).all()


def test_summary_orders_its_quantiles_and_an_empty_table_keeps_its_columns() -> None:
    found = estimate_cargo(departures(), load_priors(), draws=2_000, seed=1)
    row = summarise_cargo(departures(), found).row(0, named=True)
    cuts = [row[f"cargo_t_{name}"] for name in ("q05", "q10", "q25", "q50", "q75", "q90", "q95")]
    assert cuts == sorted(cuts)
    none = departures().clear()
    empty = summarise_cargo(none, estimate_cargo(none, load_priors(), draws=10, seed=1))
    assert empty.columns == summarise_cargo(departures(), found).columns


@given(mean=st.floats(0.05, 0.95), spread=st.floats(0.01, 0.9))
def test_beta_parameters_give_back_mean_and_spread(mean: float, spread: float) -> None:
    sd = spread * np.sqrt(mean * (1 - mean))
    alpha, beta = beta_of(mean, sd)
    assert alpha / (alpha + beta) == pytest.approx(mean)
    assert np.sqrt(alpha * beta / ((alpha + beta) ** 2 * (alpha + beta + 1))) == pytest.approx(sd)


def test_an_impossible_beta_is_refused() -> None:
    with pytest.raises(ValueError, match="no beta distribution"):
        beta_of(0.5, 0.6)
