"""The backtest job: refit without part of the evidence, score, keep. Not part of the main job."""

from collections.abc import Callable
from functools import partial
from typing import Any

import dagster as dg
import polars as pl

from assets.estimates import STREAM_MODELS, backtest_dir, observations_of
from assets.resources import Sampling, WarehouseResource
from pipelines.estimates import backtest_coal, backtest_labor
from pipelines.estimates.backtest import Progress
from pipelines.estimates.suites import CALIBRATION_LEVEL, Note, Suite, keep_suite
from pipelines.publish.release import utc_now

# worlds of the calibration check; each is one more refit
CALIBRATION_WORLDS = 60
# what scores a stream's folds, and what ranks its made-up worlds
Runner = Callable[..., pl.DataFrame]
RUNNERS: dict[str, tuple[Runner, Runner]] = {
    "coal": (backtest_coal.run_backtests, backtest_coal.calibrate)
} | {
    stream: (
        partial(backtest_labor.run_backtests, stream=stream),
        partial(backtest_labor.calibrate, stream=stream),
    )
    for stream in ("labor", "it_workers")
}


def _teller(context: dg.OpExecutionContext) -> Progress:
    def tell(done: int, total: int, name: str) -> None:
        context.log.info(f"fold {done} of {total}: {name}")

    return tell


def _suite(
    context: dg.OpExecutionContext, stream: str, warehouse: WarehouseResource, sampling: Sampling
) -> Suite:
    """Score every fold of a stream, then calibrate its sampler; both resume where they stopped."""
    made = STREAM_MODELS[stream]
    with warehouse.open().connect(read_only=True) as connection:
        observations = observations_of(connection, stream)
    priors, through = made.priors(), sampling.last_month()
    code = made.code()
    score, calibrate = RUNNERS[stream]
    common: dict[str, Any] = {
        "seed": sampling.seed,
        "through": through,
        "store": backtest_dir() / "folds",
        "code": code,
        "progress": _teller(context),
    }
    cases = score(observations, priors, **common)
    ranks = calibrate(observations, priors, worlds=CALIBRATION_WORLDS, **common)
    note = Note(
        stream=stream,
        scored_at=utc_now().isoformat(),
        evidence=made.evidence(observations),
        code=code,
        seed=sampling.seed,
        through=through.isoformat(),
    )
    return Suite(note, cases, ranks)


def _stream_op(stream: str) -> dg.OpDefinition:
    @dg.op(
        name=f"backtest_{stream}",
        ins={"after": dg.In(dg.Nothing)},
        description=(
            f"Score the models of {stream} on figures they were not shown, and rank the truth of "
            "worlds made up from the prior in their posterior; a stopped run resumes."
        ),
    )
    def backtested(
        context: dg.OpExecutionContext, warehouse: WarehouseResource, sampling: Sampling
    ) -> None:
        suite = _suite(context, stream, warehouse, sampling)
        keep_suite(suite, backtest_dir())
        _require_uniform(context, suite)

    return backtested


def _require_uniform(context: dg.OpExecutionContext, suite: Suite) -> None:
    """Fail the run where ranks are not uniform; the main job then refuses to publish too.

    Raises:
        dagster.Failure: the sampler and the density disagree.
    """
    table = backtest_coal.uniformity(suite.ranks)
    context.log.info(f"least p-value {table['p_value'].min()} over {table.height} quantities")
    failed = table.filter(pl.col("p_value") < CALIBRATION_LEVEL / table.height)
    if failed.height:
        raise dg.Failure(
            "simulation-based calibration failed for "
            + ", ".join(failed["quantity"])
            + ": the sampler and the density disagree; do not publish before it is mended"
        )


@dg.op(description="Where the suite begins.")
def begin_backtests() -> None:
    """The streams run one after another: each uses the whole machine."""


@dg.job(
    name="backtest",
    description="Refit without part of the evidence and score; calibrate the samplers. Long.",
)
def backtest() -> None:
    """One stream after another."""
    after = begin_backtests()
    for stream in STREAM_MODELS:
        after = _stream_op(stream)(after)
