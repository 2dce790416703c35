"""The network's tables: who makes which from what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import polars as pl

from pipelines.making import Made, SamplingPlan, maker
from pipelines.network.assemble import assemble
from pipelines.network.campaign import clock_tables
from pipelines.network.evidence import graded
from pipelines.network.on_day import CHANGES, DAY_TABLES, LISTED, as_of_run, network_on
from pipelines.network.walk import HOSTS_FROM, INCOME, judgements, walk_inputs, walked
from pipelines.schemas.network import HAND_KEPT
from pipelines.versions import code_version
from pipelines.warehouse import inputs_hash, read_frame


@maker(
    *(f"network.{table}" for table in DAY_TABLES),
    "network.all_entities",
    "network.all_links",
    "network.all_statements",
    "network.all_amounts",
    "network.entity_pairs",
    "network.lists",
    reads=[*HAND_KEPT, *(f"staged.{table}" for table in (*LISTED, CHANGES))],
    kinds={"python", "duckdb"},
)
def entities(connection: duckdb.DuckDBPyConnection) -> Made:
    """Join, resolve, grade; keep the ledger; mark what may be published."""
    told: dict[str, Any] = {}

    def tables() -> Iterator[tuple[str, pl.DataFrame]]:
        whole, counts = assemble(connection)
        yield from ((f"network.{table}", frame) for table, frame in whole.items())
        # what anybody could know on the day is read from the whole network
        day = network_on(connection, as_of_run(connection))
        yield from ((f"network.{table}", getattr(day, table)) for table in DAY_TABLES)
        held_back = day.entities.filter(~pl.col("is_publishable")).height
        told.update(as_of=day.as_of.isoformat(), **counts, held_back=held_back)

    return Made(tables(), told)


@maker(
    "network.calibration",
    "network.grade_verdicts",
    reads=["network.links", "network.link_statements"],
    kinds={"python"},
)
def calibration(connection: duckdb.DuckDBPyConnection) -> Made:
    """Split the statements in time, to hold their grades against later years."""
    table, verdicts = graded(
        read_frame(connection, "network.link_statements"),
        read_frame(connection, "staged.evidence_grades"),
        read_frame(connection, "network.links")["link_id"],
    )
    return Made([("network.calibration", table), ("network.grade_verdicts", verdicts)])


def _walked_from(connection: duckdb.DuckDBPyConnection, sampling: SamplingPlan) -> str:
    read = walk_inputs(connection, judgements(connection))
    return inputs_hash(read, code_version(), sampling.key())


@maker(
    *(
        f"network.{table}"
        for table in (
            "attribution_annual",
            "conservation",
            "bank_exposure",
            "chinese_banks",
            "chinese_bank_tiers",
            "undesignated_share",
            "interdiction_frontier",
            "interdiction_nodes",
            "interdiction_sensitivity",
            "acts",
            "acts_by_tier",
            "acts_backtest",
        )
    ),
    reads=[
        "network.entities",
        INCOME,
        *HOSTS_FROM,
        "staged.network_headcounts",
        "staged.network_bank_notes",
        "staged.replaceability",
        "staged.network_settings",
        "staged.stream_eras",
        "staged.act_days",
    ],
    kinds={"python"},
    made_from=_walked_from,
)
def walk(connection: duckdb.DuckDBPyConnection, sampling: SamplingPlan) -> Made:
    """Place income on parties, see it pass banks, and weigh acts, draw by draw."""
    tables = walked(connection, judgements(connection), sampling.seed)
    return Made((f"network.{table}", frame) for table, frame in tables.items())


@maker(
    *(
        f"network.{table}"
        for table in (
            "campaign_monthly",
            "campaign_designations",
            "designation_lag",
            "designation_lag_summary",
            "joint_statements",
        )
    ),
    reads=[
        "network.entities",
        "estimates.total_draws",
        "staged.campaign_events",
        "staged.un_statement_endorsers",
    ],
    kinds={"python"},
)
def clock(connection: duckdb.DuckDBPyConnection) -> Made:
    """Set the campaign beside the income."""
    tables = clock_tables(connection)
    lag = tables["designation_lag_summary"].drop("as_of").row(0, named=True)
    return Made([(f"network.{table}", frame) for table, frame in tables.items()], lag)
