"""IT workers: the ledger's rows as the arrays `model.py` reads, and its draws as tables."""

from __future__ import annotations

import datetime as dt
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.draws import to_long
from pipelines.inference.joint import Evidence, Outcome
from pipelines.inference.windows import month_grid
from pipelines.streams import people
from pipelines.streams.it_workers.model import model
from pipelines.warehouse import select_from

# January of the first year that any figure speaks of
FIRST_MONTH = dt.date(2015, 1, 1)
REFERENCE_DAY = dt.date(2019, 1, 1)
PAY_KNOT_YEARS = 2
WORLD = ("WLD",)
# one pool: a figure on one host speaks of pay and share everywhere, of persons there alone
MASKS = {"WLD": [1.0]}
GROUP_OF = {
    "headcount": "headcount",
    "part": "headcount",
    "per_worker": "pay",
    "group": "pay",
    "share": "share",
    "total": "total",
    "part_of_total": "total",
}
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
    knots = people.knots_of(months)
    rows = sited(people.read(observations, months, rates, priors))
    data: dict[str, Any] = {name: people.site(rows, name, knots, MASKS) for name in GROUP_OF}
    for name in ("per_worker", "group", "share"):
        data[name] = people.of_money(data[name])
    data["total"]["concept"] = data["total"]["concept"][:, :3]
    return Evidence(
        stream="it_workers",
        months=months,
        model=model,
        data=data | grid(months),
        priors=priors,
        rows=people.rows(rows),
        finish=partial(finish, months=months, wanted=rows["measure"].drop_nulls().unique()),
    )


def sited(frame: pl.DataFrame) -> pl.DataFrame:
    """Say as what each readable row enters the density (``site``), or why none does."""
    sited = select_from(SQL_FILE, {"readable": frame}).with_columns(
        # pay of one member of a group for a month
        centre=pl.when(pl.col("site") == "group")
        .then(pl.col("centre") - (pl.col("persons") * 12).log())
        .otherwise("centre")
    )
    return people.settled(sited, GROUP_OF, ("part", "part_of_total", "group"), WORLD)


def grid(months: list[dt.date]) -> dict[str, np.ndarray]:
    """``since`` (steps, knots) and ``pay_line`` (strides, knots), signed from the reference day;
    ``line`` (months, knots)."""
    knots = people.knots_of(months)
    reference = 2 * (REFERENCE_DAY.year - months[0].year)
    return {
        "since": people.since(np.arange(knots, dtype=float), knots, reference),
        "pay_line": people.since(
            np.arange(0.0, knots + 2 * PAY_KNOT_YEARS, 2 * PAY_KNOT_YEARS), knots, reference
        ),
        "line": people.monthly(months),
    }


def finish(
    sites: dict[str, np.ndarray], seed: int, *, months: list[dt.date], wanted: pl.Series
) -> Outcome:
    """What the draws say, by month.

    Args:
        sites: ``people``, ``gross``, ``take``, ``remitted`` (draws, 1, knots), ``paid``.
        seed: nothing is drawn here.
        wanted: series that figures are held against.
    """
    world = people.by_month(sites, months)
    year = np.array([month.year for month in months])
    years = (year[:, None] == np.unique(year)).astype(float)
    yearly = {name: values[:, 0] @ years for name, values in world.items()}
    measures = people.measures(world)
    return Outcome(
        measures=measures,
        series=people.series(world, WORLD, {*wanted, *(f"{of} WLD" for of in people.RATES)}),
        tables={
            "draws": lambda: to_long(
                months,
                headcount=world["people"][:, 0],
                gross_wages_usd=measures["gross_wages_usd"],
                state_take_usd=measures["state_take_usd"],
                remitted_usd=measures["remitted_usd"],
            )
        },
        components={
            "headcount": np.log(yearly["people"]),
            "pay": np.log(yearly["gross"] / yearly["people"]),
            "share": np.log(yearly["take"] / yearly["gross"]),
            "reach": np.log(yearly["remitted"] / yearly["take"]),
        },
    )
