"""The plain estimate of overseas labor, kept as comparator; only backtests read it."""

from __future__ import annotations

import datetime as dt
from typing import Any

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
    **more: Any,
) -> Outcome:
    """Draw what `figures.evidence` of the same arguments would, less the hidden figures.

    Args:
        observations, priors, through, halts, rates: as `figures.evidence`.
        more: passed on to `people_plain.estimate`: ``hidden``, ``draws``, ``seed``.
    """
    months = month_grid(FIRST_MONTH, through)
    opens = halts.filter(pl.col("kind") == "border_open")["start_on"][0]
    read = people.read(observations, months, rates, priors)
    return people_plain.estimate(sited(read, opens), months, HOSTS, priors, **more)
