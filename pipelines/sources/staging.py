"""From snapshots to one staged frame per source, for today or for any past date.

The newest snapshot of each piece that can be read is used. A piece whose newest snapshot has
drifted or is damaged falls back to the one before and says so; the other pieces go on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pandera.polars as pa
import polars as pl

from pipelines.quarantine import SourceDrift, Split, empty_quarantine, refusals
from pipelines.schemas.types import polars_schema
from pipelines.snapshots import DamagedSnapshot, Snapshot, SnapshotStore
from pipelines.sources.editions import place_of

PROVENANCE = {
    "file": pl.String,
    "snapshot_sha256": pl.String,
    "retrieved_at": pl.Datetime("us"),
}


@dataclass(frozen=True)
class Embedded:
    """What the installation itself carries when nothing was fetched or dropped."""

    content: bytes
    file: str
    retrieved_at: dt.datetime | None = None


@dataclass(frozen=True)
class Staged:
    """A source's staged rows and what there is to say about them.

    Attributes:
        split: kept rows (the contract's columns and `PROVENANCE`), refused cells, rows in.
        retrieved_at: newest retrieval used; None when there is nothing or it is embedded.
        is_embedded: the rows come with the installation.
        drift: one message per piece that could not be read.
        pieces: snapshots used.
        damage: one message per stored file that is no longer what was stored.
    """

    split: Split
    retrieved_at: dt.datetime | None
    is_embedded: bool
    drift: list[str] = field(default_factory=list)
    pieces: int = 0
    damage: list[str] = field(default_factory=list)


def instant_of(as_of: str) -> dt.datetime | None:
    """The last instant of a day given as YYYY-MM-DD; None for no day.

    Raises:
        ValueError: not a date.
    """
    if not as_of:
        return None
    try:
        day = dt.date.fromisoformat(as_of)
    except ValueError as error:
        raise ValueError(f"DPRK_AS_OF is {as_of!r}; give a date as YYYY-MM-DD") from error
    return dt.datetime.combine(day, dt.time.max, tzinfo=dt.UTC)


def stage(
    store: SnapshotStore,
    source: str,
    contract: type[pa.DataFrameModel],
    parse: Callable[[bytes, str], Split],
    *,
    as_of: dt.datetime | None = None,
    embedded: Callable[[], Embedded] | None = None,
    settle: Callable[[Split], Split] | None = None,
) -> Staged:
    """Read every piece of a source from its newest readable snapshot.

    Args:
        store: where snapshots are.
        source: name of the source.
        contract: the staged table's contract, without provenance.
        parse: (bytes, file name) to rows kept and refused.
        as_of: only what was retrieved up to then.
        embedded: used when there is no snapshot at all.
        settle: holds the rows of several pieces against one another.

    Returns:
        Staged: where two pieces hold the same row, the later retrieval's is kept and the other is
        in quarantine as superseded.
    """
    history: dict[str, list[Snapshot]] = {}
    for snapshot in store.retrievals(source, as_of):
        history.setdefault(snapshot.part, []).append(snapshot)
    read: list[tuple[Split, Snapshot]] = []
    drift: list[str] = []
    damage = store.unreadable(source)
    for part in sorted(history):
        # by the day each speaks of: an old edition dropped late is an old edition
        found = _newest_readable(store, sorted(history[part], key=place_of), parse, drift, damage)
        if found is not None:
            read.append(found)
    if read:
        read.sort(key=lambda one: (*place_of(one[1]), one[1].sha256))
        frames = [_with_provenance(split, snapshot) for split, snapshot in read]
        newest = max(one.retrieved for _, one in read).replace(tzinfo=None)
        split = _merged(source, contract, frames, [one for one, _ in read])
        split = split if settle is None else settle(split)
        return Staged(
            split, newest, is_embedded=False, drift=drift, pieces=len(read), damage=damage
        )
    if embedded is not None:
        carried = embedded()
        split = parse(carried.content, carried.file)
        at = carried.retrieved_at
        frame = split.kept.with_columns(
            file=pl.lit(carried.file),
            snapshot_sha256=pl.lit("embedded"),
            retrieved_at=pl.lit(at, dtype=pl.Datetime("us")),
        )
        return Staged(
            Split(frame, split.quarantined, split.rows_in),
            at,
            is_embedded=True,
            drift=drift,
            pieces=1,
            damage=damage,
        )
    empty = Split(empty_frame(contract), empty_quarantine(), 0)
    return Staged(empty, None, is_embedded=False, drift=drift, damage=damage)


def empty_frame(contract: type[pa.DataFrameModel]) -> pl.DataFrame:
    """No rows, in the columns of a contract and of provenance."""
    return pl.DataFrame(schema={**polars_schema(contract), **PROVENANCE})


def _newest_readable(
    store: SnapshotStore,
    retrievals: Sequence[Snapshot],
    parse: Callable[[bytes, str], Split],
    drift: list[str],
    damage: list[str],
) -> tuple[Split, Snapshot] | None:
    tried: set[str] = set()
    for snapshot in reversed(retrievals):
        if snapshot.sha256 in tried:
            continue
        tried.add(snapshot.sha256)
        try:
            file = snapshot.part or _name_of(snapshot)
            return parse(store.read(snapshot), file).proved(snapshot.source, file), snapshot
        except SourceDrift as error:
            drift.append(f"{error} (retrieved {snapshot.retrieved_at[:10]})")
        except DamagedSnapshot as error:
            damage.append(str(error))
    return None


def _name_of(snapshot: Snapshot) -> str:
    return snapshot.url.split("?", 1)[0].rsplit("/", 1)[-1] or snapshot.source


def _with_provenance(split: Split, snapshot: Snapshot) -> pl.DataFrame:
    return split.kept.with_columns(
        file=pl.lit(snapshot.part or _name_of(snapshot)),
        snapshot_sha256=pl.lit(snapshot.sha256),
        retrieved_at=pl.lit(snapshot.retrieved.replace(tzinfo=None), dtype=pl.Datetime("us")),
    )


def _merged(
    source: str,
    contract: type[pa.DataFrameModel],
    frames: list[pl.DataFrame],
    splits: list[Split],
) -> Split:
    rows = pl.concat(frames)
    key = list(contract.to_schema().unique or [])
    superseded = empty_quarantine()
    if key and len(frames) > 1:
        # frames come oldest first
        is_last = rows.select(pl.struct(key).is_last_distinct()).to_series()
        superseded = pl.concat(
            [
                superseded,
                *(
                    refusals(
                        group,
                        source=source,
                        file=str(group["file"][0]),
                        column="(row)",
                        value=pl.lit(None),
                        rule="superseded",
                        why="a later retrieval holds the same row; its value is used",
                    )
                    for group in rows.filter(~is_last).partition_by("file")
                ),
            ]
        )
        rows = rows.filter(is_last)
    return Split(
        rows,
        pl.concat([superseded, *(one.quarantined for one in splits)]),
        sum(one.rows_in for one in splits),
    )
