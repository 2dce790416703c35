"""What a backtest hides: folds, what restates what, and folds kept so that a killed run resumes."""

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.warehouse import select_from

# which figures each fold hides and scores; which figures tell the same thing
SQL_FILE = Path(__file__).with_name("folds.sql")
RESTATEMENTS = Path(__file__).with_name("restatements.sql")
# told what is done, how much there is in all, and what comes next
Progress = Callable[[int, int, str], None]
# figures of one definition as near as this, over windows that overlap, are one figure told twice
SAME_LOG = 0.02
# a forward test needs something to go on
FEWEST_SHOWN = 8


@dataclass(frozen=True)
class Fold:
    """One refit: what is hidden, and which of the hidden figures are predicted.

    Attributes:
        test: the kind of test, as published.
        name: what is left out.
        hidden: observation_ids that weigh nothing.
        scored: observation_ids among them that are predicted, sorted.
    """

    test: str
    name: str
    hidden: frozenset[str]
    scored: tuple[str, ...]


def restatements(rows: pl.DataFrame) -> pl.DataFrame:
    """Pairs of figures of different roots that tell the same thing.

    Args:
        rows: ``observation_id, root_id, quantity, measure, role, counterpart_iso3, value_log,
            window_start_on, window_end_on``; a recorded row counts as one of the whole.

    Returns:
        ``observation_id``, ``restated_by``: value within 2%, windows overlapping, quantity,
        concept, place and part-or-whole the same.
    """
    return select_from(RESTATEMENTS, {"figures": rows}, same=SAME_LOG)


def folds_of(rows: pl.DataFrame, through: dt.date) -> list[Fold]:
    """Every fold that hides figures, in a fixed order.

    Args:
        rows: an `Evidence`'s rows with ``counterpart_iso3``.
        through: last month estimated.

    Returns:
        leave_one_root_out, leave_one_year_out, leave_class_out (all desk, all press), forward
        (each January) and assessment_held_out: what a desk says of a whole, its root hidden and
        with it whatever restates it.

    Raises:
        ValueError: an assessment is restated by a figure that stays in sight.
    """
    live = rows.filter(pl.col("reason_not_used").is_null())
    frames = {"live": live, "pairs": restatements(live)}
    found = select_from(SQL_FILE, frames, last_year=through.year, fewest=FEWEST_SHOWN)
    folds = [Fold(*key, frozenset(hidden), tuple(ids)) for *key, hidden, ids in found.rows()]
    for fold in folds:
        if fold.test == "assessment_held_out":
            require_unrestated(fold, live)
    return folds


def require_unrestated(fold: Fold, live: pl.DataFrame) -> None:
    """Check that nothing in sight tells what a fold asks for.

    Raises:
        ValueError: it does; names the figure and what restates it.
    """
    seen = restatements(live).filter(
        pl.col("observation_id").is_in(list(fold.scored)),
        ~pl.col("restated_by").is_in(list(fold.hidden)),
    )
    if seen.height:
        figure, by = seen.row(0)
        raise ValueError(
            f"{fold.test} {fold.name}: {figure} is held out, yet {by} says the same (within 2%, "
            "windows overlapping, one definition); give both one root_id or hide both"
        )


def run_resumable(
    folds: Sequence[Fold],
    score: Callable[[Fold], pl.DataFrame],
    *,
    key: str,
    prefix: str,
    store: Path | None,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Score every fold not already in the store.

    Args:
        folds: what to score, in order.
        score: one fold to its rows.
        key: hash of everything else that decides the rows (figures, priors, code, seed).
        prefix: first part of the stored files' names.
        store: a folder; one Parquet file a fold, named by the hash of what made it, put in
            place whole. None keeps nothing.
        progress: told folds done, folds in all and the fold's name.

    Returns:
        The rows of all folds, in the order given.

    Raises:
        ValueError: there is no fold.
    """
    if not folds:
        raise ValueError("there is no fold to score: too few figures are used")
    if store is not None:
        store.mkdir(parents=True, exist_ok=True)

    def one(fold: Fold) -> pl.DataFrame:
        if store is None:
            return score(fold)
        said = f"{key}|{fold.test}|{fold.name}|{sorted(fold.hidden)}|{fold.scored}"
        path = store / f"{prefix}-{hashlib.sha256(said.encode()).hexdigest()[:24]}.parquet"
        if not path.is_file():
            half = path.with_suffix(".partial")
            score(fold).write_parquet(half)
            half.replace(path)
        return pl.read_parquet(path)

    parts: list[pl.DataFrame] = []
    for at, fold in enumerate(folds):
        if progress is not None:
            progress(at, len(folds), f"{fold.test} {fold.name}")
        parts.append(one(fold))
    if progress is not None:
        progress(len(folds), len(folds), "done")
    return pl.concat(parts)
