"""The plain estimate of coal: what is said of the whole, multiplied."""

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest

from pipelines.paths import STREAMS_DIR
from pipelines.streams import arguments
from pipelines.streams.coal import plain

PRIORS = arguments(pl.read_csv(STREAMS_DIR / "coal" / "priors.csv", infer_schema=False))
HALTS = pl.DataFrame(
    schema={"kind": pl.String, "start_on": pl.Date, "end_on": pl.Date},
)


def ledger(*rows):
    """Observations of (id, quantity, class, root, first day, last day, value)."""
    frame = pl.DataFrame(
        rows,
        schema=[
            "observation_id",
            "quantity",
            "class",
            "root_id",
            "window_start_on",
            "window_end_on",
            "central",
        ],
        orient="row",
    )
    told = {"kind": "exact", "coverage": "whole", "sector": "HS2701", "counterpart_iso3": "WLD"}
    empty = {
        name: pl.lit(None, dtype=kind)
        for name, kind in {
            "low": pl.Float64,
            "high": pl.Float64,
            "stated_year": pl.Int64,
            "assumed_price_usd_per_t": pl.Float64,
            "delivery_point": pl.String,
            "nature": pl.String,
            "concept": pl.String,
            "reason_not_used": pl.String,
        }.items()
    }
    literal = {name: pl.lit(value) for name, value in told.items()}
    return frame.with_columns(is_usable=pl.lit(value=True), **literal, **empty)


def day(year, month, of):
    return dt.date(year, month, of)


FIGURES = ledger(
    ("t", "export_t", "customs", "customs", day(2016, 1, 1), day(2017, 9, 30), 21e6),
    ("usd", "export_usd", "customs", "customs", day(2016, 1, 1), day(2017, 9, 30), 21e8),
    ("said", "export_t", "desk", "desk", day(2019, 1, 1), day(2019, 12, 31), 3.6e6),
    ("quote", "price_usd_per_t", "press", "press", day(2019, 7, 1), day(2019, 7, 31), 50.0),
    ("mine", "output_t", "official", "office", day(2016, 1, 1), day(2016, 12, 31), 31e6),
    ("world", "reference_price_usd_per_t", "official", "bank", day(2016, 1, 1), day(2016, 12, 31),
     80.0),
)  # fmt: skip


def test_the_plain_estimate_multiplies_what_is_said():
    ask: dict[str, Any] = {"through": day(2021, 12, 1), "halts": HALTS, "seed": 1}
    out = plain.estimate(FIGURES, PRIORS, **ask)
    july = 10 * 12 + 6
    # 3.6 Mt in a year are 0.3 a month in its middle, at 50 dollars
    assert np.median(out.series["tonnes"][:, july]) == pytest.approx(3e5, rel=0.1)
    fob, net = (out.measures[name][:, july] for name in ("gross_fob_usd", "net_usd"))
    assert np.median(fob) == pytest.approx(3e5 * 50, rel=0.1)
    # costs abroad: a logit of -1.45 is a fifth
    assert np.median(net / fob) == pytest.approx(0.81, abs=0.02)
    # a million tonnes a month at 100 dollars CIF, a tenth of it freight, on record before
    assert np.median(out.series["price_usd_per_t"][:, 95]) == pytest.approx(91, rel=0.02)
    without = plain.estimate(FIGURES, PRIORS, hidden=["said"], **ask)
    assert np.median(without.series["tonnes"][:, july]) == pytest.approx(1e6, rel=0.1)
