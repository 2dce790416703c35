"""Contracts of the staged trade, price and exchange-rate tables: one source each, our units."""

from __future__ import annotations

import datetime as dt

import pandera.polars as pa

FREQUENCIES = ("A", "M")
# X and M are trade; D*, F* are parts of X and M; R* is re-trade; the rest is processing trade
FLOW_CODES = ("M", "X", "DX", "FM", "MIP", "MOP", "RM", "RX", "XIP", "XOP")
HS_EDITIONS = ("HS", "H0", "H1", "H2", "H3", "H4", "H5", "H6", "H7")
_ISO3 = r"^[A-Z_][A-Z0-9_]{0,2}$"
_USD_CEILING = 1e14  # more than the world trades in a year


class StagedComtrade(pa.DataFrameModel):
    """Declared flows of UN Comtrade. Grain: the columns of `unique`.

    Values as declared: imports normally CIF, exports FOB. `quantity_t` is null where no usable
    weight was declared; null is not zero.
    """

    line: int = pa.Field(ge=1)
    frequency: str = pa.Field(isin=FREQUENCIES)
    period_start_on: dt.date
    period_end_on: dt.date
    reporter_code: int = pa.Field(ge=1, le=999)
    reporter_iso3: str = pa.Field(str_matches=_ISO3, nullable=True)
    partner_code: int = pa.Field(ge=0, le=999)
    partner_iso3: str = pa.Field(str_matches=_ISO3, nullable=True)
    flow_code: str = pa.Field(isin=FLOW_CODES)
    hs_edition: str = pa.Field(isin=HS_EDITIONS)
    hs_code: str = pa.Field(str_matches=r"^(TOTAL|\d{2}|\d{4}|\d{6})$")
    hs_level: int = pa.Field(isin=(0, 2, 4, 6))
    partner2_code: int = pa.Field(ge=0, le=999)
    customs_code: str = pa.Field(str_matches=r"^C\d{2}$")
    mode_of_transport_code: int = pa.Field(ge=0)
    mode_of_supply_code: str
    value_usd: float = pa.Field(ge=0, le=_USD_CEILING)
    cif_value_usd: float = pa.Field(ge=0, le=_USD_CEILING, nullable=True)
    fob_value_usd: float = pa.Field(ge=0, le=_USD_CEILING, nullable=True)
    quantity_t: float = pa.Field(gt=0, le=1e10, nullable=True)
    quantity_basis: str = pa.Field(
        isin=("net_weight", "net_weight_estimated", "quantity_kg", "missing")
    )
    is_reported: bool = pa.Field(nullable=True)
    is_aggregate: bool = pa.Field(nullable=True)

    class Config:
        strict = True
        unique = [
            "frequency",
            "period_start_on",
            "reporter_code",
            "partner_code",
            "flow_code",
            "hs_edition",
            "hs_code",
            "partner2_code",
            "customs_code",
            "mode_of_transport_code",
            "mode_of_supply_code",
        ]


class StagedChinaCustoms(pa.DataFrameModel):
    """Rows of China's customs query, as exported by hand. Grain: the columns of `unique`."""

    line: int = pa.Field(ge=2)
    flow_code: str = pa.Field(isin=("M", "X"))
    period_start_on: dt.date
    period_end_on: dt.date
    hs_code: str = pa.Field(str_matches=r"^(\d{2}|\d{4}|\d{6}|\d{8})$")
    commodity_name: str = pa.Field(nullable=True)
    partner_code: str = pa.Field(nullable=True)
    partner_name: str
    partner_iso3: str = pa.Field(str_matches=r"^[A-Z]{3}$", nullable=True)
    trade_mode: str = pa.Field(nullable=True)
    registered_place: str = pa.Field(nullable=True)
    quantity_t: float = pa.Field(ge=0, le=1e9, nullable=True)
    quantity_2_t: float = pa.Field(ge=0, le=1e9, nullable=True)
    value: float = pa.Field(ge=0, le=_USD_CEILING)
    currency: str = pa.Field(isin=("USD", "CNY"))
    is_declared_zero: bool

    class Config:
        strict = True
        unique = [
            "flow_code",
            "period_start_on",
            "period_end_on",
            "hs_code",
            "partner_name",
            "trade_mode",
            "registered_place",
            "currency",
        ]


class StagedBaci(pa.DataFrameModel):
    """CEPII's reconciled trade. Grain: hs_edition, year, exporter_code, importer_code, hs_code."""

    line: int = pa.Field(ge=2)
    hs_edition: str = pa.Field(str_matches=r"^HS\d{2}$")
    year: int = pa.Field(ge=1988, le=2100)
    exporter_code: int = pa.Field(ge=1, le=999)
    importer_code: int = pa.Field(ge=1, le=999)
    hs_code: str = pa.Field(str_matches=r"^\d{6}$")
    value_usd: float = pa.Field(ge=0, le=_USD_CEILING)  # FOB
    quantity_t: float = pa.Field(ge=0, nullable=True)

    class Config:
        strict = True
        unique = ["hs_edition", "year", "exporter_code", "importer_code", "hs_code"]


class StagedCommodityPrices(pa.DataFrameModel):
    """Coal columns of the World Bank Pink Sheet. Grain: month. Null: the sheet shows "…"."""

    line: int = pa.Field(ge=1)
    month: dt.date
    coal_australian_usd_per_t: float = pa.Field(gt=0, lt=2_000, nullable=True)
    coal_south_african_usd_per_t: float = pa.Field(gt=0, lt=2_000, nullable=True)

    class Config:
        strict = True
        unique = ["month"]


class StagedEcbRates(pa.DataFrameModel):
    """Reference rates of the ECB, currency per euro. Grain: date. Null: no quote that day."""

    line: int = pa.Field(ge=2)
    date: dt.date
    usd_per_eur: float = pa.Field(gt=0, lt=1e8)
    cny_per_eur: float = pa.Field(gt=0, lt=1e8, nullable=True)
    rub_per_eur: float = pa.Field(gt=0, lt=1e8, nullable=True)
    krw_per_eur: float = pa.Field(gt=0, lt=1e8, nullable=True)
    hkd_per_eur: float = pa.Field(gt=0, lt=1e8, nullable=True)
    jpy_per_eur: float = pa.Field(gt=0, lt=1e8, nullable=True)

    class Config:
        strict = True
        unique = ["date"]


class StagedFxMonthly(pa.DataFrameModel):
    """Monthly mean rates, units of the currency per US dollar. Grain: currency, month.

    A month without a quoted rate stays as a row with `reason_missing`.
    """

    month: dt.date
    currency: str = pa.Field(str_matches=r"^[A-Z]{3}$")
    per_usd: float = pa.Field(gt=0, nullable=True)
    n_days: int = pa.Field(ge=0)
    reason_missing: str = pa.Field(nullable=True)

    class Config:
        strict = True
        unique = ["currency", "month"]
