"""When two samplers of one posterior agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np


def assert_same_posterior(
    ours: Mapping[str, np.ndarray],
    theirs: Mapping[str, np.ndarray],
    *,
    mean: float,
    ends: float,
    levels: Sequence[float],
) -> None:
    """Means and quantiles of every quantity, (draws, columns), within a share of their spread."""
    for name, mine in ours.items():
        other = theirs[name]
        spread = other.std(axis=0)
        gap = np.abs(mine.mean(axis=0) - other.mean(axis=0)) / spread
        assert gap.max() < mean, (name, gap.argmax(), gap.max())
        for level in levels:
            off = np.abs(np.quantile(mine, level, axis=0) - np.quantile(other, level, axis=0))
            assert (off / spread).max() < ends, (name, level, (off / spread).argmax())
