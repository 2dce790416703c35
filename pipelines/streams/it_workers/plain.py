"""The plain estimate of IT workers, kept as comparator; only backtests read it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from pipelines.inference.joint import Outcome
from pipelines.inference.windows import month_grid
from pipelines.streams import people, people_plain
from pipelines.streams.it_workers.figures import FIRST_MONTH, WORLD, sited


def estimate(
    observations: pl.DataFrame,
    priors: people.Priors,
    *,
    through: dt.date,
    rates: pl.DataFrame,
    hidden: Sequence[str] = (),
    draws: int = 1_000,
    seed: int = 0,
) -> Outcome:
    """Draw what `figures.evidence` of the same arguments would, less the ``hidden`` figures.

    Args:
        observations, priors, through, rates: as `figures.evidence`.
        hidden: observation ids passed over.
        draws: worlds.
        seed: same seed, same draws.
    """
    months = month_grid(FIRST_MONTH, through)
    rows = people_plain.hidden(sited(people.read(observations, months, rates, priors)), hidden)
    return people_plain.estimate(rows, months, WORLD, priors, draws=draws, seed=seed)
