"""What radar satellites say of coal: presence at the berths, and tonnes for the ledger."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import duckdb
import polars as pl

from pipelines.making import Made, SamplingPlan, maker
from pipelines.schemas.figures import OBSERVATION_SCHEMA
from pipelines.sources.gfw_sar.loadings import (
    as_observations,
    estimate_loadings,
    load_assumptions,
    presence,
    together,
)
from pipelines.sources.gfw_sar.read import zones
from pipelines.sources.sentinel1.read import covered_share
from pipelines.warehouse import read_frame

LOADING_GROUPS = ("west", "east")
# China's customs declared coal until the suspension of 18 February 2017, and again from August to
# the end of September, when the ban of resolution 2371 had taken hold: coal's halts.csv cites both
KNOWN_MONTHS = tuple(dt.date(2017, month, 1) for month in (1, 2, 8, 9))
QUIET_MONTHS = tuple(dt.date(2017, month, 1) for month in (4, 5, 6, 7))


@maker("facts.satellite_presence", reads=["staged.gfw_sar", "staged.sentinel1"])
def satellite_presence(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Divide detections by passes, in every port group."""
    known = zones()
    return presence(
        read_frame(connection, "staged.gfw_sar"),
        covered_share(read_frame(connection, "staged.sentinel1"), known),
        known,
        tuple(known["port_group"].unique(maintain_order=True)),
    )


def _declared(*tables: pl.DataFrame) -> dict[dt.date, float]:
    """Tonnes of coal China's customs declared in the known months."""
    return dict(
        pl.concat(
            one.filter(
                pl.col("quantity").eq("export_t")
                & pl.col("kind").eq("exact")
                & pl.col("counterpart_iso3").eq("CHN")
                & pl.col("sector").eq("HS2701")
                & pl.col("window_start_on").is_in(list(KNOWN_MONTHS))
                & pl.col("window_end_on").eq(pl.col("window_start_on").dt.month_end())
            ).select("window_start_on", "central")
            for one in tables
        )
        .group_by("window_start_on")
        .agg(pl.col("central").max())
        .drop_nulls()
        .iter_rows()
    )


@maker(
    "facts.satellite_observations",
    reads=[
        "facts.satellite_presence",
        "facts.trade_observations",
        "staged.feed_priors",
        "staged.figures",
        "staged.gfw_sar",
    ],
    kinds={"duckdb", "numpy"},
)
def satellite_observations(connection: duckdb.DuckDBPyConnection, sampling: SamplingPlan) -> Made:
    """Fix the conversion on the months customs knows, then carry it on."""

    def made(rows: pl.DataFrame, outcome: str, **more: float) -> Made:
        return Made([("facts.satellite_observations", rows)], {"outcome": outcome, **more})

    found = read_frame(connection, "facts.satellite_presence")
    loading = zones().filter(pl.col("port_group").is_in(LOADING_GROUPS))
    assumed = load_assumptions(read_frame(connection, "staged.feed_priors"))
    months = together(found.join(loading.select("zone_id"), on="zone_id", how="semi"), assumed)
    nothing = pl.DataFrame(schema=OBSERVATION_SCHEMA)
    if months.is_empty():
        return made(nothing, "no radar: nothing to convert")
    declared = _declared(
        read_frame(connection, "facts.trade_observations"),
        read_frame(connection, "staged.figures").filter(pl.col("held_back").is_null()),
    )
    try:
        _, tonnes, more = estimate_loadings(
            months,
            declared,
            QUIET_MONTHS,
            draws=sampling.draws,
            seed=sampling.seed,
            assumed=assumed,
        )
    except ValueError as error:
        return replace(made(nothing, str(error)), warnings=(f"satellite: {error}",))
    radar = read_frame(connection, "staged.gfw_sar").select("retrieved_at", "dataset_version")
    retrieved_at, dataset_version = radar.max().row(0)
    rows = as_observations(
        months,
        tonnes,
        after=max(KNOWN_MONTHS),
        retrieved_at=retrieved_at,
        dataset_version=str(dataset_version),
    )
    return made(rows, f"{rows.height} windows; fixed on {more['n_fixed']:.0f} known months", **more)
