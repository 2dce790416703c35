"""Contracts of what is made from partners' declarations."""

from __future__ import annotations

import datetime as dt

import pandera.polars as pa

from pipelines.schemas.types import Instant


class Miscoding(pa.DataFrameModel):
    """Chance that a reporter's North Korea line is South Korean. Grain: reporter_code, year."""

    reporter_code: int
    year: int
    n_chapters: int = pa.Field(ge=0)
    value_usd: float = pa.Field(ge=0)
    p_miscoded: float = pa.Field(ge=0, le=1, nullable=True)
    p_miscoded_low: float = pa.Field(ge=0, le=1, nullable=True)
    p_miscoded_high: float = pa.Field(ge=0, le=1, nullable=True)
    basis: str

    class Config:
        strict = True
        unique = ["reporter_code", "year"]


class ReferencePrices(pa.DataFrameModel):
    """Coal prices that are not North Korea's own. Grain: series, window, source."""

    series: str
    window_start_on: dt.date
    window_end_on: dt.date
    price_usd_per_t: float = pa.Field(gt=0)
    source_id: str
    locator: str
    retrieved_at: Instant

    class Config:
        strict = True
        unique = ["series", "window_start_on", "window_end_on", "source_id"]


class TradeFlows(pa.DataFrameModel):
    """Every declared flow with North Korea on one side. Grain: flow_id."""

    flow_id: str
    source: str = pa.Field(isin=("comtrade", "china_customs", "baci"))
    reporter_iso3: str
    exporter_iso3: str
    importer_iso3: str
    flow_code: str
    frequency: str = pa.Field(isin=("A", "M"))
    period_start_on: dt.date
    period_end_on: dt.date
    hs_edition: str
    hs_code: str
    hs_level: int
    kind: str = pa.Field(isin=("exact", "structural_zero"))
    value_usd: float = pa.Field(ge=0, nullable=True)
    valuation: str = pa.Field(isin=("CIF", "FOB"))
    cif_fob_log_mean: float
    cif_fob_log_sd: float = pa.Field(ge=0)
    value_fob_usd_q05: float = pa.Field(nullable=True)
    value_fob_usd_q50: float = pa.Field(nullable=True)
    value_fob_usd_q95: float = pa.Field(nullable=True)
    quantity_t: float = pa.Field(ge=0, nullable=True)
    quantity_basis: str
    unit_value_usd_per_t: float = pa.Field(nullable=True)
    reference_price_usd_per_t: float = pa.Field(nullable=True)
    unit_value_ratio: float = pa.Field(nullable=True)
    is_unit_value_suspect: bool = pa.Field(nullable=True)
    p_miscoded: float = pa.Field(ge=0, le=1, nullable=True)
    p_miscoded_low: float = pa.Field(ge=0, le=1, nullable=True)
    p_miscoded_high: float = pa.Field(ge=0, le=1, nullable=True)
    counted_in: str = pa.Field(isin=("coal", "chapters"), nullable=True)
    reason_not_counted: str = pa.Field(nullable=True)
    snapshot_sha256: str
    locator: str
    retrieved_at: Instant

    class Config:
        strict = True
        unique = ["flow_id"]

    @pa.dataframe_check
    def uncounted_rows_say_why(cls, data: pa.PolarsData) -> object:
        """Counted somewhere or a reason, never both."""
        import polars as pl

        return data.lazyframe.select(
            pl.col("counted_in").is_null() == pl.col("reason_not_counted").is_not_null()
        )
