"""Streams fitted to the figures of a work database, and whether a fit is still today's."""

from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl

from pipelines.making import SamplingPlan
from pipelines.paths import REPOSITORY, STREAMS_DIR
from pipelines.streams import Stream, streams
from pipelines.versions import hash_frame, hash_meaning
from pipelines.warehouse import inputs_hash, read_frame, write_frame

if TYPE_CHECKING:
    from pipelines.inference.estimate import Fit

PIPELINES = REPOSITORY / "pipelines"
STREAMS = streams()
# what judges a model decides none of its numbers
SCORING = {
    "plain",
    "people_plain",
    "plain_path",
    "backtests",
    "calibration",
    "folds",
    "scores",
    "suites",
}
# besides Python and the staged tables, which are hashed by their rows
OWN_FILES = ("stream.toml", "discount_bases.csv", "places.csv")
LEDGER = "facts.observations"
READ = (LEDGER, "staged.priors")
OBTAINABLE = "staged.obtainable_data"


def model_code() -> str:
    """Hash of the code that the numbers come from; what scores them decides none."""
    rooms = [PIPELINES / name for name in ("inference", "fitting", "streams")]
    folders = [*rooms, *(STREAMS_DIR / name for name in STREAMS)]
    modules = [
        file for folder in folders for file in folder.glob("*.py") if file.stem not in SCORING
    ]
    own = [file for name in OWN_FILES for file in STREAMS_DIR.glob(f"*/{name}")]
    # SQL that a module of its name reads
    own += [file.with_suffix(".sql") for file in modules if file.with_suffix(".sql").exists()]
    own += [PIPELINES / "draws.py"]
    return hash_meaning([*modules, *own])


def tables_for(chosen: Mapping[str, Stream]) -> list[str]:
    """Work tables that the models of these streams read."""
    return sorted({*READ, *(table for one in chosen.values() for table in one.reads.values())})


def rows_hash(connection: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> str:
    """Hash of what tables say; when a row was read decides nothing."""
    return inputs_hash(
        *(
            hash_frame(read_frame(connection, table).drop("retrieved_at", strict=False))
            for table in tables
        )
    )


def made_from(connection: duckdb.DuckDBPyConnection, sampling: SamplingPlan) -> str:
    """Hash of figures, priors, code and sampling: two fits of one hash are one."""
    read = rows_hash(connection, (OBTAINABLE, *tables_for(STREAMS)))
    return inputs_hash(read, model_code(), sampling.key(), sampling.last_month())


def evidence_of(
    connection: duckdb.DuckDBPyConnection, stream: Stream, sampling: SamplingPlan, **more: Any
) -> Any:
    """One stream's figures as its model reads them, from the work database."""
    return stream.evidence(
        read_frame(connection, LEDGER),
        read_frame(connection, "staged.priors"),
        through=sampling.last_month(),
        read={name: read_frame(connection, table) for name, table in stream.reads.items()},
        **more,
    )


def fitted(connection: duckdb.DuckDBPyConnection, sampling: SamplingPlan) -> "Fit":
    """Fit the models to the figures of a work database."""
    # loading what samples takes seconds, and a run without changes needs none of it
    from pipelines.inference.estimate import fit
    from pipelines.inference.joint import Joint
    from pipelines.inference.sampler import Effort

    joint = Joint([evidence_of(connection, stream, sampling) for stream in STREAMS.values()])
    chains = 32
    rough = Effort(warmup=80, draws=-(-sampling.draws // chains) + 4, rounds=1)
    return fit(
        joint,
        draws=sampling.draws,
        seed=sampling.seed,
        effort=rough if sampling.least_ess < sampling.draws / 8 else None,
        least_ess=sampling.least_ess,
        highest_rhat=sampling.highest_rhat,
    )


def drawn_incomes(connection: duckdb.DuckDBPyConnection, sampling: SamplingPlan) -> pl.DataFrame:
    """``estimates.income_draws`` of a fit made for it alone."""
    from pipelines.fitting.tables import drawn

    made = drawn(fitted(connection, sampling), STREAMS)
    return next(frame for name, frame in made if name == "income_draws")


def write_as_made(
    connection: duckdb.DuckDBPyConnection, made: Iterable[tuple[str, pl.DataFrame]]
) -> None:
    """Write tables of ``estimates``, each while the next is made."""
    with connection.cursor() as beside, ThreadPoolExecutor(max_workers=1) as pool:
        written: Future[None] = pool.submit(lambda: None)
        for name, frame in made:
            written.result()
            written = pool.submit(write_frame, beside, f"estimates.{name}", frame)
        written.result()


def line_of(stream: str, observation_id: str) -> str:
    """Where a stream's own file states a figure, in words; nothing for one that came by a feed."""
    text = (STREAMS_DIR / stream / "figures.csv").read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith(f"{observation_id},"):
            return f" line {number}"
    return ""
