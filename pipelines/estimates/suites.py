"""Finished backtests of a stream, kept as files: scored cases, ranks of made-up worlds, and a note.

The job keeps its last one beside the data; one more is embedded in the repository, so that a
fresh machine publishes scores before it has refitted anything some hundred times. Each says when
it was made and of which figures, priors and code, so that readers learn whether these are still
the ones their numbers come from.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from pipelines.paths import REFERENCE_DIR

STREAMS = ("coal", "labor", "it_workers")
EMBEDDED = REFERENCE_DIR / "backtests"
# enough for any table; a file that people read and that is compared line by line stays small
DIGITS = 6
# chance at which a true calibration fails, over all quantities of a stream
CALIBRATION_LEVEL = 0.01

CASES_SCHEMA: dict[str, type[pl.DataType]] = {
    "stream": pl.String,
    "test": pl.String,
    "fold": pl.String,
    "model": pl.String,
    "observation_id": pl.String,
    "crps": pl.Float64,
    "wis": pl.Float64,
    "is_covered_50": pl.Boolean,
    "is_covered_80": pl.Boolean,
    "is_covered_90": pl.Boolean,
    "quantile": pl.Float64,
    "stated": pl.Float64,
    "q05": pl.Float64,
    "q25": pl.Float64,
    "q50": pl.Float64,
    "q75": pl.Float64,
    "q95": pl.Float64,
}
RANKS_SCHEMA: dict[str, type[pl.DataType]] = {
    "world": pl.Int64,
    "quantity": pl.String,
    "rank": pl.Float64,
}


class SuiteError(ValueError):
    """A kept suite cannot be read; the message says which file and what to do."""


@dataclass(frozen=True)
class Note:
    """What a suite was made of.

    Attributes:
        stream: coal, labor or it_workers.
        scored_at: UTC, ISO 8601, to the second.
        evidence: hash of the stream's figures and of the priors.
        code: hash of the estimators' and the backtests' code.
        seed: of every fold.
        through: last month of the grid, ISO 8601.
    """

    stream: str
    scored_at: str
    evidence: str
    code: str
    seed: int
    through: str


@dataclass(frozen=True)
class Suite:
    """One stream's finished backtests.

    Attributes:
        note: what it was made of.
        cases: `CASES_SCHEMA`, one row a test, model and hidden figure.
        ranks: `RANKS_SCHEMA`, one row a made-up world and quantity.
        is_embedded: read from the repository.
    """

    note: Note
    cases: pl.DataFrame
    ranks: pl.DataFrame
    is_embedded: bool = False


def keep_suite(suite: Suite, folder: Path) -> None:
    """Write a suite; readers see the one before until the note, last, is in place."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp = suite.note.scored_at.replace(":", "").replace("-", "")
    for name, frame in (("cases", suite.cases), ("ranks", suite.ranks)):
        rounded = frame.with_columns(pl.selectors.float().round_sig_figs(DIGITS))
        rounded.write_csv(folder / f"{suite.note.stream}-{name}-{stamp}.csv")
    note = folder / f"{suite.note.stream}-note.json"
    half = note.with_suffix(".partial")
    half.write_text(json.dumps(asdict(suite.note), indent=1) + "\n", encoding="utf-8")
    half.replace(note)
    for old in folder.glob(f"{suite.note.stream}-*.csv"):
        if not old.stem.endswith(stamp):
            old.unlink()


def read_suite(stream: str, folder: Path, *, is_embedded: bool = False) -> Suite | None:
    """The suite kept in a folder; None where there is none.

    Raises:
        SuiteError: a file is missing or not of the form that is written.
    """
    path = folder / f"{stream}-note.json"
    if not path.is_file():
        return None
    try:
        note = Note(**json.loads(path.read_text(encoding="utf-8")))
        dt.datetime.fromisoformat(note.scored_at)
        stamp = note.scored_at.replace(":", "").replace("-", "")
        cases, ranks = (
            pl.read_csv(folder / f"{stream}-{name}-{stamp}.csv", schema=pl.Schema(schema))
            for name, schema in (("cases", CASES_SCHEMA), ("ranks", RANKS_SCHEMA))
        )
    except (OSError, TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise SuiteError(
            f"the backtests of {stream} kept in {folder.name}/ cannot be read ({error}); "
            f"delete {path.name} there and run `./run backtest`"
        ) from error
    return Suite(note, cases, ranks, is_embedded)


def choose_suite(stream: str, kept: Path, evidence: str, code: str) -> Suite | None:
    """The suite to publish: one made of this evidence and code if there is one, else the newest.

    Args:
        stream: coal, labor or it_workers.
        kept: folder where the job keeps its own.
        evidence, code: hashes as in `Note`, of the release under way.
    """
    found = [
        suite
        for folder, is_embedded in ((kept, False), (EMBEDDED, True))
        if (suite := read_suite(stream, folder, is_embedded=is_embedded)) is not None
    ]
    return max(
        found,
        key=lambda suite: (
            is_current(suite, evidence, code),
            dt.datetime.fromisoformat(suite.note.scored_at),
        ),
        default=None,
    )


def is_current(suite: Suite, evidence: str, code: str) -> bool:
    """Whether a suite was made of this very evidence and code."""
    return (suite.note.evidence, suite.note.code) == (evidence, code)
