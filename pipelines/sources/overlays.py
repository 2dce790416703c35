"""Corrections people drop over a table that ships with the repository, row by row.

A dropped copy speaks only for the rows in which it differs from the shipped table it was made
from: those replace a row or add one. An update of the shipped table neither takes them back nor is
taken back by them. A row is withdrawn by dropping it with a reason in `held_back`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from pipelines.quarantine import SourceDrift
from pipelines.reference_tables import read_text
from pipelines.schemas.sources import FigureOverlays
from pipelines.schemas.types import polars_schema

SCHEMA = polars_schema(FigureOverlays)
REPLACES, ADDS = "replaces", "adds"


@dataclass(frozen=True)
class Dropped:
    """One dropped file: its name, bytes, hash, and when it was taken in (aware)."""

    file: str
    content: bytes
    sha256: str
    taken_in_at: dt.datetime


@dataclass(frozen=True)
class Overlay:
    """What dropped files say over a shipped table.

    Attributes:
        rows: `SCHEMA` without stream, a row a correction, and `line` of the row in its file.
        told: one sentence for each thing a person should know.
    """

    rows: pl.DataFrame
    told: list[str] = field(default_factory=list)


def _text(content: bytes, key: str) -> pl.DataFrame | None:
    """Rows of a table as text: the key, its line, and all cells in one column; None if unread."""
    try:
        frame = read_text(content, source="", file="")
    except SourceDrift:
        return None
    if key not in frame.columns:
        return None
    cells = sorted(set(frame.columns) - {"line"})
    return frame.select(
        pl.col(key),
        "line",
        told=pl.concat_str(
            [pl.lit("\0".join(cells)), *(pl.col(name).fill_null("") for name in cells)],
            separator="\1",
        ),
    ).drop_nulls(key)


def overlay_of(
    shipped: bytes, editions: Sequence[bytes], dropped: Sequence[Dropped], *, key: str
) -> Overlay:
    """Which rows of dropped files stand in place of shipped ones, or beside them.

    A file is held against the edition of the shipped table from which it differs least: the one it
    was copied from. Of several files that hold a row the last speaks for it.

    Args:
        shipped: the table as it ships now.
        editions: every edition of it that was seen here, the present one among them.
        dropped: files taken in, oldest first.
        key: column that names a row.
    """
    now = _text(shipped, key)
    bases = [base for base in (_text(one, key) for one in editions) if base is not None]
    empty = pl.DataFrame(schema={key: pl.String, "line": pl.Int64} | _rest())
    if now is None or not dropped:
        return Overlay(empty)
    spoken, told = empty.with_columns(is_correction=pl.lit(None, dtype=pl.Boolean)), []
    for file in dropped:
        text = _text(file.content, key)
        if text is None:
            told.append(f"{file.file}: no longer readable as a table; its corrections are not used")
            continue
        base = min(
            bases or [now], key=lambda one: text.join(one, on=[key, "told"], how="anti").height
        )
        fresh = (
            text.unique(key, keep="last", maintain_order=True)
            .join(base.select(key, base="told"), on=key, how="left")
            .join(now.select(key, shipped="told"), on=key, how="left")
            .select(
                key,
                "line",
                how=pl.when(pl.col("shipped").is_null())
                .then(pl.lit(ADDS))
                .otherwise(pl.lit(REPLACES)),
                file=pl.lit(file.file),
                taken_in_at=pl.lit(
                    file.taken_in_at.astimezone(dt.UTC).replace(tzinfo=None),
                    dtype=pl.Datetime("us"),
                ),
                snapshot_sha256=pl.lit(file.sha256),
                # what ships now is neither what was corrected nor what the correction says
                is_shipped_row_changed=(
                    pl.col("shipped").is_not_null()
                    & pl.col("shipped").ne_missing(pl.col("base"))
                    & (pl.col("shipped") != pl.col("told"))
                ),
                # a row the update now says as well needs no correction
                is_correction=pl.col("told").ne_missing(pl.col("base"))
                & pl.col("told").ne_missing(pl.col("shipped")),
            )
        )
        ended = spoken.filter("is_correction").join(
            fresh.filter(~pl.col("is_correction")), on=key, how="semi"
        )
        told += [
            f"{file.file} holds {name} as it ships: the correction in {by} is over"
            for name, by in ended.select(key, "file").iter_rows()
        ]
        spoken = pl.concat([spoken.join(fresh, on=key, how="anti"), fresh])
    rows = spoken.filter("is_correction").drop("is_correction").sort(key)
    told += [
        f"{name} was changed in the shipped table since {file} corrected it; the correction still "
        "stands: look at both, and drop the row again as it should be"
        for name, file in rows.filter("is_shipped_row_changed").select(key, "file").iter_rows()
    ]
    return Overlay(rows, told)


def _rest() -> dict[str, type[pl.DataType] | pl.DataType]:
    return {name: kind for name, kind in SCHEMA.items() if name not in ("stream", "observation_id")}
