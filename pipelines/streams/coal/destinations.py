"""Where the coal goes: each year's split among every destination that any figure names."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from pipelines.draws import named_generator, to_long

OTHERS = "XXX"
WORLD = "WLD"
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
    named = observations.filter(
        pl.col("counterpart_iso3") != WORLD,
        pl.col("sector").str.starts_with("HS2701"),
        pl.col("quantity").is_in(["export_usd", "export_t", "cargo_t_per_shipment", "shipments"]),
        ~pl.col("kind").is_in(["structural_zero", "plan"]),
        # a re-export through a third country is kept apart by its sector; a repeat counts once
        pl.col("is_used"),
    ).with_columns(
        value=pl.coalesce("central", "low", "high"), year=pl.col("window_start_on").dt.year()
    )
    countries = sorted({"CHN", *named["counterpart_iso3"].to_list()})
    parts, basis = [], []
    for year in years:
        of = named.filter(
            pl.col("window_start_on").dt.year() <= year, pl.col("window_end_on").dt.year() >= year
        )
        is_recorded = year < last_recorded.year
        base, size = _prior(countries, priors, is_recorded=is_recorded)
        counted = dict.fromkeys(countries, 0.0)
        if is_recorded:
            base = _declared(of, base)
        else:
            ships = of.filter(pl.col("quantity").is_in(["shipments", "cargo_t_per_shipment"]))
            for country, quantity, value in ships.select(
                "counterpart_iso3", "quantity", "value"
            ).iter_rows():
                counted[country] += min(value, _MOST_COUNT) if quantity == "shipments" else 1.0
        weights = np.array(
            [size * base[country] + counted.get(country, 0.0) for country in [*countries, OTHERS]]
        )
        share = named_generator(seed, f"destinations.{year}").dirichlet(weights, size=draws)
        parts.append(
            to_long([*countries, OTHERS], period="destination_iso3", share=share).with_columns(
                year=pl.lit(year, pl.Int64)
            )
        )
        roots = dict(of.group_by("counterpart_iso3").agg(pl.col("root_id").n_unique()).iter_rows())
        basis += [(year, country, roots.get(country, 0), of.is_empty()) for country in base]
    schema = {
        "year": pl.Int64,
        "destination_iso3": pl.String,
        "n_roots": pl.Int64,
        "is_assumption": pl.Boolean,
    }
    return (
        pl.concat(parts).select("draw", "year", "destination_iso3", "share"),
        pl.DataFrame(basis, schema=schema, orient="row"),
    )


def _prior(
    countries: list[str], priors: Mapping[str, Sequence[float]], *, is_recorded: bool
) -> tuple[dict[str, float], float]:
    """Mean share of every destination before a year's own figures, and its weight in cases."""
    kind = "recorded" if is_recorded else "unrecorded"
    china = priors[f"destination_china_{kind}"][0]
    rest = (1 - china) / len(countries)
    share = dict.fromkeys(countries, rest) | {"CHN": china, OTHERS: rest}
    size = priors["destination_concentration" + ("" if is_recorded else "_unrecorded")][0]
    return share, size


def _declared(of: pl.DataFrame, base: dict[str, float]) -> dict[str, float]:
    """Shares by declared value where China's and others' stand side by side."""
    usd = dict(
        of.filter(pl.col("quantity") == "export_usd")
        .group_by("counterpart_iso3")
        .agg(pl.col("value").max())
        .iter_rows()
    )
    if "CHN" not in usd:
        return base
    china = base["CHN"]
    others = {country: usd[country] / usd["CHN"] * china for country in usd if country != "CHN"}
    fit = min(1.0, 0.9 * (1 - china) / max(sum(others.values()), 1e-12))
    declared = {country: share * fit for country, share in others.items()}
    left = 1 - china - sum(declared.values())
    unknown = [country for country in base if country not in declared and country != "CHN"]
    return {"CHN": china} | declared | {country: left / len(unknown) for country in unknown}
