"""IT workers: the ledger's rows as the arrays `model.py` reads, and its draws as tables."""

import datetime as dt
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.draws import to_long
from pipelines.inference.joint import Evidence
from pipelines.inference.windows import month_grid
from pipelines.streams import people
from pipelines.streams.it_workers.model import model
from pipelines.warehouse import select_from

# January of the first year that any figure speaks of
FIRST_MONTH = dt.date(2015, 1, 1)
REFERENCE_DAY = dt.date(2019, 1, 1)
WORLD = ("WLD",)
# one pool: a figure on one host speaks of pay and share everywhere, of persons there alone
MASKS = {"WLD": [1.0]}
SITES = ("headcount", "part", "per_worker", "most", "group", "share", "total", "part_of_total")
# as what each figure enters the density
SQL_FILE = Path(__file__).with_name("figures.sql")


def evidence(
    observations: pl.DataFrame,
    priors: people.Priors,
    *,
    through: dt.date,
    rates: pl.DataFrame,
) -> Evidence:
    """Read the ledger for the model of IT workers.

    Args:
        observations: rows of ``facts.observations`` of the stream.
        priors: parameter to arguments.
        through: last month estimated.
        rates: ``month, currency, per_usd``: staged monthly means.
    """
    months = month_grid(FIRST_MONTH, through)
    rows = placed(observations, months, priors, rates=rates)
    data = people.arrays(rows, SITES, people.knots_of(months), MASKS)
    return Evidence(
        stream="it_workers",
        months=months,
        model=model,
        data=data | people.grid(months, REFERENCE_DAY),
        priors=priors,
        rows=people.rows(rows),
        finish=partial(
            people.outcome,
            months=months,
            hosts=WORLD,
            apart={"": [0]},
            wanted={f"{of} WLD" for of in people.RATES} | set(rows["measure"].drop_nulls()),
            table=draws_frame,
        ),
        meanings=people.MEANINGS,
    )


def placed(
    observations: pl.DataFrame,
    months: Sequence[dt.date],
    priors: people.Priors,
    *,
    rates: pl.DataFrame,
) -> pl.DataFrame:
    """Say as what each row enters the density (``site``), or why none does."""
    frame = people.read(observations, months, rates, priors)
    sited = select_from(SQL_FILE, {"readable": frame}).with_columns(
        # pay of one member of a group for a month
        centre=pl.when(pl.col("site") == "group")
        .then(pl.col("centre") - (pl.col("persons") * 12).log())
        .otherwise("centre")
    )
    return people.settled(sited, ("part", "part_of_total", "group"), WORLD)


def draws_frame(world: dict[str, np.ndarray], months: Sequence[dt.date]) -> pl.DataFrame:
    """Joint draws by month: ``headcount`` and the measures."""
    counted = {"headcount": world["people"][:, 0]}
    return to_long(months, period="month", **counted, **people.measures(world))
