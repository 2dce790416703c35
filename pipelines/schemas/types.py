"""Column types that several contracts share, and the types of a contract's columns."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

# UTC, without a zone: every instant here is UTC
Instant = Annotated[pl.Datetime, "us", None]


def polars_schema(contract: type[pa.DataFrameModel]) -> dict[str, pl.DataType]:
    """Column names and polars types of a contract, for empty frames and casts."""
    return {
        name: column.dtype.type
        for name, column in contract.to_schema().columns.items()
        if column.dtype is not None
    }
