"""Estimates: observations in, draws out, one asset a stream."""

from __future__ import annotations

import dagster as dg
import duckdb
import polars as pl

from assets.resources import Sampling, WarehouseResource
from assets.tables import result
from pipelines.estimates.baseline_coal import estimate_coal_baseline
from pipelines.warehouse import build_table, read_frame, replace_rows, write_frame

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
        estimate = estimate_coal_baseline(
            read_frame(connection, "facts.observations"),
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
        return result(connection, "estimates.coal_draws", model=BASELINE)


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
            build_table(connection, table)
            return result(connection, table)

    return made_by_sql


INCOME_DRAWS = _sql_asset(
    "income_draws",
    [["estimates", "coal_draws"], ["estimates", "labor_draws"], ["estimates", "it_worker_draws"]],
    "Every stream's base measures in one shape. Grain: stream, measure, draw, month.",
)
MEASURE_DRAWS = _sql_asset(
    "measure_draws",
    [["estimates", "income_draws"]],
    "Base measures, headlines and their total within a draw. Grain: stream, measure, draw, month.",
)
ORIGINS_BY_MONTH = _sql_asset(
    "origins_by_month",
    [["facts", "observations"], ["estimates", "income_draws"]],
    "Independent originators whose used figures touch a month. Grain: stream, month, origin_id.",
)
