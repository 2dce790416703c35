"""Finished backtests of a stream, kept as files: scored cases, ranks of made-up worlds, and a note.

The job keeps its last one beside the data; one more is embedded beside this module, so that a fresh
machine publishes scores before it has refitted anything some hundred times. Each says when it was
made and of which density, so that readers learn whether it is still the one their numbers come
from.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from pipelines.inference.scores import AS_PUBLISHED, backtest_table, uniformity
from pipelines.paths import write_whole

EMBEDDED = Path(__file__).with_name("backtests_embedded")
# enough for any table; a file that people read and that is compared line by line stays small
DIGITS = 6

CASES_SCHEMA = pl.Schema(
    dict.fromkeys(
        ["stream", "test", "fold", "model", "observation_id", "root_id", "era", "quantity"],
        pl.String(),
    )
    | dict.fromkeys(["crps", "wis"], pl.Float64())
    | dict.fromkeys(["is_covered_50", "is_covered_80", "is_covered_90"], pl.Boolean())
    | dict.fromkeys(["quantile", "stated", "q05", "q25", "q50", "q75", "q95"], pl.Float64())
)
RANKS_SCHEMA = pl.Schema(
    {"fit": pl.String, "world": pl.Int64, "quantity": pl.String, "rank": pl.Float64}
)


class SuiteError(ValueError):
    """A kept suite cannot be read; the message says which file and what to do."""


@dataclass(frozen=True)
class Note:
    """What a suite was made of.

    Attributes:
        stream: its name.
        scored_at: UTC, ISO 8601, to the second.
        density: fingerprint of what was scored.
        seed: of every fold.
        through: last month of the grid, ISO 8601.
    """

    stream: str
    scored_at: str
    density: str
    seed: int
    through: str


@dataclass(frozen=True)
class Suite:
    """One stream's finished backtests.

    Attributes:
        note: what it was made of.
        cases: `CASES_SCHEMA`, one row a test, fold, model and hidden figure.
        ranks: `RANKS_SCHEMA`, one row a fit, made-up world and quantity.
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
    told = json.dumps(asdict(suite.note), indent=1) + "\n"
    write_whole(folder / f"{suite.note.stream}-note.json", told.encode())
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
            pl.read_csv(folder / f"{stream}-{name}-{stamp}.csv", schema=schema)
            for name, schema in (("cases", CASES_SCHEMA), ("ranks", RANKS_SCHEMA))
        )
    except (OSError, TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise SuiteError(
            f"the backtests of {stream} kept in {folder.name}/ cannot be read ({error}); "
            f"delete {path.name} there and run `./run backtest`"
        ) from error
    return Suite(note, cases, ranks, is_embedded)


def choose_suite(stream: str, kept: Path, density: str) -> Suite | None:
    """The suite to publish: one of this very density if there is one, else the newest.

    Args:
        stream: its name.
        kept: folder where the job keeps its own.
        density: fingerprint of the stream's density in the release under way.
    """
    found = (read_suite(stream, kept), read_suite(stream, EMBEDDED, is_embedded=True))
    return max(
        filter(None, found),
        key=lambda one: (
            one.note.density == density,
            dt.datetime.fromisoformat(one.note.scored_at),
        ),
        default=None,
    )


def tables(
    suites: Sequence[Suite], densities: Mapping[str, str]
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Published ``backtest_scores``, ``backtest_cases`` and ``calibration``; empty without suites.

    Args:
        suites: one a stream.
        densities: stream to the fingerprint of its density in this release.
    """
    notes = [one.note for one in suites]
    marks = pl.DataFrame(
        {
            "stream": [note.stream for note in notes],
            "scored_at": [dt.datetime.fromisoformat(note.scored_at) for note in notes],
            "is_embedded": [one.is_embedded for one in suites],
            "is_current": [note.density == densities.get(note.stream) for note in notes],
        },
        schema={"stream": pl.String, "scored_at": pl.Datetime("us")}
        | dict.fromkeys(["is_embedded", "is_current"], pl.Boolean),
    )
    cases = pl.concat([CASES_SCHEMA.to_frame(), *(one.cases for one in suites)])
    ranks = [
        uniformity(ranks).select(pl.lit(stream).alias("stream"), pl.all())
        for stream, ranks in [("", RANKS_SCHEMA.to_frame())]
        + [(one.note.stream, one.ranks) for one in suites]
    ]
    calibration = pl.concat(ranks).with_columns(is_control=pl.col("fit") != AS_PUBLISHED)
    return (
        backtest_table(cases).join(marks, on="stream", maintain_order="left"),
        cases,
        calibration.join(marks, on="stream", maintain_order="left"),
    )
