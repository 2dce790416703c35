"""The algebra of draws: add within a draw, summarise once, at the end.

A draw is one whole world. Draw 17 of coal and draw 17 of labor belong together, so a
total is the sum inside each draw; medians or interval ends are never added. Long frames
carry ``draw`` (BIGINT, 0-based), their grain columns and one column per quantity.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import polars as pl

QUANTILES: dict[str, float] = {
    "q05": 0.05,
    "q10": 0.10,
    "q25": 0.25,
    "q50": 0.50,
    "q75": 0.75,
    "q90": 0.90,
    "q95": 0.95,
}


def named_generator(seed: int, name: str) -> np.random.Generator:
    """A reproducible generator for one named factor under one seed.

    Two streams that ask for the same name get the same sequence: that is how a factor is
    shared. Names are hashed by CRC-32, which does not change between processes.
    """
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def to_long(
    periods: Sequence[object] | pl.Series, /, *, period: str = "month", **matrices: np.ndarray
) -> pl.DataFrame:
    """Turn matrices of shape (draws, periods) into the long layout, draw by draw.

    Args:
        periods: the labels of the second axis, e.g. first days of month.
        period: the name their column takes.
        matrices: one (draws, periods) array per quantity, all the same shape.

    Returns:
        draws * periods rows: ``draw``, the period column, one DOUBLE column per quantity.

    Raises:
        ValueError: no matrix, or the shapes disagree.
    """
    if not matrices:
        raise ValueError("give at least one matrix of draws")
    labels = pl.Series(period, periods)
    shapes = {name: matrix.shape for name, matrix in matrices.items()}
    n_draws = next(iter(matrices.values())).shape[0]
    if set(shapes.values()) != {(n_draws, labels.len())}:
        raise ValueError(f"expected every shape to be (draws, {labels.len()}), got {shapes}")
    rows = np.tile(np.arange(labels.len(), dtype=np.int64), n_draws)
    return pl.DataFrame(
        {
            "draw": np.repeat(np.arange(n_draws, dtype=np.int64), labels.len()),
            period: labels.gather(rows),
            **{
                name: np.ascontiguousarray(matrix, dtype=np.float64).ravel()
                for name, matrix in matrices.items()
            },
        }
    )


def lognormal_of_range(low: float, high: float, *, mass: float = 0.8) -> tuple[float, float]:
    """Read a published range as the central ``mass`` of a log-normal.

    A range is rarely a hard bound: the author names what usually happens, so probability is
    left outside it on both sides.

    Returns:
        Mean and standard deviation of the logarithm.

    Raises:
        ValueError: an end is not positive, or the range is reversed or empty.
    """
    if not 0 < low < high:
        raise ValueError(f"a range needs 0 < low < high, got {low} to {high}")
    from scipy.special import ndtri

    z = float(ndtri(0.5 + mass / 2))
    return (np.log(low) + np.log(high)) / 2, (np.log(high) - np.log(low)) / (2 * z)
