"""Contracts of the hand-kept tables of the streams: figures, and what figures are read with."""

from __future__ import annotations

import datetime as dt

import pandera.polars as pa
import polars as pl

from pipelines.schemas.types import Instant, polars_schema

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
COVERAGES = ("whole", "part", "channel", "more")
CLASSES = ("customs", "observer", "press", "desk", "interested", "official")
DECLARED = ("declared", "smuggled", "all")
DELIVERY_POINTS = ("mine", "nampo", "at_sea", "china", "elsewhere", "unsaid")
# how a price came about; for a discount, what it was taken off
NATURES = (
    "asked",
    "received",
    "paid",
    "valuation",
    "listed",
    "unsaid",
    "of_chinese_price",
    "of_world_price",
)
# distributions a prior may have, with the number of their arguments
DISTRIBUTIONS = {
    "fixed": (1, 2),
    "normal": (2, 2),
    # scale of errors with mean 0
    "normal_sd": (1, 1),
    "student_t4_scale": (1, 1),
    "halfnormal": (1, 1),
    "lognormal": (2, 2),
    "lognormal_range": (2, 2),
    "halfnormal_scale": (1, 1),
    "beta": (2, 2),
    "beta_mean_sd": (2, 2),
    "lognormal_mean_sd": (2, 2),
    "beta_counts": (2, 2),
}
FIRST_YEAR, LAST_YEAR = 1990, 2035
_IDENTIFIER = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
_NAME = r"^[a-z][a-z0-9_]*$"
_COUNTRY = r"^[A-Z]{3}$"

# columns of the hand-kept files, in the order an analyst types them
FIGURE_COLUMNS = (
    "observation_id",
    "stream",
    "quantity",
    "concept",
    "counterpart_iso3",
    "sector",
    "window_start_on",
    "window_end_on",
    "kind",
    "low",
    "central",
    "high",
    "unit",
    "coverage",
    "class",
    "declared",
    "delivery_point",
    "nature",
    "assumed_price_usd_per_t",
    "persons",
    "origin_id",
    "stated_by",
    "stated_on",
    "stated_year",
    "source_id",
    "locator",
    "read_at",
    "retrieved_at",
    "held_back",
    "note",
)
SOURCE_COLUMNS = ("source_id", "title", "publisher", "published_on", "document_symbol", "url")
ORIGIN_COLUMNS = ("origin_id", "root_id", "name", "kind_of_body", "first_stated_on", "note")
QUANTITY_COLUMNS = ("quantity", "unit", "concepts", "needs", "largest", "meaning")
PRIOR_COLUMNS = ("parameter", "distribution", "args", "unit", "source")
OBTAINABLE_COLUMNS = (
    "datum",
    "quantity",
    "counterpart_iso3",
    "window_start_on",
    "window_end_on",
    "error_sd_log",
    "where_obtainable",
    "why_this_error",
)

HALT_COLUMNS = ("halt_id", "kind", "start_on", "end_on", "words", "source_id", "locator", "note")
CLAIM_COLUMNS = (
    "claim_id",
    "words",
    "quantity",
    "concept",
    "counterpart_iso3",
    "window_start_on",
    "window_end_on",
    "low",
    "high",
    "unit",
    "root_id",
    "source_id",
    "locator",
    "observation_id",
)


class StagedFigures(pa.DataFrameModel):
    """Figures as typed, cast to our types. Grain: observation_id."""

    line: int = pa.Field(ge=2)
    observation_id: str = pa.Field(str_matches=_IDENTIFIER)
    stream: str = pa.Field(str_matches=_NAME)
    quantity: str = pa.Field(str_matches=_NAME)
    concept: str = pa.Field(str_matches=_NAME)
    counterpart_iso3: str = pa.Field(str_matches=_COUNTRY)
    sector: str
    window_start_on: dt.date
    window_end_on: dt.date
    kind: str = pa.Field(isin=KINDS)
    low: float = pa.Field(nullable=True)
    central: float = pa.Field(nullable=True)
    high: float = pa.Field(nullable=True)
    unit: str
    coverage: str = pa.Field(isin=COVERAGES)
    class_: str = pa.Field(alias="class", isin=CLASSES)
    declared: str = pa.Field(isin=DECLARED, nullable=True)
    delivery_point: str = pa.Field(isin=DELIVERY_POINTS, nullable=True)
    nature: str = pa.Field(isin=NATURES, nullable=True)
    assumed_price_usd_per_t: float = pa.Field(gt=0, nullable=True)
    persons: int = pa.Field(gt=0, nullable=True)
    origin_id: str = pa.Field(str_matches=_IDENTIFIER)
    stated_by: str = pa.Field(nullable=True)
    stated_on: str = pa.Field(nullable=True)
    stated_year: int = pa.Field(ge=FIRST_YEAR, le=LAST_YEAR, nullable=True)
    source_id: str = pa.Field(str_matches=_IDENTIFIER)
    locator: str
    read_at: str = pa.Field(str_startswith="http", nullable=True)
    retrieved_at: Instant
    held_back: str = pa.Field(nullable=True)
    note: str = pa.Field(nullable=True)

    class Config:
        strict = True
        unique = ["observation_id"]


# a statement that a program read off a feed, in the columns of one typed by hand
OBSERVATION_SCHEMA = {
    name: kind
    for name, kind in polars_schema(StagedFigures).items()
    # a feed has no line, and knows no stream: the ledger places its figures
    if name not in ("line", "stream")
}


class StagedFigureSources(pa.DataFrameModel):
    """Where figures were read. Grain: stream, source_id."""

    line: int = pa.Field(ge=2)
    stream: str = pa.Field(str_matches=_NAME)
    source_id: str = pa.Field(str_matches=_IDENTIFIER)
    title: str
    publisher: str = pa.Field(nullable=True)
    published_on: str = pa.Field(nullable=True)
    document_symbol: str = pa.Field(nullable=True)
    url: str = pa.Field(nullable=True)

    class Config:
        strict = True
        unique = ["stream", "source_id"]


class StagedOrigins(pa.DataFrameModel):
    """Who first produced figures, and the root each leads back to. Grain: stream, origin_id."""

    line: int = pa.Field(ge=2)
    stream: str = pa.Field(str_matches=_NAME)
    origin_id: str = pa.Field(str_matches=_IDENTIFIER)
    root_id: str = pa.Field(str_matches=_IDENTIFIER)
    name: str
    kind_of_body: str = pa.Field(nullable=True)
    first_stated_on: str = pa.Field(nullable=True)
    note: str = pa.Field(nullable=True)

    class Config:
        strict = True
        unique = ["stream", "origin_id"]


class StagedQuantities(pa.DataFrameModel):
    """What a stream's figures may measure, in which unit, how much at most.

    Grain: stream, quantity, unit.
    """

    line: int = pa.Field(ge=2)
    stream: str = pa.Field(str_matches=_NAME)
    quantity: str = pa.Field(str_matches=_NAME)
    unit: str
    # concepts a figure of the quantity may carry, and columns it must fill, each split by ";"
    concepts: str = pa.Field(str_matches=r"^[a-z0-9_]+(;[a-z0-9_]+)*$")
    needs: str = pa.Field(str_matches=r"^[a-z0-9_]+(;[a-z0-9_]+)*$", nullable=True)
    largest: float = pa.Field(gt=0, le=1e13)
    meaning: str

    class Config:
        strict = True
        unique = ["stream", "quantity", "unit"]


class StagedPriors(pa.DataFrameModel):
    """What is assumed before any figure, with its source. Grain: stream, parameter."""

    line: int = pa.Field(ge=2)
    stream: str = pa.Field(str_matches=_NAME)
    parameter: str = pa.Field(str_matches=r"^[a-z][A-Za-z0-9_.]*$")
    distribution: str = pa.Field(isin=tuple(DISTRIBUTIONS))
    args: str
    unit: str
    source: str

    class Config:
        strict = True
        unique = ["stream", "parameter"]


class StagedObtainableData(pa.DataFrameModel):
    """Data nobody has published and somebody could get. Grain: stream, datum."""

    line: int = pa.Field(ge=2)
    stream: str = pa.Field(str_matches=_NAME)
    datum: str
    quantity: str = pa.Field(str_matches=_NAME)
    counterpart_iso3: str = pa.Field(str_matches=_COUNTRY)
    window_start_on: dt.date
    window_end_on: dt.date
    error_sd_log: float = pa.Field(gt=0, le=2)
    where_obtainable: str
    why_this_error: str

    class Config:
        strict = True
        unique = ["stream", "datum"]


class StagedHalts(pa.DataFrameModel):
    """Dated events at which a level may change, and only there. Grain: stream, halt_id."""

    line: int = pa.Field(ge=2)
    stream: str = pa.Field(str_matches=_NAME)
    halt_id: str = pa.Field(str_matches=_IDENTIFIER)
    kind: str = pa.Field(str_matches=_NAME)
    start_on: dt.date
    end_on: dt.date = pa.Field(nullable=True)
    words: str
    source_id: str = pa.Field(str_matches=_IDENTIFIER)
    locator: str
    note: str = pa.Field(nullable=True)

    class Config:
        strict = True
        unique = ["stream", "halt_id"]


class StagedClaims(pa.DataFrameModel):
    """Numbers the public knows, each as one body put it. Grain: stream, claim_id."""

    line: int = pa.Field(ge=2)
    stream: str = pa.Field(str_matches=_NAME)
    claim_id: str = pa.Field(str_matches=_IDENTIFIER)
    words: str
    quantity: str = pa.Field(str_matches=_NAME)
    concept: str = pa.Field(str_matches=_NAME)
    counterpart_iso3: str = pa.Field(str_matches=_COUNTRY)
    window_start_on: dt.date
    window_end_on: dt.date
    low: float = pa.Field(nullable=True)
    high: float = pa.Field(nullable=True)
    unit: str
    root_id: str = pa.Field(str_matches=_IDENTIFIER)
    source_id: str = pa.Field(str_matches=_IDENTIFIER)
    locator: str
    observation_id: str = pa.Field(str_matches=_IDENTIFIER)

    class Config:
        strict = True
        unique = ["stream", "claim_id"]


class StagedHeldBackReasons(pa.DataFrameModel):
    """Codes of why a figure is not for use. Grain: code."""

    line: int = pa.Field(ge=2)
    code: str = pa.Field(str_matches=_NAME)
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


class StagedPriceIndex(pa.DataFrameModel):
    """What a dollar bought, by year, cited. Grain: series_id, year."""

    line: int = pa.Field(ge=2)
    series_id: str
    year: int = pa.Field(ge=1900, le=2100)
    index_1982_84: float = pa.Field(gt=0)
    source_title: str
    source_url: str = pa.Field(str_startswith="https://")
    locator: str
    retrieved_on: dt.date

    class Config:
        strict = True
        unique = ["series_id", "year"]


class StagedAreas(pa.DataFrameModel):
    """Codes of several countries together, beside the ISO codes. Grain: area."""

    line: int = pa.Field(ge=2)
    area: str = pa.Field(str_matches=_COUNTRY)
    meaning: str

    class Config:
        strict = True
        unique = ["area"]


class Observations(pa.DataFrameModel):
    """The ledger: one statement by one origin about one quantity over one window.

    Grain: observation_id.
    """

    observation_id: str
    stream: str
    quantity: str
    concept: str
    counterpart_iso3: str
    sector: str
    window_start_on: dt.date
    window_end_on: dt.date
    kind: str = pa.Field(isin=KINDS)
    low: float = pa.Field(nullable=True)
    central: float = pa.Field(nullable=True)
    high: float = pa.Field(nullable=True)
    unit: str
    coverage: str = pa.Field(isin=COVERAGES)
    class_: str = pa.Field(alias="class", isin=CLASSES)
    declared: str = pa.Field(isin=DECLARED, nullable=True)
    delivery_point: str = pa.Field(isin=DELIVERY_POINTS, nullable=True)
    nature: str = pa.Field(isin=NATURES, nullable=True)
    assumed_price_usd_per_t: float = pa.Field(nullable=True)
    persons: int = pa.Field(nullable=True)
    origin_id: str
    root_id: str
    stated_year: int = pa.Field(nullable=True)
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
