"""Column types that several contracts share, and the types of a contract's columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import pandera.polars as pa
import polars as pl

# UTC, without a zone: every instant here is UTC
Instant = Annotated[pl.Datetime, "us", None]


def types_of(columns: Mapping[str, Any]) -> dict[str, pl.DataType]:
    """Names and polars types of a contract's columns."""
    return {name: one.dtype.type for name, one in columns.items() if one.dtype is not None}


def polars_schema(contract: type[pa.DataFrameModel]) -> dict[str, pl.DataType]:
    """Column names and polars types of a contract, for empty frames and casts."""
    return types_of(contract.to_schema().columns)
