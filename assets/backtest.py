"""The backtest job: refit without part of the evidence, score, keep. Not part of the main job."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from assets.estimates import STREAMS, tables_for
from assets.resources import Sampling, WarehouseResource
from assets.tables import results, table_specs
from pipelines.paths import STREAMS_DIR, data_dir
from pipelines.publish.release import utc_now
from pipelines.streams import Stream
from pipelines.warehouse import read_frame, write_frame

# what a record-stop makes up, where a stream has a record that stopped
RECORD_STOP = "record_stop.csv"


def backtest_dir() -> Path:
    """Where the backtest job keeps its folds and finished suites."""
    return data_dir() / "backtests"


def _score(
    context: dg.OpExecutionContext,
    stream: Stream,
    sampling: Sampling,
    tables: dict[str, pl.DataFrame],
) -> None:
    """Score every fold of a stream, then calibrate its density; both resume where they stopped."""
    # loading what samples takes seconds, and only this job needs it
    from pipelines.inference import backtests, calibration, folds, scores, suites

    def tell(done: int, total: int, name: str) -> None:
        context.log.info(f"fold {done} of {total}: {name}")

    def read(ledger: pl.DataFrame, ask: Callable[..., Any] = stream.evidence, **more: Any) -> Any:
        of = {name: tables[table] for name, table in stream.reads.items()}
        return ask(ledger, tables["staged.priors"], read=of, **more)

    through = sampling.last_month()
    observations = tables["facts.observations"].filter(pl.col("stream") == stream.name)
    evidence = read(observations, through=through)
    bench = backtests.Bench(evidence, observations, seed=sampling.seed)
    density = bench.joint.density.fingerprint()
    common: dict[str, Any] = {
        "key": f"{density} {sampling.seed}",
        "store": backtest_dir() / "folds",
        "progress": tell,
    }
    cases = folds.run_resumable(
        folds.folds_of(bench.figures, through),
        lambda fold: backtests.score_fold(bench, fold, seed=sampling.seed),
        prefix=stream.name,
        **common,
    )
    if (STREAMS_DIR / stream.name / "plain.py").is_file():

        def plain(hidden: Sequence[str], draws: int, seed: int) -> Any:
            return read(
                observations, stream.plain, through=through, hidden=hidden, draws=draws, seed=seed
            )

        beside = folds.run_resumable(
            folds.folds_of(bench.figures, through),
            lambda fold: backtests.score_plain(bench, fold, plain, seed=sampling.seed),
            prefix=f"{stream.name}-plain",
            **common,
        )
        cases = pl.concat([cases, beside])
    kinds = STREAMS_DIR / stream.name / RECORD_STOP
    if kinds.is_file():
        table = pl.read_csv(kinds)
        stopped = folds.run_resumable(
            backtests.stop_folds(),
            lambda fold: backtests.score_stop(read, table, bench, fold, seed=sampling.seed),
            prefix=f"{stream.name}-stop",
            key=f"{common['key']} {table.write_csv()}",
            store=common["store"],
            progress=tell,
        )
        cases = pl.concat([cases, stopped])
    ranks = calibration.calibrate(calibration.MadeUp(evidence), seed=sampling.seed, **common)
    note = suites.Note(
        stream=stream.name,
        scored_at=utc_now().isoformat(),
        density=density,
        seed=sampling.seed,
        through=through.isoformat(),
    )
    suites.keep_suite(suites.Suite(note, cases, ranks), backtest_dir())
    uneven = scores.uniformity(ranks).filter(~pl.col("is_even"))
    failed = uneven.filter(pl.col("fit") == scores.AS_PUBLISHED)
    if failed.height:
        raise dg.Failure(
            f"simulation-based calibration of {stream.name} failed for "
            + ", ".join(failed["quantity"])
            + ": the sampler and the density disagree; do not publish before it is mended"
        )
    if uneven.is_empty():
        context.log.warning(
            f"{stream.name}: worlds fitted without errors common to a class of source ranked "
            "evenly too: on these figures calibration could not tell"
        )


def _stream_op(stream: Stream) -> dg.OpDefinition:
    @dg.op(
        name=f"backtest_{stream.name}",
        ins={"after": dg.In(dg.Nothing)},
        description=(
            f"Score the model of {stream.name} on figures it was not shown, and rank the truth of "
            "worlds made up from the prior in their posterior; a stopped run resumes."
        ),
    )
    def backtested(
        context: dg.OpExecutionContext, warehouse: WarehouseResource, sampling: Sampling
    ) -> None:
        alone = {stream.name: stream}
        # read at once and let go: others may write while this runs
        with warehouse.open().connect(read_only=True) as connection:
            tables = {table: read_frame(connection, table) for table in tables_for(alone)}
        _score(context, stream, sampling, tables)

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


SCORED = (
    "estimates.backtest_scores",
    "estimates.backtest_cases",
    "estimates.calibration",
)


@dg.multi_asset(
    name="estimates__backtest_scores",
    specs=table_specs(SCORED, kinds={"python"}, reads=["estimates.densities"]),
)
def backtest_scores(warehouse: WarehouseResource) -> Iterator[dg.MaterializeResult]:
    """Collect the last finished suites; nothing is refitted here."""
    from pipelines.inference import suites

    with warehouse.open().connect() as connection:
        densities = dict(read_frame(connection, "estimates.densities").iter_rows())
        found = [suites.choose_suite(name, backtest_dir(), of) for name, of in densities.items()]
        chosen = [suite for suite in found if suite is not None]
        scores, cases, calibration = suites.tables(chosen, densities)
        write_frame(connection, "estimates.backtest_cases", cases)
        write_frame(connection, "estimates.calibration", calibration)
        write_frame(connection, "estimates.backtest_scores", scores)
        told: dict[str, Any] = {
            f"is_current_{one.note.stream}": one.note.density == densities[one.note.stream]
            for one in chosen
        }
        yield from results(connection, SCORED, **told)


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
