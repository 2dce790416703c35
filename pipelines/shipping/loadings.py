"""Laden departures: which calls at coal ports were loadings, and what speaks for each."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import polars as pl

from pipelines.schemas.shipping import Candidates, ShippingLoadings
from pipelines.schemas.types import polars_schema
from pipelines.shipping.cargo import (
    CargoDraws,
    Prior,
    estimate_cargo,
    summarise_cargo,
)

# one row a departure from a coal port that may have been laden, before any tonnes
CANDIDATE_SCHEMA = polars_schema(Candidates)
LOADING_SCHEMA = polars_schema(ShippingLoadings)

_NEXT = {"vessel_mmsi", "segment"}


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
    port_calls = port_calls.rename({"mmsi": "vessel_mmsi"})
    gaps = gaps.rename({"mmsi": "vessel_mmsi"})
    coal = ports.filter("is_coal_port").select(
        "port_id",
        port_name="name",
        port_locode="locode",
        port_lat="lat",
        port_lon="lon",
        r_out_km="r_out_km",
        is_transit_port="is_transit_port",
    )
    calls = port_calls.sort("vessel_mmsi", "segment", "entered_at").with_columns(
        next_draught=pl.col("draught_in_m").shift(-1).over(_NEXT),
        next_at=pl.col("entered_at").shift(-1).over(_NEXT),
    )
    found = pl.concat(
        [
            _from_calls(calls, coal, priors),
            _from_gaps(calls, gaps, coal, priors),
        ]
    )
    found = pl.concat([found, _from_gfw(gfw_events, found, coal)])
    known = vessels.select(
        "vessel_mmsi",
        "vessel_imo",
        vessel_name="name",
        vessel_flag_iso2="flag_iso2",
        list_match="list_match",
        is_cargo="is_cargo",
        length_m="length_m",
        beam_m="beam_m",
        sent_draught="design_draught_m",
        dwt_t="dwt_t",
    )
    deepest = (
        port_calls.group_by("vessel_mmsi")
        .agg(call_draught=pl.max_horizontal("draught_in_m", "draught_out_m").max())
        .select("vessel_mmsi", "call_draught")
    )
    return (
        found.join(
            coal.select("port_id", "port_name", "port_locode", "is_transit_port"), on="port_id"
        )
        .join(known, on="vessel_mmsi", how="left")
        .join(deepest, on="vessel_mmsi", how="left")
        .filter(pl.col("is_cargo").fill_null(True))
        .with_columns(
            vessel_name=pl.coalesce("vessel_name", "gfw_name"),
            design_draught_m=pl.max_horizontal(
                "sent_draught", "call_draught", "draught_in_m", "draught_out_m"
            ),
            p_laden=_laden(priors),
        )
        .select(pl.col(name).cast(kind) for name, kind in CANDIDATE_SCHEMA.items())
        .sort("departed_at", "event_id")
    )


def _laden(priors: Mapping[str, Prior]) -> pl.Expr:
    rise = pl.col("draught_out_m") - pl.col("draught_in_m")
    least = priors["loaded_change"].value - 1e-9
    return pl.when(rise >= least).then(1.0).when(rise <= -least).then(0.0)


_FOUND = {
    "event_id": pl.String,
    "vessel_mmsi": pl.Int64,
    "gfw_name": pl.String,
    "port_id": pl.Int64,
    "arrived_at": pl.Datetime("us"),
    "departed_at": pl.Datetime("us"),
    "dwell_hours": pl.Float64,
    "draught_in_m": pl.Float64,
    "draught_out_m": pl.Float64,
    "draught_source": pl.String,
    "evidence": pl.String,
    "evidence_event_id": pl.String,
}


def _shaped(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(kind) for name, kind in _FOUND.items())


def _voyage(priors: Mapping[str, Prior]) -> pl.Expr:
    return pl.duration(days=int(priors["longest_voyage_days"].value))


def _from_calls(
    calls: pl.DataFrame, coal: pl.DataFrame, priors: Mapping[str, Prior]
) -> pl.DataFrame:
    least = priors["loaded_change"].value - 1e-9
    at_coal = calls.join(coal.select("port_id"), on="port_id", how="semi").filter(
        # a ship still in port has not left, laden or not
        ~pl.col("is_open") & (pl.col("dwell_hours") >= priors["least_dwell"].value)
    )
    unchanged = (
        pl.col("draught_out_m").is_null()
        | ((pl.col("draught_out_m") - pl.col("draught_in_m")).abs() < least)
    ).fill_null(True)
    in_time = (pl.col("next_at") - pl.col("left_at") <= _voyage(priors)).fill_null(False)
    later = unchanged & in_time & pl.col("next_draught").is_not_null()
    told = (later & ((pl.col("next_draught") - pl.col("draught_in_m")).abs() >= least)).fill_null(
        False
    )
    return _shaped(
        at_coal.with_columns(
            # a draught that never moves was not typed anew: it tells nothing
            draught_out_m=pl.when(told)
            .then(pl.col("next_draught"))
            .when(~unchanged)
            .then(pl.col("draught_out_m")),
            draught_source=pl.when(told)
            .then(pl.lit("next_call"))
            .when(~unchanged)
            .then(pl.lit("reported"))
            .otherwise(pl.lit("none")),
            gfw_name=pl.lit(None),
            arrived_at="entered_at",
            departed_at="left_at",
            evidence=pl.lit("port_call"),
            evidence_event_id="event_id",
            event_id=_event_id("loading", "event_id"),
        )
    )


def _km(lon: str, lat: str) -> pl.Expr:
    return (
        ((pl.col(lat) - pl.col("port_lat")) * 111.195) ** 2
        + ((pl.col(lon) - pl.col("port_lon")) * 111.195 * pl.col("port_lat").radians().cos()) ** 2
    ).sqrt()


def _from_gaps(
    calls: pl.DataFrame, gaps: pl.DataFrame, coal: pl.DataFrame, priors: Mapping[str, Prior]
) -> pl.DataFrame:
    """Dark loadings: deeper after a silence near a coal port than before it."""
    least = priors["loaded_change"].value - 1e-9
    radius = priors["dark_radius"].value
    near = (
        gaps.filter(
            ~pl.col("is_open")
            & pl.col("port_id").is_null()
            & (pl.col("gap_hours") >= priors["least_dwell"].value)
        )
        .drop("port_id")
        .join(coal, how="cross")
        .with_columns(off_km=_km("off_lon", "off_lat"), on_km=_km("on_lon", "on_lat"))
        .filter((pl.col("off_km") <= radius) & (pl.col("on_km") <= radius))
        .sort("event_id", pl.col("off_km") + pl.col("on_km"), "port_id")
        .unique("event_id", keep="first", maintain_order=True)
        .sort("off_at")
    )
    before = calls.select(
        "vessel_mmsi",
        "segment",
        before_at="left_at",
        before_draught=pl.coalesce("draught_out_m", "draught_in_m"),
    ).sort("before_at")
    after = calls.select(
        "vessel_mmsi",
        "segment",
        after_at="entered_at",
        after_draught="draught_in_m",
        after_port="port_id",
    ).sort("after_at")
    by = ["vessel_mmsi", "segment"]
    seen = (
        near.join_asof(
            before,
            left_on="off_at",
            right_on="before_at",
            by=by,
            strategy="backward",
            check_sortedness=False,
        )
        .sort("on_at")
        .join_asof(
            after,
            left_on="on_at",
            right_on="after_at",
            by=by,
            strategy="forward",
            check_sortedness=False,
        )
        .filter(
            (pl.col("off_at") - pl.col("before_at") <= _voyage(priors))
            & (pl.col("after_at") - pl.col("on_at") <= _voyage(priors))
            & (pl.col("after_draught") - pl.col("before_draught") >= least)
        )
        # the next call must not itself be the loading
        .join(coal.select(after_port="port_id"), on="after_port", how="anti")
        # one loading between two calls, however many silences: the longest
        .sort("gap_hours", "event_id", descending=[True, False])
        .unique(["vessel_mmsi", "segment", "before_at", "after_at"], keep="first")
    )
    return _shaped(
        seen.with_columns(
            gfw_name=pl.lit(None),
            arrived_at="off_at",
            departed_at="on_at",
            dwell_hours=pl.lit(None),
            draught_in_m="before_draught",
            draught_out_m="after_draught",
            draught_source=pl.lit("across_gap"),
            evidence=pl.lit("gap"),
            evidence_event_id="event_id",
            event_id=_event_id("loading", "event_id"),
        )
    )


def _from_gfw(events: pl.DataFrame, seen: pl.DataFrame, coal: pl.DataFrame) -> pl.DataFrame:
    visits = (
        events.filter(
            (pl.col("event_type") == "port_visit")
            & (pl.col("visit_confidence") >= 3)
            & pl.col("ended_at").is_not_null()
        )
        .with_columns(
            at_lon=pl.coalesce("anchorage_lon", "lon"), at_lat=pl.coalesce("anchorage_lat", "lat")
        )
        .join(coal, how="cross")
        .with_columns(km=_km("at_lon", "at_lat"))
        .filter(pl.col("km") <= pl.col("r_out_km"))
        .sort("event_id", "km", "port_id")
        .unique("event_id", keep="first", maintain_order=True)
    )
    known = visits.join(
        seen.select("vessel_mmsi", seen_from="arrived_at", seen_to="departed_at"),
        on="vessel_mmsi",
    ).filter(
        (pl.col("seen_from") <= pl.col("ended_at")) & (pl.col("started_at") <= pl.col("seen_to"))
    )
    return _shaped(
        visits.join(known.select("event_id"), on="event_id", how="anti").with_columns(
            gfw_name="vessel_name",
            arrived_at="started_at",
            departed_at="ended_at",
            dwell_hours=(pl.col("ended_at") - pl.col("started_at")).dt.total_seconds() / 3600,
            draught_in_m=pl.lit(None),
            draught_out_m=pl.lit(None),
            draught_source=pl.lit("none"),
            evidence=pl.lit("gfw_port_visit"),
            evidence_event_id="event_id",
            event_id=_event_id("loading-gfw", "event_id"),
        )
    )


def _event_id(kind: str, column: str) -> pl.Expr:
    """A stable id from what it rests on."""
    return pl.col(column).map_batches(
        lambda values: pl.Series(
            [hashlib.sha256(f"{kind}:{value}".encode()).hexdigest()[:20] for value in values]
        ),
        return_dtype=pl.String,
    )


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
