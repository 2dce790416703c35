"""Draws into the columns that tables show, and judged ranges into draws."""

from __future__ import annotations

import numpy as np
import scipy

from pipelines.draws import QUANTILES


def quantiles(values: np.ndarray, prefix: str) -> dict[str, np.ndarray]:
    """Columns `prefix_q05` … `prefix_mean` of an array (rows, draws)."""
    points = np.quantile(values, list(QUANTILES.values()), axis=1)
    out = {f"{prefix}_{name}": points[row] for row, name in enumerate(QUANTILES)}
    out[f"{prefix}_mean"] = values.mean(axis=1)
    return out


def beta_or_lognormal(
    value: float, low: float, high: float, draws: int, rng: np.random.Generator, *, share: bool
) -> np.ndarray:
    """Draws whose central 80% is about [low, high]: normal on the logit, or on the log.

    Equal ends give the value itself.
    """
    if low == high:
        return np.full(draws, value)
    z = scipy.stats.norm.ppf(0.9)
    noise = rng.standard_normal(draws)
    if not share:
        spread = (np.log(high) - np.log(low)) / (2 * z)
        return np.exp(np.log(value) + spread * noise)
    middle, lower, upper = (np.log(x / (1 - x)) for x in (value, low, high))
    return 1 / (1 + np.exp(-(middle + (upper - lower) / (2 * z) * noise)))
