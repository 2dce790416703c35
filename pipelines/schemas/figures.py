"""Contracts of the published figures: hand-kept, cited, one statement a row."""

from __future__ import annotations

import datetime as dt

import pandera.polars as pa
import polars as pl

from pipelines.schemas.types import Instant

STREAMS = ("coal", "labor", "it_workers")
KINDS = (
    "exact",
    "interval",
    "lower_bound",
    "upper_bound",
    "count",
    "ratio",
    "price",
    "usd_total",
    "structural_zero",
    "plan",
)
_IDENTIFIER = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"

# columns of the hand-kept files, in the order an analyst types them
FIGURE_COLUMNS = (
    "observation_id",
    "stream",
    "quantity",
    "counterpart_iso3",
    "sector",
    "window_start_on",
    "window_end_on",
    "kind",
    "low",
    "central",
    "high",
    "unit",
    "origin_id",
    "stated_by",
    "stated_on",
    "source_id",
    "locator",
    "read_at",
    "retrieved_at",
    "held_back",
    "note",
)
SOURCE_COLUMNS = ("source_id", "title", "publisher", "published_on", "document_symbol", "url")
ORIGIN_COLUMNS = ("origin_id", "name", "kind_of_body", "first_stated_on", "note")


class StagedFigures(pa.DataFrameModel):
    """Figures as typed, cast to our types. Grain: observation_id."""

    line: int = pa.Field(ge=2)
    observation_id: str = pa.Field(str_matches=_IDENTIFIER)
    stream: str = pa.Field(isin=STREAMS)
    quantity: str = pa.Field(str_matches=r"^[a-z][a-z0-9_]*$")
    counterpart_iso3: str = pa.Field(str_matches=r"^[A-Z]{3}$")
    sector: str
    window_start_on: dt.date
    window_end_on: dt.date
    kind: str = pa.Field(isin=KINDS)
    low: float = pa.Field(nullable=True)
    central: float = pa.Field(nullable=True)
    high: float = pa.Field(nullable=True)
    unit: str
    origin_id: str = pa.Field(str_matches=_IDENTIFIER)
    stated_by: str = pa.Field(nullable=True)
    stated_on: str = pa.Field(nullable=True)
    source_id: str = pa.Field(str_matches=_IDENTIFIER)
    locator: str
    read_at: str = pa.Field(str_startswith="http", nullable=True)
    retrieved_at: Instant
    held_back: str = pa.Field(nullable=True)
    note: str = pa.Field(nullable=True)

    class Config:
        strict = True
        unique = ["observation_id"]


class StagedFigureSources(pa.DataFrameModel):
    """Where figures were read. Grain: source_id."""

    line: int = pa.Field(ge=2)
    source_id: str = pa.Field(str_matches=_IDENTIFIER)
    title: str
    publisher: str = pa.Field(nullable=True)
    published_on: str = pa.Field(nullable=True)
    document_symbol: str = pa.Field(nullable=True)
    url: str = pa.Field(nullable=True)

    class Config:
        strict = True
        unique = ["source_id"]


class StagedOrigins(pa.DataFrameModel):
    """Who first produced figures. Grain: origin_id."""

    line: int = pa.Field(ge=2)
    origin_id: str = pa.Field(str_matches=_IDENTIFIER)
    name: str
    kind_of_body: str = pa.Field(nullable=True)
    first_stated_on: str = pa.Field(nullable=True)
    note: str = pa.Field(nullable=True)

    class Config:
        strict = True
        unique = ["origin_id"]


class StagedHeldBackReasons(pa.DataFrameModel):
    """Codes of why a figure is not for use. Grain: code."""

    line: int = pa.Field(ge=2)
    code: str = pa.Field(str_matches=r"^[a-z][a-z0-9_]*$")
    meaning: str

    class Config:
        strict = True
        unique = ["code"]


class StagedUnits(pa.DataFrameModel):
    """Units a figure may be stated in. Grain: unit."""

    line: int = pa.Field(ge=2)
    unit: str
    meaning: str

    class Config:
        strict = True
        unique = ["unit"]


class Observations(pa.DataFrameModel):
    """The ledger: one statement by one origin about one quantity over one window.

    Grain: observation_id.
    """

    observation_id: str
    stream: str = pa.Field(isin=STREAMS)
    quantity: str
    counterpart_iso3: str
    sector: str
    window_start_on: dt.date
    window_end_on: dt.date
    kind: str = pa.Field(isin=KINDS)
    low: float = pa.Field(nullable=True)
    central: float = pa.Field(nullable=True)
    high: float = pa.Field(nullable=True)
    unit: str
    origin_id: str
    source_id: str
    locator: str
    retrieved_at: Instant
    is_used: bool
    reason_not_used: str = pa.Field(nullable=True)

    class Config:
        strict = True
        unique = ["observation_id"]

    @pa.dataframe_check
    def unused_rows_say_why(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """is_used or a reason, never neither and never both."""
        return data.lazyframe.select(pl.col("is_used") == pl.col("reason_not_used").is_null())
