"""Contracts of the staged trade, price and exchange-rate tables: one source each, our units."""

from __future__ import annotations

import datetime as dt

from pipelines.schemas.table import Feed, HandKept, Table, column, given, key
from pipelines.schemas.types import Instant

FREQUENCIES = ("A", "M")
# X and M are trade; D*, F* are parts of X and M; R* is re-trade; the rest is processing trade
FLOW_CODES = ("M", "X", "DX", "FM", "MIP", "MOP", "RM", "RX", "XIP", "XOP")
HS_EDITIONS = ("HS", "H0", "H1", "H2", "H3", "H4", "H5", "H6", "H7")
_ISO3 = r"^[A-Z_][A-Z0-9_]{0,2}$"
_USD_CEILING = 1e14  # more than the world trades in a year


class StagedComtrade(Feed, table="staged.comtrade", source="UN Comtrade"):
    """Declared flows of UN Comtrade.

    Values as declared: imports normally CIF, exports FOB. `quantity_t` is null where no usable
    weight was declared; null is not zero.
    """

    frequency: str = key(isin=FREQUENCIES)
    period_start_on: dt.date = key()
    period_end_on: dt.date = given()
    reporter_code: int = key(ge=1, le=999)
    reporter_iso3: str = column(str_matches=_ISO3)
    partner_code: int = key(ge=0, le=999)
    partner_iso3: str = column(str_matches=_ISO3)
    flow_code: str = key(isin=FLOW_CODES)
    hs_edition: str = key(isin=HS_EDITIONS)
    hs_code: str = key(str_matches=r"^(TOTAL|\d{2}|\d{4}|\d{6})$")
    hs_level: int = given(isin=(0, 2, 4, 6))
    partner2_code: int = key(ge=0, le=999)
    customs_code: str = key(str_matches=r"^C\d{2}$")
    mode_of_transport_code: int = key(ge=0)
    mode_of_supply_code: str = key()
    value_usd: float = given(ge=0, le=_USD_CEILING)
    cif_value_usd: float = column(ge=0, le=_USD_CEILING)
    fob_value_usd: float = column(ge=0, le=_USD_CEILING)
    quantity_t: float = column(gt=0, le=1e10)
    quantity_basis: str = given(
        isin=("net_weight", "net_weight_estimated", "quantity_kg", "missing")
    )
    is_reported: bool = column()
    is_aggregate: bool = column()


class StagedChinaCustoms(Feed, table="staged.china_customs", source="China's customs"):
    """Rows of China's customs query, as exported by hand."""

    flow_code: str = key(isin=("M", "X"))
    period_start_on: dt.date = key()
    period_end_on: dt.date = key()
    hs_code: str = key(str_matches=r"^(\d{2}|\d{4}|\d{6}|\d{8})$")
    commodity_name: str = column()
    partner_code: str = column()
    partner_name: str = key()
    partner_iso3: str = column(str_matches=r"^[A-Z]{3}$")
    trade_mode: str = key(nullable=True)
    registered_place: str = key(nullable=True)
    quantity_t: float = column(ge=0, le=1e9)
    quantity_2_t: float = column(ge=0, le=1e9)
    value: float = given(ge=0, le=_USD_CEILING)
    currency: str = key(isin=("USD", "CNY"))
    is_declared_zero: bool = given()


class StagedBaci(Feed, table="staged.baci", source="CEPII BACI"):
    """CEPII's reconciled trade."""

    hs_edition: str = key(str_matches=r"^HS\d{2}$")
    year: int = key(ge=1988, le=2100)
    exporter_code: int = key(ge=1, le=999)
    importer_code: int = key(ge=1, le=999)
    hs_code: str = key(str_matches=r"^\d{6}$")
    value_usd: float = given("FOB", ge=0, le=_USD_CEILING)
    quantity_t: float = column(ge=0)


class StagedCommodityPrices(Feed, table="staged.pink_sheet", source="World Bank Pink Sheet"):
    """Coal columns of the World Bank Pink Sheet. Null: the sheet shows "…"."""

    month: dt.date = key()
    coal_australian_usd_per_t: float = column(gt=0, lt=2_000)
    coal_south_african_usd_per_t: float = column(gt=0, lt=2_000)


class StagedEcbRates(Feed, table="staged.ecb_fx", source="European Central Bank"):
    """Reference rates of the ECB, currency per euro. Null: no quote that day."""

    date: dt.date = key()
    usd_per_eur: float = given(gt=0, lt=1e8)
    cny_per_eur: float = column(gt=0, lt=1e8)
    rub_per_eur: float = column(gt=0, lt=1e8)
    krw_per_eur: float = column(gt=0, lt=1e8)
    hkd_per_eur: float = column(gt=0, lt=1e8)
    jpy_per_eur: float = column(gt=0, lt=1e8)


class StagedFxMonthly(Table, table="staged.fx_monthly", source="staged.ecb_fx"):
    """Monthly mean rates, units of the currency per US dollar.

    A month without a quoted rate stays as a row with `reason_missing`.
    """

    month: dt.date = key()
    currency: str = key(str_matches=r"^[A-Z]{3}$")
    per_usd: float = column(gt=0)
    n_days: int = given(ge=0)
    reason_missing: str = column()


class MirrorPriors(HandKept, table="staged.mirror_priors", source="mirror_priors.csv"):
    """What is assumed about mirror statistics, each with its basis."""

    parameter: str = key()
    distribution: str = given()
    args: str = given()
    unit: str = given()
    basis: str = given()


class LikeCoal(Table, table="facts.like_coal", source="customs of China"):
    """What buyers of like coal paid: China's anthracite imports, a month and seller a row."""

    seller_iso3: str = key()
    month: dt.date = key()
    source_id: str = key("un-comtrade or china-customs-query")
    value_usd: float = column("CIF value as declared", ge=0)
    quantity_t: float = column(ge=0)
    unit_value_usd_per_t: float = column(gt=0)
    locator: str = given()
    retrieved_at: Instant = given()


class Miscoding(Table, table="facts.miscoding", source="staged.comtrade"):
    """Chance that a reporter's North Korea line is South Korean."""

    reporter_code: int = key()
    year: int = key()
    n_chapters: int = given(ge=0)
    value_usd: float = given("imports declared from North Korea, all chapters", ge=0)
    p_miscoded: float = column(ge=0, le=1)
    p_miscoded_low: float = column(ge=0, le=1)
    p_miscoded_high: float = column(ge=0, le=1)
    basis: str = given("what the probability rests on, or why there is none")


class SatellitePresence(Table, table="facts.satellite_presence", source="staged.gfw_sar"):
    """Ships present in our zones by month: detections over the passes that looked."""

    month: dt.date = key()
    zone_id: str = key()
    passes: float = given(gt=0)
    detections: float = given(ge=0)
    ships_present: float = given(ge=0)
    variance: float = column(ge=0)
