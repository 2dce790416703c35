import datetime as dt

import pandera.polars as pa
import polars as pl

from pipelines.schemas.table import Table, column, given, key, probability


class TradeFlows(Table, made_as="facts.trade_flows", source="source"):
    """Every declared flow with North Korea on one side, kept whole; rows that must not be added
    up say why, and the chance that South Korea was meant stands beside each.
    """

    flow_id: str = key(
        "source, reporter, partner, flow, period, edition, code and breakdown",
        source="facts.trade_flows",
    )
    source: str = given(
        "comtrade, china_customs or baci",
        source="facts.trade_flows",
        isin=("comtrade", "china_customs", "baci"),
    )
    reporter_iso3: str = given("who declared; for baci the other party")
    exporter_iso3: str = given("where the goods came from")
    importer_iso3: str = given("where they went")
    flow_code: str = given("M import, X export, others are parts of these or re-trade")
    frequency: str = given(isin=("A", "M"))
    period_start_on: dt.date = given()
    period_end_on: dt.date = given()
    hs_edition: str = given()
    hs_code: str = given()
    hs_level: int = given()
    kind: str = given(
        "exact, or structural_zero: a zero of coal declared under the ban, policy and "
        "not measurement",
        source="facts.trade_flows",
        isin=("exact", "structural_zero"),
    )
    value_usd: float = column(ge=0)
    valuation: str = given(
        "CIF at the importer's border, FOB at the exporter's", isin=("CIF", "FOB")
    )
    cif_fob_log_mean: float = given(
        "mean of the log of CIF over FOB value; one unknown for all flows, prior-driven",
        unit="log",
        source="mirror_priors.csv",
    )
    cif_fob_log_sd: float = given(
        "its standard deviation", unit="log", source="mirror_priors.csv", ge=0
    )
    value_fob_usd_q05: float = column("5% point of the FOB value", source="facts.trade_flows")
    value_fob_usd_q50: float = column("median of the FOB value", source="facts.trade_flows")
    value_fob_usd_q95: float = column("95% point of the FOB value", source="facts.trade_flows")
    quantity_t: float = column(ge=0)
    quantity_basis: str = given()
    unit_value_usd_per_t: float = column(source="facts.trade_flows")
    reference_price_usd_per_t: float = column(
        "Australian thermal coal over the period; coal only", source="facts.reference_prices"
    )
    unit_value_ratio: float = column(
        "unit value over reference price", unit="ratio", source="facts.trade_flows"
    )
    is_unit_value_suspect: bool = column(
        "outside the bounds in mirror_priors.csv; kept all the same", source="facts.trade_flows"
    )
    p_miscoded: float = probability(
        "chance that the reporter's North Korea line of the year is South Korean trade; null "
        "where it cannot be told",
        source="facts.miscoding",
    )
    p_miscoded_low: float = probability("lowest over the priors tried", source="facts.miscoding")
    p_miscoded_high: float = probability("highest over the priors tried", source="facts.miscoding")
    counted_in: str = column(
        "coal or chapters: rows of one kind may be added up; null: must not be added",
        source="facts.trade_flows",
        isin=("coal", "chapters"),
    )
    reason_not_counted: str = column("why not", source="facts.trade_flows")
    snapshot_sha256: str = given(source="raw")
    locator: str = given("snapshot, file and row", source="raw")
    retrieved_at: dt.datetime = given("when the file was received", source="raw")

    @pa.dataframe_check
    def uncounted_rows_say_why(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Counted somewhere or a reason, never both."""
        return data.lazyframe.select(
            pl.col("counted_in").is_null() == pl.col("reason_not_counted").is_not_null()
        )
