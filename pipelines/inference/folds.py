"""What a backtest hides: folds, what restates what, and folds kept so that a killed run resumes."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.inference.scores import middle_of

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
    rows = rows.with_columns(role=pl.col("role").replace("record", "whole")).select(
        "observation_id", "root_id", "quantity", "measure", "role", "counterpart_iso3",
        "value_log", "window_start_on", "window_end_on",
    )  # fmt: skip
    same = ["quantity", "measure", "role", "counterpart_iso3"]
    pairs = rows.join(rows, on=same, suffix="_by", nulls_equal=True)
    return (
        pairs.filter(
            pl.col("root_id") != pl.col("root_id_by"),
            (pl.col("value_log") - pl.col("value_log_by")).abs() <= SAME_LOG,
            pl.col("window_start_on") <= pl.col("window_end_on_by"),
            pl.col("window_start_on_by") <= pl.col("window_end_on"),
        )
        .select("observation_id", restated_by="observation_id_by")
        .sort("observation_id", "restated_by")
    )


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
    live = rows.filter(pl.col("reason_not_used").is_null()).with_columns(year=middle_of().dt.year())
    read = live.filter(pl.col("site").is_not_null())
    whole = pl.col("role") == "whole"

    def fold(test: str, name: str, hidden: pl.DataFrame, scored: pl.DataFrame) -> Fold:
        ids = scored.filter(whole)["observation_id"].sort()
        return Fold(test, name, frozenset(hidden["observation_id"]), tuple(ids))

    out: list[Fold] = []
    for root in read["root_id"].unique().sort():
        hidden = read.filter(pl.col("root_id") == root)
        out.append(fold("leave_one_root_out", root, hidden, hidden))
    for year in read["year"].unique().sort():
        hidden = read.filter(pl.col("year") == year)
        out.append(fold("leave_one_year_out", str(year), hidden, hidden))
    for name in ("desk", "press"):
        hidden = read.filter(pl.col("class") == name)
        out.append(fold("leave_class_out", name, hidden, hidden))
    first = int(read.select(pl.col("year").min()).item() or through.year)
    for year in range(first, through.year + 1):
        january = dt.date(year, 1, 1)
        hidden = read.filter(pl.col("window_end_on") >= january)
        ahead = hidden.filter(
            pl.col("window_start_on") >= january,
            pl.col("window_end_on") <= dt.date(year, 12, 31),
        )
        if live.height - hidden.height >= FEWEST_SHOWN:
            out.append(fold("forward", str(year), hidden, ahead))
    out += [
        _assessments(root, live, restatements(live))
        for root in read.filter(pl.col("class") == "desk", whole)["root_id"].unique().sort()
    ]
    return [one for one in out if one.scored]


def _assessments(root: str, live: pl.DataFrame, pairs: pl.DataFrame) -> Fold:
    """A desk's figures of wholes, hidden with its root and with what restates them.

    What the record itself restates cannot be hidden, so it is not scored.
    """
    mine = live.filter(pl.col("root_id") == root, pl.col("site").is_not_null())
    recorded = live.filter(pl.col("site").is_null())["observation_id"].to_list()
    in_record = pairs.filter(pl.col("restated_by").is_in(recorded))["observation_id"].to_list()
    scored = mine.filter(
        pl.col("class") == "desk",
        pl.col("role") == "whole",
        ~pl.col("observation_id").is_in(in_record),
    )["observation_id"]
    said_again = pairs.filter(pl.col("observation_id").is_in(scored.to_list()))["restated_by"]
    fold = Fold(
        "assessment_held_out",
        root,
        frozenset(mine["observation_id"]) | frozenset(said_again),
        tuple(scored.sort()),
    )
    require_unrestated(fold, live)
    return fold


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
