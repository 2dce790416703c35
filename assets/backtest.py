"""The backtest job: refit without part of the evidence, score, keep. Not part of the main job."""

from pathlib import Path

import dagster as dg
import polars as pl

from assets.estimates import backtest_dir, coal_code, labor_code, observations_of
from assets.resources import Sampling, WarehouseResource
from pipelines.estimates import backtest_coal, backtest_labor, coal_windows, labor_figures

# worlds of the calibration check; each is one more refit
CALIBRATION_WORLDS = 60


def _keep(frame: pl.DataFrame, path: Path) -> None:
    half = path.with_suffix(".partial")
    frame.write_parquet(half)
    half.replace(path)


@dg.op(description="Score the coal models on figures they were not shown; a stopped run resumes.")
def backtest_coal_models(
    context: dg.OpExecutionContext, warehouse: WarehouseResource, sampling: Sampling
) -> None:
    """All four tests of coal, fold by fold."""
    with warehouse.open().connect(read_only=True) as connection:
        observations = observations_of(connection, "coal")

    def tell(done: int, total: int, name: str) -> None:
        context.log.info(f"fold {done} of {total}: {name}")

    cases = backtest_coal.run_backtests(
        observations,
        coal_windows.reference_priors(),
        seed=sampling.seed,
        through=sampling.last_month(),
        store=backtest_dir() / "folds",
        code=coal_code(),
        progress=tell,
    )
    _keep(cases, backtest_dir() / "coal-cases.parquet")


@dg.op(
    ins={"after": dg.In(dg.Nothing)},
    description="Simulation-based calibration of the coal sampler: ranks must be uniform.",
)
def calibrate_coal_sampler(
    context: dg.OpExecutionContext, warehouse: WarehouseResource, sampling: Sampling
) -> None:
    """Draw worlds from the prior, make up their figures, sample, rank the truth.

    Raises:
        dagster.Failure: ranks are not uniform; the sampler or the density is wrong.
    """
    with warehouse.open().connect(read_only=True) as connection:
        observations = observations_of(connection, "coal")
    ranks = backtest_coal.calibrate(
        observations,
        coal_windows.reference_priors(),
        worlds=CALIBRATION_WORLDS,
        seed=sampling.seed,
        through=sampling.last_month(),
        progress=lambda done, total: context.log.info(f"fold {done} of {total}: calibration"),
    )
    _keep(ranks, backtest_dir() / "coal-calibration-ranks.parquet")
    _require_uniform(context, ranks)


def _require_uniform(context: dg.OpExecutionContext, ranks: pl.DataFrame) -> None:
    table = backtest_coal.uniformity(ranks)
    context.log.info(f"least p-value {table['p_value'].min()} over {table.height} quantities")
    failed = table.filter(pl.col("p_value") < 0.01 / table.height)
    if failed.height:
        raise dg.Failure(
            "simulation-based calibration failed for "
            + ", ".join(failed["quantity"])
            + ": the sampler and the density disagree; do not publish before it is mended"
        )


@dg.op(description="Score the labor models on figures they were not shown; resumes.")
def backtest_labor_models(
    context: dg.OpExecutionContext, warehouse: WarehouseResource, sampling: Sampling
) -> None:
    """All three tests of labor and of IT workers, fold by fold."""

    def tell(done: int, total: int, name: str) -> None:
        context.log.info(f"fold {done} of {total}: {name}")

    for stream in ("labor", "it_workers"):
        with warehouse.open().connect(read_only=True) as connection:
            observations = observations_of(connection, stream)
        cases = backtest_labor.run_backtests(
            observations,
            labor_figures.reference_priors(),
            stream,
            seed=sampling.seed,
            through=sampling.last_month(),
            store=backtest_dir() / "folds",
            code=labor_code(),
            progress=tell,
        )
        _keep(cases, backtest_dir() / f"{stream}-cases.parquet")


@dg.op(
    ins={"after": dg.In(dg.Nothing)},
    description="Simulation-based calibration of the labor sampler: ranks must be uniform.",
)
def calibrate_labor_sampler(
    context: dg.OpExecutionContext, warehouse: WarehouseResource, sampling: Sampling
) -> None:
    """Draw worlds of IT workers from the prior (the same density, one host), sample, rank.

    Raises:
        dagster.Failure: ranks are not uniform; the sampler or the density is wrong.
    """
    with warehouse.open().connect(read_only=True) as connection:
        observations = observations_of(connection, "it_workers")
    ranks = backtest_labor.calibrate(
        observations,
        labor_figures.reference_priors(),
        "it_workers",
        worlds=CALIBRATION_WORLDS,
        seed=sampling.seed,
        through=sampling.last_month(),
        progress=lambda done, total: context.log.info(f"fold {done} of {total}: calibration"),
    )
    _keep(ranks, backtest_dir() / "it_workers-calibration-ranks.parquet")
    _require_uniform(context, ranks)


@dg.job(
    name="backtest",
    description="Refit without part of the evidence and score; calibrate the sampler. Long.",
)
def backtest() -> None:
    """Scores first, calibration after."""
    calibrate_coal_sampler(after=backtest_coal_models())
    calibrate_labor_sampler(after=backtest_labor_models())
