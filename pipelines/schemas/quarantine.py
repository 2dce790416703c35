"""Contract of the rows that were refused, with the reason."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl


class Quarantine(pa.DataFrameModel):
    """Refused cells. Grain: source, file, line, column, rule."""

    source: str
    file: str
    line: int = pa.Field(ge=0)  # 0: the file as a whole
    column: str
    value: str = pa.Field(nullable=True)
    rule: str
    reason: str

    class Config:
        strict = True


QUARANTINE_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "source": pl.String,
    "file": pl.String,
    "line": pl.Int64,
    "column": pl.String,
    "value": pl.String,
    "rule": pl.String,
    "reason": pl.String,
}
