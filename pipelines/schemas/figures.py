"""Contracts of the hand-kept tables of the streams: figures, and what figures are read with."""

from __future__ import annotations

import datetime as dt

import pandera.polars as pa
import polars as pl

from pipelines.schemas.table import HandKept, Table, column, given, key
from pipelines.schemas.types import Instant, types_of

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


class _StatedFigure(Table):
    """What one origin says about one quantity over one window, typed by hand or in the ledger."""

    observation_id: str = key(str_matches=_IDENTIFIER)
    stream: str = given(str_matches=_NAME)
    quantity: str = given(str_matches=_NAME)
    concept: str = given(str_matches=_NAME)
    counterpart_iso3: str = given(str_matches=_COUNTRY)
    sector: str = given()
    window_start_on: dt.date = given()
    window_end_on: dt.date = given()
    kind: str = given(isin=KINDS)
    low: float = column()
    central: float = column()
    high: float = column()
    unit: str = given()
    coverage: str = given(isin=COVERAGES)
    class_: str = given(alias="class", isin=CLASSES)
    declared: str = column(isin=DECLARED)
    delivery_point: str = column(isin=DELIVERY_POINTS)
    nature: str = column(isin=NATURES)
    assumed_price_usd_per_t: float = column(gt=0)
    persons: int = column(gt=0)
    origin_id: str = given(str_matches=_IDENTIFIER)


# the ancestor named last gives the first column: the line a row stands on
class StagedFigures(
    _StatedFigure,
    HandKept,
    table="staged.figures",
    source="figures.csv of each stream",
    without=("line",),
):
    """Figures as typed, cast to our types."""

    stated_by: str = column()
    stated_on: str = column()
    stated_year: int = column(ge=FIRST_YEAR, le=LAST_YEAR)
    source_id: str = given(str_matches=_IDENTIFIER)
    locator: str = given()
    read_at: str = column(str_startswith="http")
    retrieved_at: Instant = given()
    held_back: str = column()
    note: str = column()


FIGURE_COLUMNS = StagedFigures.typed()
"""Header of a table of figures, in the order an analyst types it."""


# a feed has no line, and knows no stream: the ledger places its figures
class SourceObservations(
    StagedFigures,
    table="facts.source_observations",
    source="staged feeds",
    without=("line", "stream"),
):
    """What feeds of official statistics state, in the columns of a figure typed by hand."""


class SatelliteObservations(
    SourceObservations, table="facts.satellite_observations", source="facts.satellite_presence"
):
    """What radar tells of loadings, as statements for the ledger."""


class AisObservations(
    SourceObservations, table="facts.ais_observations", source="shipping.loadings"
):
    """What positions of ships tell of loadings, as statements for the ledger."""


OBSERVATION_SCHEMA = types_of(SourceObservations.stored_columns())
"""Columns and types of a statement that a program read off a feed."""


class StagedFigureSources(
    HandKept,
    table="staged.figure_sources",
    source="figure_sources.csv of each stream, feed_figure_sources.csv",
):
    """Where figures were read."""

    stream: str = key(str_matches=_NAME)
    source_id: str = key(str_matches=_IDENTIFIER)
    title: str = given()
    publisher: str = column()
    published_on: str = column()
    document_symbol: str = column()
    url: str = column()


class StagedOrigins(
    HandKept, table="staged.origins", source="origins.csv of each stream, feed_origins.csv"
):
    """Who first produced figures, and the root each leads back to."""

    stream: str = key(str_matches=_NAME)
    origin_id: str = key(str_matches=_IDENTIFIER)
    root_id: str = given(str_matches=_IDENTIFIER)
    name: str = given()
    kind_of_body: str = column()
    first_stated_on: str = column()
    note: str = column()


class StagedQuantities(HandKept, table="staged.quantities", source="quantities.csv of each stream"):
    """What a stream's figures may measure, in which unit, how much at most."""

    stream: str = key(str_matches=_NAME)
    quantity: str = key(str_matches=_NAME)
    unit: str = key()
    concepts: str = given(
        "concepts a figure of the quantity may carry, and columns it must fill, each split by ';'",
        str_matches=r"^[a-z0-9_]+(;[a-z0-9_]+)*$",
    )
    needs: str = column(str_matches=r"^[a-z0-9_]+(;[a-z0-9_]+)*$")
    largest: float = given(gt=0, le=1e13)
    meaning: str = given()


class StagedPriors(HandKept, table="staged.priors", source="priors.csv of each stream"):
    """What is assumed before any figure, with its source."""

    stream: str = key(str_matches=_NAME)
    parameter: str = key(str_matches=r"^[a-z][A-Za-z0-9_.]*$")
    distribution: str = given(isin=tuple(DISTRIBUTIONS))
    args: str = given()
    unit: str = given()
    source: str = given()


class FeedPriors(StagedPriors, table="staged.feed_priors", source="feed_priors.csv"):
    """What is assumed where ship positions and radar become statements, with its source."""


class StagedObtainableData(
    HandKept, table="staged.obtainable_data", source="obtainable_data.csv of each stream"
):
    """Data nobody has published and somebody could get."""

    stream: str = key(str_matches=_NAME)
    datum: str = key()
    quantity: str = given(str_matches=_NAME)
    counterpart_iso3: str = given(str_matches=_COUNTRY)
    window_start_on: dt.date = given()
    window_end_on: dt.date = given()
    error_sd_log: float = given(gt=0, le=2)
    where_obtainable: str = given()
    why_this_error: str = given()


class StagedHalts(HandKept, table="staged.halts", source="halts.csv of each stream"):
    """Dated events at which a level may change, and only there."""

    stream: str = key(str_matches=_NAME)
    halt_id: str = key(str_matches=_IDENTIFIER)
    kind: str = given(str_matches=_NAME)
    start_on: dt.date = given()
    end_on: dt.date = column()
    words: str = given()
    source_id: str = given(str_matches=_IDENTIFIER)
    locator: str = given()
    note: str = column()


class StagedClaims(HandKept, table="staged.claims", source="claims.csv of each stream"):
    """Numbers the public knows, each as one body put it."""

    stream: str = key(str_matches=_NAME)
    claim_id: str = key(str_matches=_IDENTIFIER)
    words: str = given()
    quantity: str = given(str_matches=_NAME)
    concept: str = given(str_matches=_NAME)
    counterpart_iso3: str = given(str_matches=_COUNTRY)
    window_start_on: dt.date = given()
    window_end_on: dt.date = given()
    low: float = column()
    high: float = column()
    unit: str = given()
    root_id: str = given(str_matches=_IDENTIFIER)
    source_id: str = given(str_matches=_IDENTIFIER)
    locator: str = given()
    observation_id: str = given(str_matches=_IDENTIFIER)


class StagedHeldBackReasons(
    HandKept, table="staged.held_back_reasons", source="held_back_reasons.csv"
):
    """Codes of why a figure is not for use."""

    code: str = key(str_matches=_NAME)
    meaning: str = given()


class StagedUnits(HandKept, table="staged.units", source="units.csv"):
    """Units a figure may be stated in."""

    unit: str = key()
    meaning: str = given()


class StagedPriceIndex(HandKept, table="staged.price_index", source="price_index.csv"):
    """What a dollar bought, by year, cited."""

    series_id: str = key()
    year: int = key(ge=1900, le=2100)
    index_1982_84: float = given(gt=0)
    source_title: str = given()
    source_url: str = given(str_startswith="https://")
    locator: str = given()
    retrieved_on: dt.date = given()


class StagedAreas(HandKept, table="staged.areas", source="areas.csv"):
    """Codes of several countries together, beside the ISO codes."""

    area: str = key(str_matches=_COUNTRY)
    meaning: str = given()


class Observations(_StatedFigure, table="facts.observations", source="sql/facts/observations.sql"):
    """The ledger: one statement by one origin about one quantity over one window."""

    root_id: str = given()
    stated_year: int = column()
    source_id: str = given()
    locator: str = given()
    retrieved_at: Instant = given()
    is_usable: bool = given("whether a model may read it; not every one that may be read is")
    reason_not_used: str = column()

    @pa.dataframe_check
    def unused_rows_say_why(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """is_usable or a reason, never neither and never both."""
        return data.lazyframe.select(pl.col("is_usable") == pl.col("reason_not_used").is_null())


class TradeObservations(
    Observations,
    table="facts.trade_observations",
    source="facts.trade_flows",
    without=("stream", "root_id"),
):
    """Declared coal as statements for the ledger: what of it a model may use, and why not."""
