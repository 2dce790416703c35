"""Contract of the state of each source after a run."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl

from pipelines.schemas.types import Instant


class SourceRuns(pa.DataFrameModel):
    """What each source gave. Grain: source."""

    source: str
    as_of: pl.Date = pa.Field(nullable=True)  # last day the source speaks of
    retrieved_at: Instant = pa.Field(nullable=True)
    is_embedded: bool
    is_stale: bool
    rows_in: int = pa.Field(ge=0)
    rows_kept: int = pa.Field(ge=0)
    rows_quarantined: int = pa.Field(ge=0)
    licence: str
    status: str
    cadence: str  # how often it is asked; "" where people bring it
    asked_at: Instant = pa.Field(nullable=True)  # last asked over the network
    is_answered: bool = pa.Field(nullable=True)  # whether that asking was answered whole
    last_success_at: Instant = pa.Field(nullable=True)
    next_due_at: Instant = pa.Field(nullable=True)

    class Config:
        strict = True
        unique = ["source"]


SOURCE_RUNS_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "source": pl.String,
    "as_of": pl.Date,
    "retrieved_at": pl.Datetime("us"),
    "is_embedded": pl.Boolean,
    "is_stale": pl.Boolean,
    "rows_in": pl.Int64,
    "rows_kept": pl.Int64,
    "rows_quarantined": pl.Int64,
    "licence": pl.String,
    "status": pl.String,
    "cadence": pl.String,
    "asked_at": pl.Datetime("us"),
    "is_answered": pl.Boolean,
    "last_success_at": pl.Datetime("us"),
    "next_due_at": pl.Datetime("us"),
}
