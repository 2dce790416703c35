"""The tables of ships: who they are, what they did and loaded, and what that says of coal."""

from __future__ import annotations

import datetime as dt
import os
from typing import Literal

import duckdb
import polars as pl

from pipelines.making import Made, SamplingPlan, maker
from pipelines.paths import data_dir
from pipelines.schemas.shipping import EVENTS, empty_events
from pipelines.shipping import places
from pipelines.shipping.cargo import load_priors
from pipelines.shipping.detection import as_observations, estimate_detection
from pipelines.shipping.dropped import ais_dir, positions_dir
from pipelines.shipping.history import update_events
from pipelines.shipping.landed_tables import landed_statics
from pipelines.shipping.loadings import estimate_loadings, find_candidates
from pipelines.shipping.loadings import loading_draws as drawn_loadings
from pipelines.shipping.vessels import build_vessels
from pipelines.warehouse import has_table, read_frame

ENGINE = "DPRK_SHIPPING_ENGINE"


@maker("shipping.vessel_statics", reads=["staged.ais_files"])
def vessel_statics(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Gather the particulars of every landed file."""
    return landed_statics()


@maker("shipping.vessels", reads=["shipping.vessel_statics", "staged.listed_parties"])
def vessels(connection: duckdb.DuckDBPyConnection) -> Made:
    """Name each ship."""
    listed = (
        read_frame(connection, "staged.listed_parties")
        if has_table(connection, "staged.listed_parties")
        else None
    )
    found = build_vessels(read_frame(connection, "shipping.vessel_statics"), listed)
    matched = found["list_match"].value_counts().drop_nulls().sort("list_match")
    told = {f"matches_{name}": count for name, count in matched.iter_rows()}
    return Made([("shipping.vessels", found)], told)


def _engine() -> Literal["duckdb", "spark"]:
    """Where the stages run, by the variable DPRK_SHIPPING_ENGINE.

    Raises:
        ValueError: it names no engine.
    """
    chosen = os.environ.get(ENGINE, "duckdb")
    if chosen == "duckdb" or chosen == "spark":
        return chosen
    raise ValueError(f"{ENGINE} is {chosen!r}; it must be duckdb or spark")


@maker(
    *(f"shipping.{name}" for name in EVENTS),
    reads=["staged.ports", "staged.ais_files"],
    kinds={"duckdb"},
)
def events(connection: duckdb.DuckDBPyConnection) -> Made:
    """Tracks, port calls, gaps, encounters, loitering and draught changes of the whole history.

    A day added costs that day; see history.py.
    """
    known = read_frame(connection, "staged.ports")
    update = update_events(
        positions_dir(),
        ais_dir() / "history",
        known,
        places=lambda points: places.measure(points, known, cache_dir=data_dir() / "cache"),
        engine=_engine(),
    )
    return Made(
        (
            (
                f"shipping.{name}",
                empty_events(name) if update.events is None else update.events[name],
            )
            for name in EVENTS
        ),
        {"days": update.days, "new_days": update.new_days, "is_restart": update.is_restart},
    )


@maker(
    "shipping.loadings",
    "shipping.loading_draws",
    "shipping.detection",
    "facts.ais_observations",
    reads=[
        "shipping.port_calls",
        "shipping.absences",
        "shipping.vessels",
        "staged.gfw_events",
        "staged.ports",
        "staged.feed_priors",
    ],
)
def loadings(connection: duckdb.DuckDBPyConnection, sampling: SamplingPlan) -> Made:
    """From calls, silences and visits to laden departures, then to the ledger."""
    priors = load_priors(read_frame(connection, "staged.feed_priors"))
    candidates = find_candidates(
        read_frame(connection, "shipping.port_calls"),
        read_frame(connection, "shipping.absences"),
        read_frame(connection, "staged.gfw_events"),
        read_frame(connection, "shipping.vessels"),
        read_frame(connection, "staged.ports"),
        priors,
    )
    found, cargo = estimate_loadings(candidates, priors, draws=sampling.draws, seed=sampling.seed)
    detection, drawn = estimate_detection(found, cargo, priors, seed=sampling.seed)
    received = read_frame(connection, "staged.ais_files")["received_at"].to_list()
    observations = as_observations(
        found,
        cargo,
        detection,
        drawn,
        retrieved_at=max(received, default=dt.datetime.now(dt.UTC)),
    )
    return Made(
        [
            ("shipping.loadings", found),
            ("shipping.loading_draws", drawn_loadings(found, cargo)),
            ("shipping.detection", detection),
            ("facts.ais_observations", observations),
        ]
    )
