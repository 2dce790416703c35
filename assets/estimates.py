"""Estimates: observations in, draws out, one asset a stream."""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg
import duckdb
import polars as pl

from assets.resources import Sampling, WarehouseResource
from assets.tables import result
from pipelines.estimates.baseline_coal import estimate_coal_baseline
from pipelines.estimates.baseline_it_workers import (
    ItWorkerDraws,
    estimate_it_workers_baseline,
)
from pipelines.estimates.baseline_labor import estimate_labor_baseline
from pipelines.estimates.labor_world import LaborDraws
from pipelines.versions import code_version, hash_frame
from pipelines.warehouse import (
    build_if_changed,
    inputs_hash,
    is_current,
    read_frame,
    record,
    replace_rows,
    sql_of,
    tables_read,
    write_frame,
)

BASELINE = "baseline"


def note_estimate(
    connection: duckdb.DuckDBPyConnection,
    stream: str,
    model: str,
    *,
    figures: pl.DataFrame,
    monthly: pl.DataFrame,
    annual: pl.DataFrame,
) -> None:
    """Keep what became of each figure, and where assumption rather than evidence speaks.

    Args:
        connection: the open work database.
        stream: coal, labor or it_workers.
        model: the estimator's name.
        figures: observation_id, is_used, reason_not_used; posterior_quantile, model_q05 and
            model_q95 where the estimator gives them.
        monthly: month, is_prior_driven.
        annual: year, is_prior_driven.
    """
    judged = [
        name if name in figures.columns else pl.lit(None, dtype=pl.Float64).alias(name)
        for name in ("posterior_quantile", "model_q05", "model_q95")
    ]
    mark = (pl.lit(stream).alias("stream"), pl.lit(model).alias("model"))
    for table, frame in (
        (
            "estimates.observation_use",
            figures.select("observation_id", *mark, "is_used", "reason_not_used", *judged),
        ),
        ("estimates.periods", monthly.select(*mark, "month", "is_prior_driven")),
        ("estimates.years", annual.select(*mark, "year", "is_prior_driven")),
    ):
        replace_rows(connection, table, frame, column="stream", value=stream)


def observations_of(connection: duckdb.DuckDBPyConnection, stream: str) -> pl.DataFrame:
    """The ledger's rows of one stream, in a fixed order."""
    return read_frame(connection, "facts.observations").filter(pl.col("stream") == stream)


@dg.asset(
    key=["estimates", "coal_draws"],
    group_name="estimates",
    kinds={"python"},
    deps=[["facts", "observations"]],
    description=(
        "Joint draws of coal exports by month: tonnes, price, gross and net income. "
        "Grain: draw, month."
    ),
)
def coal_draws(warehouse: WarehouseResource, sampling: Sampling) -> dg.MaterializeResult:
    """Draw coal by the plain rules."""
    with warehouse.open().connect() as connection:
        observations = observations_of(connection, "coal")
        made_from = inputs_hash(
            hash_frame(observations), code_version(), sampling.key(), sampling.last_month()
        )
        if is_current(connection, "estimates.coal_draws", made_from):
            return result(connection, "estimates.coal_draws", model=BASELINE, was_fitted=False)
        estimate = estimate_coal_baseline(
            observations,
            draws=sampling.draws,
            seed=sampling.seed,
            through=sampling.last_month(),
        )
        write_frame(connection, "estimates.coal_draws", estimate.draws)
        write_frame(connection, "estimates.coal_destination_draws", estimate.destinations)
        note_estimate(
            connection,
            "coal",
            BASELINE,
            figures=estimate.figures,
            monthly=estimate.support_monthly,
            annual=estimate.support_annual,
        )
        record(connection, "estimates.coal_draws", made_from)
        return result(connection, "estimates.coal_draws", model=BASELINE, was_fitted=True)


@dg.asset(
    key=["estimates", "labor_draws"],
    group_name="estimates",
    kinds={"python"},
    deps=[["facts", "observations"]],
    description=(
        "Joint draws of overseas workers by host: headcount, pay, state share, gross wages, state "
        "take. Grain: draw, month, host_iso3."
    ),
)
def labor_draws(warehouse: WarehouseResource, sampling: Sampling) -> dg.MaterializeResult:
    """Draw overseas labor by the plain rules."""
    return _draw(warehouse, sampling, "labor", "labor_draws", estimate_labor_baseline)


@dg.asset(
    key=["estimates", "it_worker_draws"],
    group_name="estimates",
    kinds={"python"},
    deps=[["facts", "observations"]],
    description=(
        "Joint draws of overseas IT workers, a stream of its own: headcount, gross earnings, state "
        "take. Grain: draw, month."
    ),
)
def it_worker_draws(warehouse: WarehouseResource, sampling: Sampling) -> dg.MaterializeResult:
    """Draw overseas IT workers by the plain rules."""
    return _draw(warehouse, sampling, "it_workers", "it_worker_draws", estimate_it_workers_baseline)


def _draw(
    warehouse: WarehouseResource,
    sampling: Sampling,
    stream: str,
    name: str,
    estimator: Callable[..., LaborDraws | ItWorkerDraws],
) -> dg.MaterializeResult:
    """Run one estimator unless its evidence, code and sampling are those of its last draws."""
    table = f"estimates.{name}"
    with warehouse.open().connect() as connection:
        observations = observations_of(connection, stream)
        made_from = inputs_hash(
            hash_frame(observations), code_version(), sampling.key(), sampling.last_month()
        )
        if is_current(connection, table, made_from):
            return result(connection, table, model=BASELINE, was_fitted=False)
        estimate = estimator(
            observations,
            draws=sampling.draws,
            seed=sampling.seed,
            through=sampling.last_month(),
        )
        write_frame(connection, table, estimate.draws)
        note_estimate(
            connection,
            stream,
            BASELINE,
            figures=estimate.figures,
            monthly=estimate.support_monthly,
            annual=estimate.support_annual,
        )
        record(connection, table, made_from)
        return result(connection, table, model=BASELINE, was_fitted=True)


def _sql_asset(name: str, deps: list[list[str]], description: str) -> dg.AssetsDefinition:
    table = f"estimates.{name}"

    @dg.asset(
        key=["estimates", name],
        group_name="estimates",
        kinds={"duckdb"},
        deps=deps,
        description=description,
    )
    def made_by_sql(warehouse: WarehouseResource) -> dg.MaterializeResult:
        with warehouse.open().connect() as connection:
            # one thread: sums of floating-point numbers come out the same on every run
            connection.execute("set threads = 1")
            was_built = build_if_changed(connection, table, tables_read(sql_of(table)))
            return result(connection, table, was_built=was_built)

    return made_by_sql


INCOME_DRAWS = _sql_asset(
    "income_draws",
    [["estimates", "coal_draws"], ["estimates", "labor_draws"], ["estimates", "it_worker_draws"]],
    "Every stream's base measures in one shape. Grain: stream, measure, draw, month.",
)
TOTAL_DRAWS = _sql_asset(
    "total_draws",
    [["estimates", "income_draws"]],
    "Headlines of all streams added within a draw. Grain: draw, month.",
)
ORIGINS_BY_MONTH = _sql_asset(
    "origins_by_month",
    [["facts", "observations"], ["estimates", "income_draws"]],
    "Independent originators whose used figures touch a month. Grain: stream, month, origin_id.",
)
