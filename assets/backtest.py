"""The backtest job: refit without part of the evidence, score, keep. Not part of the main job."""

import dagster as dg
import polars as pl

from assets.resources import Sampling, WarehouseResource
from pipelines.fitting.work import STREAMS, tables_for
from pipelines.operating.progress import EXPECTED_S
from pipelines.paths import backtests_dir
from pipelines.publish.release import utc_now
from pipelines.streams import Stream
from pipelines.warehouse import read_frame


def _stream_op(stream: Stream) -> dg.OpDefinition:
    @dg.op(
        name=f"backtest_{stream.name}",
        ins={"after": dg.In(dg.Nothing)},
        tags={EXPECTED_S: "300"},
        description=(
            f"Score the model of {stream.name} on figures it was not shown, and rank the truth of "
            "worlds made up from the prior in their posterior; a stopped run resumes."
        ),
    )
    def backtested(
        context: dg.OpExecutionContext, warehouse: WarehouseResource, sampling: Sampling
    ) -> None:
        # loading what samples takes seconds, and only this job needs it
        from pipelines.operating.backtesting import Miscalibrated, score_stream

        def tell(done: int, total: int, name: str) -> None:
            context.log.info(f"fold {done} of {total}: {name}")

        alone = {stream.name: stream}
        # read at once and let go: others may write while this runs
        with warehouse.open().connect(read_only=True) as connection:
            tables = {table: read_frame(connection, table) for table in tables_for(alone)}
        try:
            doubt = score_stream(
                stream,
                tables,
                through=sampling.last_month(),
                seed=sampling.seed,
                scored_at=utc_now(),
                home=backtests_dir(),
                progress=tell,
            )
        except Miscalibrated as error:
            raise dg.Failure(str(error)) from error
        if doubt:
            context.log.warning(doubt)

    return backtested


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
    for stream in STREAMS.values():
        after = _stream_op(stream)(after)


@dg.asset_check(
    asset=["estimates", "backtest_scores"],
    blocking=True,
    description=(
        "Simulation-based calibration: the truth of made-up worlds ranks uniformly in their "
        "posteriors. Where it does not, the last release stays in place."
    ),
)
def samplers_are_calibrated(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Hold the last calibration to its level, corrected for the number of quantities."""
    with warehouse.open().connect(read_only=True) as connection:
        table = read_frame(connection, "estimates.calibration").filter(~pl.col("is_control"))
    failed = table.filter(~pl.col("is_even"))
    stale = table.filter(~pl.col("is_current"))["stream"].unique().sort().to_list()
    told = "; ".join(
        f"{stream} {quantity}: p = {p:.2g}"
        for stream, quantity, p in failed.select("stream", "quantity", "p_value").rows()
    )
    least = "no calibration is kept or embedded; `./run backtest` makes one"
    if table.height:
        least = f"least p-value {table['p_value'].min():.3f} over {table.height} quantities"
    return dg.AssetCheckResult(
        passed=failed.is_empty(),
        description=(told or least)
        + (f"; made of earlier figures or code: {', '.join(stale)}" if stale else ""),
    )
