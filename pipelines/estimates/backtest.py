"""Folds of a backtest and worlds of a calibration: one by one, each kept, so that both resume."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

# told what is done, how much there is in all, and what comes next
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Fold:
    """One refit: what is hidden, and which of the hidden figures are predicted.

    Attributes:
        test: the kind of test, as published.
        name: what is left out.
        hidden: observation_ids the estimators do not see.
        scored: observation_ids among them that are predicted, sorted.
    """

    test: str
    name: str
    hidden: frozenset[str]
    scored: tuple[str, ...]


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
        score: one fold to its scored cases.
        key: hash of everything else that decides the scores (figures, priors, code, seed).
        prefix: stream, the first part of the stored files' names.
        store: a folder; one Parquet file a fold, named by the hash of what made it, put in
            place whole. None keeps nothing.
        progress: told folds done, folds in all and the fold's name.

    Returns:
        The cases of all folds, in the order given.

    Raises:
        ValueError: there is no fold.
    """
    if not folds:
        raise ValueError("there is no fold to score: too few figures are used")
    if store is not None:
        store.mkdir(parents=True, exist_ok=True)
    parts: list[pl.DataFrame] = []
    for at, fold in enumerate(folds):
        if progress is not None:
            progress(at, len(folds), f"{fold.test} {fold.name}")
        if store is None:
            parts.append(score(fold))
            continue
        said = f"{key}|{fold.test}|{fold.name}|{sorted(fold.hidden)}|{fold.scored}"
        path = store / f"{prefix}-{hashlib.sha256(said.encode()).hexdigest()[:24]}.parquet"
        if path.is_file():
            parts.append(pl.read_parquet(path))
            continue
        scored = score(fold)
        half = path.with_suffix(".partial")
        scored.write_parquet(half)
        half.replace(path)
        parts.append(scored)
    if progress is not None:
        progress(len(folds), len(folds), "done")
    return pl.concat(parts)


def rank_worlds(
    worlds: int,
    rank: Callable[[int], pl.DataFrame],
    *,
    key: str,
    prefix: str,
    store: Path | None,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Rank the truth of every made-up world, keeping each as `run_resumable` keeps folds."""
    folds = [Fold("calibration", f"world {world}", frozenset(), ()) for world in range(worlds)]
    return run_resumable(
        folds,
        lambda fold: rank(int(fold.name.removeprefix("world "))),
        key=key,
        prefix=prefix,
        store=store,
        progress=progress,
    )


def key_of(observations: pl.DataFrame, priors: pl.DataFrame, *decided_by: object) -> str:
    """Hash of what decides a stream's scores: its figures, the priors, and whatever else is named.

    When a figure was fetched decides nothing.
    """
    evidence = hashlib.sha256(
        observations.sort("observation_id").drop("retrieved_at").write_csv().encode()
    )
    evidence.update(priors.write_csv().encode())
    evidence.update("|".join(map(str, decided_by)).encode())
    return evidence.hexdigest()
