"""Where the coal goes: each year's split among every destination that any figure names."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.draws import named_generator, to_long
from pipelines.warehouse import select_from

OTHERS = "XXX"
# what figures of a year say: year, destination_iso3, usd, cases, n_roots
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
    )
    parts, basis = [], []
    for year in years:
        of = said.filter(pl.col("year") == year)
        countries = [*of["destination_iso3"], OTHERS]
        kind = "recorded" if year < last_recorded.year else "unrecorded"
        china = priors[f"destination_china_{kind}"][0]
        share = dict.fromkeys(countries, (1 - china) / (len(countries) - 1)) | {"CHN": china}
        if kind == "recorded":
            size, cases = priors["destination_concentration"][0], 0.0
            share = _declared(dict(of.drop_nulls("usd")["destination_iso3", "usd"].rows()), share)
        else:
            size = priors["destination_concentration_unrecorded"][0]
            cases = np.append(of["cases"].to_numpy(), 0.0)
        weights = size * np.array([share[country] for country in countries]) + cases
        drawn = named_generator(seed, f"destinations.{year}").dirichlet(weights, size=draws)
        parts.append(
            to_long(countries, period="destination_iso3", share=drawn).with_columns(
                year=pl.lit(year, pl.Int64)
            )
        )
        roots = [*of["n_roots"], 0]
        basis += [(year, *one, not any(roots)) for one in zip(countries, roots, strict=True)]
    return (
        pl.concat(parts).select("draw", "year", "destination_iso3", "share"),
        pl.DataFrame(
            basis,
            schema=["year", "destination_iso3", "n_roots", "is_assumption"],
            orient="row",
        ),
    )


def _declared(usd: Mapping[str, float], base: dict[str, float]) -> dict[str, float]:
    """Shares by declared value where China's and others' stand side by side."""
    if "CHN" not in usd:
        return base
    china = base["CHN"]
    others = {country: usd[country] / usd["CHN"] * china for country in usd if country != "CHN"}
    fit = min(1.0, 0.9 * (1 - china) / max(sum(others.values()), 1e-12))
    declared = {country: share * fit for country, share in others.items()}
    left = 1 - china - sum(declared.values())
    unknown = [country for country in base if country not in declared and country != "CHN"]
    return {"CHN": china} | declared | {country: left / len(unknown) for country in unknown}
