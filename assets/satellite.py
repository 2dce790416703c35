"""What radar satellites say of coal: presence at the berths, and tonnes for the ledger."""

from __future__ import annotations

import datetime as dt

import dagster as dg
import polars as pl

from assets.resources import Sampling, WarehouseResource
from assets.tables import result
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
from pipelines.warehouse import read_frame, write_frame

LOADING_GROUPS = ("west", "east")
# China's customs declared coal until the suspension of 18 February 2017, and again from August to
# the end of September, when the ban of resolution 2371 had taken hold: coal's halts.csv cites both
KNOWN_MONTHS = tuple(dt.date(2017, month, 1) for month in (1, 2, 8, 9))
QUIET_MONTHS = tuple(dt.date(2017, month, 1) for month in (4, 5, 6, 7))


@dg.asset(
    key=["facts", "satellite_presence"],
    group_name="facts",
    kinds={"duckdb", "polars"},
    deps=[["staged", "gfw_sar"], ["staged", "sentinel1"]],
)
def satellite_presence(warehouse: WarehouseResource) -> dg.MaterializeResult:
    """Divide detections by passes, in every port group."""
    with warehouse.open().connect() as connection:
        scenes = read_frame(connection, "staged.sentinel1")
        known = zones()
        groups = tuple(known["port_group"].unique(maintain_order=True))
        found = presence(
            read_frame(connection, "staged.gfw_sar"), covered_share(scenes, known), known, groups
        )
        write_frame(connection, "facts.satellite_presence", found)
        return result(connection, "facts.satellite_presence")


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


@dg.asset(
    key=["facts", "satellite_observations"],
    group_name="facts",
    kinds={"duckdb", "numpy"},
    deps=[
        ["facts", "satellite_presence"],
        ["facts", "trade_observations"],
        ["staged", "feed_priors"],
        ["staged", "figures"],
        ["staged", "gfw_sar"],
    ],
)
def satellite_observations(
    warehouse: WarehouseResource, sampling: Sampling
) -> dg.MaterializeResult:
    """Fix the conversion on the months customs knows, then carry it on."""
    with warehouse.open().connect() as connection:
        found = read_frame(connection, "facts.satellite_presence")
        loading = zones().filter(pl.col("port_group").is_in(LOADING_GROUPS))
        assumed = load_assumptions(read_frame(connection, "staged.feed_priors"))
        months = together(found.join(loading.select("zone_id"), on="zone_id", how="semi"), assumed)
        declared = _declared(
            read_frame(connection, "facts.trade_observations"),
            read_frame(connection, "staged.figures").filter(pl.col("held_back").is_null()),
        )
        rows, outcome = pl.DataFrame(schema=OBSERVATION_SCHEMA), "no radar: nothing to convert"
        more: dict[str, float] = {}
        if months.height:
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
                outcome = str(error)
                dg.get_dagster_logger().warning("satellite: %s", outcome)
            else:
                held = connection.execute(
                    "select max(retrieved_at), max(dataset_version) from staged.gfw_sar"
                ).fetchone() or (dt.datetime(1970, 1, 1), "")  # noqa: DTZ001 (never taken)
                rows = as_observations(
                    months,
                    tonnes,
                    after=max(KNOWN_MONTHS),
                    retrieved_at=held[0],
                    dataset_version=str(held[1]),
                )
                outcome = f"{rows.height} windows; fixed on {more['n_fixed']:.0f} known months"
        write_frame(connection, "facts.satellite_observations", rows)
        return result(connection, "facts.satellite_observations", outcome=outcome, **more)
