"""A stream's model, refitted without part of its figures: scored, calibrated, kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.inference import backtests, calibration, folds, scores, suites
from pipelines.paths import STREAMS_DIR
from pipelines.streams import Stream

# what a record-stop makes up, where a stream has a record that stopped
RECORD_STOP = "record_stop.csv"


class Miscalibrated(ValueError):
    """The sampler and the density of a stream disagree; says for which quantities."""


def score_stream(
    stream: Stream,
    tables: Mapping[str, pl.DataFrame],
    *,
    through: dt.date,
    seed: int,
    scored_at: dt.datetime,
    home: Path,
    progress: Callable[[int, int, str], None],
) -> str:
    """Score every fold of a stream, then calibrate its density; both resume where they stopped.

    Args:
        stream: the stream.
        tables: work tables its model reads, by address.
        through: first day of the last month.
        seed: of the fits.
        scored_at: instant of the scoring (aware).
        home: where folds and the finished suite are kept.
        progress: told of each fold: done, of how many, its name.

    Returns:
        A sentence where calibration could not tell; else empty.

    Raises:
        Miscalibrated: the truth of made-up worlds does not rank evenly in their posteriors.
    """

    def read(ledger: pl.DataFrame, ask: Callable[..., Any] = stream.evidence, **more: Any) -> Any:
        of = {name: tables[table] for name, table in stream.reads.items()}
        return ask(ledger, tables["staged.priors"], read=of, **more)

    observations = tables["facts.observations"].filter(pl.col("stream") == stream.name)
    evidence = read(observations, through=through)
    bench = backtests.Bench(evidence, observations, seed=seed)
    density = bench.joint.density.fingerprint()
    kept: dict[str, Any] = {"store": home / "folds", "progress": progress}
    key = f"{density} {seed}"

    def resumed(which: Any, score: Callable[[Any], Any], *, after: str = "", more: str = "") -> Any:
        name = f"{stream.name}{after}"
        return folds.run_resumable(which, score, prefix=name, key=f"{key}{more}", **kept)

    hidden_folds = folds.folds_of(bench.figures, through)
    cases = [resumed(hidden_folds, lambda fold: backtests.score_fold(bench, fold, seed=seed))]
    if (STREAMS_DIR / stream.name / "plain.py").is_file():

        def plain(hidden: Sequence[str], draws: int, seed: int) -> Any:
            return read(
                observations, stream.plain, through=through, hidden=hidden, draws=draws, seed=seed
            )

        def score_plain(fold: Any) -> Any:
            return backtests.score_plain(bench, fold, plain, seed=seed)

        cases.append(resumed(hidden_folds, score_plain, after="-plain"))
    kinds = STREAMS_DIR / stream.name / RECORD_STOP
    if kinds.is_file():
        table = pl.read_csv(kinds)

        def score_stop(fold: Any) -> Any:
            return backtests.score_stop(read, table, bench, fold, seed=seed)

        more = f" {table.write_csv()}"
        cases.append(resumed(backtests.stop_folds(), score_stop, after="-stop", more=more))
    ranks = calibration.calibrate(calibration.MadeUp(evidence), seed=seed, key=key, **kept)
    note = suites.Note(
        stream=stream.name,
        scored_at=scored_at.isoformat(),
        density=density,
        seed=seed,
        through=through.isoformat(),
    )
    suites.keep_suite(suites.Suite(note, pl.concat(cases), ranks), home)
    uneven = scores.uniformity(ranks).filter(~pl.col("is_even"))
    failed = uneven.filter(pl.col("fit") == scores.AS_PUBLISHED)
    if failed.height:
        raise Miscalibrated(
            f"simulation-based calibration of {stream.name} failed for "
            + ", ".join(failed["quantity"])
            + ": the sampler and the density disagree; do not publish before it is mended"
        )
    if uneven.is_empty():
        return (
            f"{stream.name}: worlds fitted without errors common to a class of source ranked "
            "evenly too: on these figures calibration could not tell"
        )
    return ""
