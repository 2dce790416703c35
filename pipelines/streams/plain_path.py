"""The path of plain estimates, the comparators of the models.

In each draw one of the roots that speak of a series is believed wherever it speaks; between such
points the path runs straight in logs, with the error of a random walk tied at both ends.
"""

import numpy as np
import polars as pl

MONTHLY_SD = 0.04  # of a path between two figures


def plain_path(
    rows: pl.DataFrame, size: int, pick: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Draw a path through the figures of one root at each point, logs, (draws, size).

    Args:
        rows: ``month`` (place on the grid), ``root_id``, ``centre`` and ``error`` (logs).
        size: months of the grid.
        pick: in [0, 1), which of the roots at a point is believed, (draws,).
        generator: of the errors.
    """
    at = rows.with_columns(pl.col("month").clip(0, size - 1))
    points = at.group_by("month", "root_id").agg(pl.col("centre", "error").mean())
    points = points.sort("month", "root_id")
    error = points["centre"].to_numpy() + points["error"].to_numpy() * generator.normal(
        size=(len(pick), points.height)
    )
    month = points["month"].to_numpy()
    known, first, count = np.unique(month, return_index=True, return_counts=True)
    level = np.stack(
        [
            error[np.arange(len(pick)), f + (pick * c).astype(int)]
            for f, c in zip(first, count, strict=True)
        ],
        axis=1,
    )
    walk = np.cumsum(MONTHLY_SD * generator.normal(size=(len(pick), size)), axis=1)
    gap = level - walk[:, known]
    grid = np.arange(size)
    right = np.clip(np.searchsorted(known, grid), 0, known.size - 1)
    left = np.where(known[right] <= grid, right, np.maximum(right - 1, 0))
    width = np.maximum(known[right] - known[left], 1)
    share = np.clip((grid - known[left]) / width, 0, 1)
    return walk + gap[:, left] * (1 - share) + gap[:, right] * share
