"""Small ledgers of workers and their pay; every value in them is made up."""

import datetime as dt

import numpy as np
import polars as pl

from pipelines.inference.density import Density
from pipelines.inference.joint import Joint
from pipelines.inference.sampler import Sampler
from pipelines.paths import STREAMS_DIR
from pipelines.streams import arguments

_SCHEMA = {
    "observation_id": pl.String,
    "quantity": pl.String,
    "concept": pl.String,
    "counterpart_iso3": pl.String,
    "sector": pl.String,
    "window_start_on": pl.Date,
    "window_end_on": pl.Date,
    "kind": pl.String,
    "low": pl.Float64,
    "central": pl.Float64,
    "high": pl.Float64,
    "unit": pl.String,
    "coverage": pl.String,
    "class": pl.String,
    "persons": pl.Int64,
    "root_id": pl.String,
    "stated_year": pl.Int64,
    "is_usable": pl.Boolean,
    "reason_not_used": pl.String,
}
_UNIT = {
    "headcount": "persons",
    "gross_wage": "USD/month",
    "state_share": "share",
    "earnings_usd": "USD",
    "permits": "permits",
    "border_entries": "persons",
    "repatriated": "persons",
}
# half a yuan, four dollars for a euro: nobody could take them for real
RATES = pl.DataFrame(
    {
        "month": pl.date_range(dt.date(2009, 1, 1), dt.date(2022, 2, 1), "1mo", eager=True),
    }
).join(pl.DataFrame({"currency": ["CNY", "RUB"], "per_usd": [2.0, 50.0]}), how="cross")


def row(observation_id: str, quantity: str, value: float | None, year: int, **cells):
    """One figure for a calendar year; keywords name the cells that matter."""
    made = {
        "observation_id": observation_id,
        "quantity": quantity,
        "concept": quantity,
        "counterpart_iso3": "CHN",
        "sector": "all",
        "window_start_on": dt.date(year, 1, 1),
        "window_end_on": dt.date(year, 12, 31),
        "kind": "count",
        "low": None,
        "central": value,
        "high": None,
        "unit": _UNIT.get(quantity),
        "coverage": "whole",
        "class": "press",
        "persons": None,
        "root_id": observation_id,
        "stated_year": year,
        "is_usable": True,
        "reason_not_used": None,
    }
    return made | cells


def ledger(*rows) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=_SCHEMA)


def priors(stream: str) -> dict[str, tuple[float, ...]]:
    """The stream's own priors."""
    table = pl.read_csv(STREAMS_DIR / stream / "priors.csv", schema_overrides={"args": pl.String})
    return {"root_sd": (0.25,)} | arguments(table)


def laplace(joint: Joint, of: str, data=None) -> tuple[np.ndarray, np.ndarray]:
    """Mode of the logs of an output, and their covariance by the curvature there.

    Args:
        of: name of an output such as "labor/people"; its elements are taken flat.
        data: other values of the joint's data.
    """
    density = joint.density
    data = joint.data if data is None else data
    sampler = joint.__dict__.setdefault("_sampler", Sampler(density))
    mode = sampler.mode(np.zeros(density.size), data)
    # columns of the factor are independent directions, each one standard deviation long
    factor = sampler.curvature(mode, data) * 1e-3
    points = np.concatenate([mode[None], mode + factor.T, mode - factor.T])
    logs = np.log(density.outputs(points, data)[of]).reshape(len(points), -1)
    ahead, behind = np.split(logs[1:], 2)
    lines = (ahead - behind) / 2e-3
    return logs[0], lines.T @ lines


def worlds_of(density: Density, n: int, seed: int) -> dict[str, np.ndarray]:
    """All that is so and is said in ``n`` worlds of the prior, (n, *shape) by name.

    Every latent is a standard normal, but the biases of roots, whose tails are those of t with 4
    degrees of freedom.
    """
    generator = np.random.default_rng(seed)
    theta = generator.normal(size=(n, density.size))
    for name, (where, *_) in density.latent.items():
        if name.startswith("root/"):
            theta[:, where] = generator.standard_t(4, size=theta[:, where].shape)
    return density.outputs(theta) | density.predict(theta, seed)
