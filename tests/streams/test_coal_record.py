"""The record of coal: CIF as declared, FOB by one freight a world."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from pipelines.streams.coal import record

PRIORS = {
    "recorded_error_sd": (0.0,),
    "scope_anthracite_to_all": (0.0, 0.0),
    "scope_china_to_world": (0.0, 0.0),
    "within_window_sd": (0.2,),
    "leak_t_per_month": (1.0, 0.1),
    "range_mass": (0.8,),
    "chapter_far": (1.1,),
}


def check_fob_is_cif_less_one_freight_a_world():
    """1,000 t and 100,000 USD declared for a year; freight of 10% in one world, 20% in another."""
    rows = pl.DataFrame(
        {
            "observation_id": ["t", "usd"],
            "quantity": ["export_t", "export_usd"],
            "value": [1_000.0, 100_000.0],
            "chapter_usd": [1_000.0, 100_000.0],
            "sector": "HS2701",
            "counterpart_iso3": "WLD",
            "class": "customs",
            "window_start_on": dt.date(2012, 1, 1),
        }
    )
    freight = np.log([1.1, 1.2])
    drawn = record.record_draws(
        rows, np.ones((2, 12)), np.zeros(12, dtype=bool), PRIORS, freight, np.array([0.25, 0.5]), 1
    )
    assert drawn["cif_usd"].sum(axis=1) == pytest.approx(100_000)
    assert drawn["gross_fob_usd"].sum(axis=1) == pytest.approx(100_000 / np.exp(freight))
    assert drawn["net_usd"].sum(axis=1) == pytest.approx([75_000 / 1.1, 50_000 / 1.2])


def test_fob_is_cif_less_one_freight_a_world():
    check_fob_is_cif_less_one_freight_a_world()
