"""Laden departures: which calls at coal ports were loadings, and what speaks for each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from pipelines.paths import SQL_DIR
from pipelines.schemas.shipping import Candidates, ShippingLoadings
from pipelines.schemas.types import polars_schema
from pipelines.shipping.cargo import (
    CargoDraws,
    Prior,
    estimate_cargo,
    summarise_cargo,
)
from pipelines.warehouse import select_from

# one row a departure from a coal port that may have been laden, before any tonnes
CANDIDATE_SCHEMA = polars_schema(Candidates)
LOADING_SCHEMA = polars_schema(ShippingLoadings)


def find_candidates(
    port_calls: pl.DataFrame,
    gaps: pl.DataFrame,
    gfw_events: pl.DataFrame,
    vessels: pl.DataFrame,
    ports: pl.DataFrame,
    priors: Mapping[str, Prior],
) -> pl.DataFrame:
    """Departures from coal ports that may have been laden.

    Three kinds of evidence, in the column `evidence`:

    - `port_call`: a call seen by positions. Draughts at arrival and departure; where the ship had
      not yet typed the new one, the draught it arrives with at the next port within a voyage.
    - `gap`: no call was seen, but the ship went dark and came back near a coal port and sits deeper
      at its next call than after its last.
    - `gfw_port_visit`: a visit that Global Fishing Watch lists and our positions do not.

    `p_laden` is 1 where the hull sank, 0 where it rose, null where no draught tells (the prior
    then speaks). Ships known to be other than cargo ships are left out.

    Returns:
        CANDIDATE_SCHEMA, ordered by departed_at, event_id.
    """
    found = select_from(
        SQL_DIR / "shipping" / "candidates.sql",
        {
            "port_calls": port_calls,
            "absences": gaps,
            "gfw_events": gfw_events,
            "vessels": vessels,
            "ports": ports,
        },
        loaded_m=priors["loaded_change"].value - 1e-9,
        least_dwell_hours=priors["least_dwell"].value,
        dark_km=priors["dark_radius"].value,
        voyage_days=int(priors["longest_voyage_days"].value),
    )
    return found.select(pl.col(name).cast(kind) for name, kind in CANDIDATE_SCHEMA.items())


def estimate_loadings(
    candidates: pl.DataFrame, priors: Mapping[str, Prior], *, draws: int, seed: int
) -> tuple[pl.DataFrame, CargoDraws]:
    """Candidates with their tonnes: (LOADING_SCHEMA, the draws behind it in the same order)."""
    found = estimate_cargo(candidates, priors, draws=draws, seed=seed)
    table = summarise_cargo(candidates, found)
    return table.select(pl.col(name).cast(kind) for name, kind in LOADING_SCHEMA.items()), found


def loading_draws(loadings: pl.DataFrame, found: CargoDraws) -> pl.DataFrame:
    """Tonnes left per departure and draw: 0 where that draw says it left empty.

    Returns:
        loadings.height x draws rows: event_id, draw, cargo_t.
    """
    draws = found.cargo_t.shape[1] if loadings.height else 0
    return pl.DataFrame(
        {
            "event_id": np.repeat(loadings["event_id"].to_numpy(), draws),
            "draw": np.tile(np.arange(draws), loadings.height),
            "cargo_t": np.where(found.is_laden, found.cargo_t, 0.0).ravel(),
        },
        schema={"event_id": pl.String, "draw": pl.Int64, "cargo_t": pl.Float64},
    )
