"""Where the coal goes: each year's split among every destination that any figure names."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from pipelines.draws import named_generator, to_long
from pipelines.warehouse import select_from

# what figures of a year say: year, destination_iso3, weight, n_roots, is_assumption
SQL_FILE = Path(__file__).with_name("destinations.sql")
# ships counted to one country are one observer's choice of where to look: they add no more than
_MOST_COUNT = 12.0


def destination_draws(
    observations: pl.DataFrame,
    priors: Mapping[str, Sequence[float]],
    years: Sequence[int],
    last_recorded: dt.date,
    draws: int,
    seed: int,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Draw shares by year, Dirichlet around what figures of that year say of destinations.

    While customs record the trade, partners' declared values set the split. Afterwards shipments
    and cargoes to named countries are counted on top of a prior share of China; a year of which
    nothing of the kind is told is the prior alone and is marked an assumption.

    Returns:
        ``draw, year, destination_iso3, share`` (shares add to 1 within draw and year), and
        ``year, destination_iso3, n_roots, is_assumption``.
    """
    said = select_from(
        SQL_FILE,
        {"ledger": observations, "years": pl.DataFrame({"year": years})},
        most=_MOST_COUNT,
        last_recorded=last_recorded.year,
        china=priors["destination_china_recorded"][0],
        china_after=priors["destination_china_unrecorded"][0],
        size=priors["destination_concentration"][0],
        size_after=priors["destination_concentration_unrecorded"][0],
    )
    parts = []
    for (year,), of in said.group_by(["year"], maintain_order=True):
        drawn = named_generator(seed, f"destinations.{year}").dirichlet(of["weight"], size=draws)
        parts.append(
            to_long(of["destination_iso3"], period="destination_iso3", share=drawn).select(
                "draw", pl.lit(year, pl.Int64).alias("year"), "destination_iso3", "share"
            )
        )
    return pl.concat(parts), said.drop("weight")
