"""The plain estimate of overseas labor, kept as comparator; only backtests read it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from pipelines.inference.joint import Outcome
from pipelines.inference.windows import month_grid
from pipelines.streams import people, people_plain
from pipelines.streams.labor.figures import FIRST_MONTH, sited
from pipelines.streams.labor.model import HOSTS


def estimate(
    observations: pl.DataFrame,
    priors: people.Priors,
    *,
    through: dt.date,
    halts: pl.DataFrame,
    rates: pl.DataFrame,
    hidden: Sequence[str] = (),
    draws: int = 1_000,
    seed: int = 0,
) -> Outcome:
    """Draw what `figures.evidence` of the same arguments would, less the ``hidden`` figures.

    Args:
        observations, priors, through, halts, rates: as `figures.evidence`.
        hidden: observation ids passed over.
        draws: worlds.
        seed: same seed, same draws.
    """
    months = month_grid(FIRST_MONTH, through)
    opens = halts.filter(pl.col("kind") == "border_open")["start_on"][0]
    read = people.read(observations, months, rates, priors)
    rows = people_plain.hidden(sited(read, opens), hidden)
    return people_plain.estimate(rows, months, HOSTS, priors, draws=draws, seed=seed)
