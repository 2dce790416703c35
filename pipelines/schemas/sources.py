"""Contract of the state of each source after a run."""

from __future__ import annotations

import polars as pl

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
