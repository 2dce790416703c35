import datetime as dt

from pipelines.schemas.table import Table, column, key


class TradeFlows(Table):
    """Every declared flow with North Korea on one side, kept whole; rows that must not be added
    up say why, and the chance that South Korea was meant stands beside each.
    """

    class Config:
        metadata = {"source": "source"}

    flow_id: str = key(
        "source, reporter, partner, flow, period, edition, code and breakdown",
        source="facts.trade_flows",
    )
    source: str = column("comtrade, china_customs or baci", source="facts.trade_flows")
    reporter_iso3: str = column("who declared; for baci the other party")
    exporter_iso3: str = column("where the goods came from")
    importer_iso3: str = column("where they went")
    flow_code: str = column("M import, X export, others are parts of these or re-trade")
    frequency: str = column("A year, M month")
    period_start_on: dt.date = column("first day of the period")
    period_end_on: dt.date = column("last day of the period")
    hs_edition: str = column("edition of the Harmonized System")
    hs_code: str = column("commodity code, leading zeros kept")
    hs_level: int = column("length of the code", unit="digits")
    kind: str = column(
        "exact, or structural_zero: a zero of coal declared under the ban, policy and "
        "not measurement",
        source="facts.trade_flows",
    )
    value_usd: float = column("value as declared", unit="USD")
    valuation: str = column("CIF at the importer's border, FOB at the exporter's")
    cif_fob_log_mean: float = column(
        "mean of the log of CIF over FOB value; one unknown for all flows, prior-driven",
        unit="log",
        source="mirror_priors.csv",
    )
    cif_fob_log_sd: float = column("its standard deviation", unit="log", source="mirror_priors.csv")
    value_fob_usd_q05: float = column(
        "5% point of the FOB value", unit="USD", source="facts.trade_flows"
    )
    value_fob_usd_q50: float = column(
        "median of the FOB value", unit="USD", source="facts.trade_flows"
    )
    value_fob_usd_q95: float = column(
        "95% point of the FOB value", unit="USD", source="facts.trade_flows"
    )
    quantity_t: float = column(
        "net weight; null where none was declared, which is not zero", unit="t", ge=0
    )
    quantity_basis: str = column("net_weight, net_weight_estimated, quantity_kg or missing")
    unit_value_usd_per_t: float = column(
        "declared value over declared weight", unit="USD/t", source="facts.trade_flows"
    )
    reference_price_usd_per_t: float = column(
        "Australian thermal coal over the period; coal only",
        unit="USD/t",
        source="facts.reference_prices",
    )
    unit_value_ratio: float = column(
        "unit value over reference price", unit="ratio", source="facts.trade_flows"
    )
    is_unit_value_suspect: bool = column(
        "outside the bounds in mirror_priors.csv; kept all the same", source="facts.trade_flows"
    )
    p_miscoded: float = column(
        "chance that the reporter's North Korea line of the year is South Korean trade; "
        "null where it cannot be told",
        unit="probability",
        source="facts.miscoding",
        ge=0,
        le=1,
    )
    p_miscoded_low: float = column(
        "lowest over the priors tried", unit="probability", source="facts.miscoding", ge=0, le=1
    )
    p_miscoded_high: float = column(
        "highest over the priors tried", unit="probability", source="facts.miscoding", ge=0, le=1
    )
    counted_in: str = column(
        "coal or chapters: rows of one kind may be added up; null: must not be added",
        source="facts.trade_flows",
    )
    reason_not_counted: str = column("why not", source="facts.trade_flows")
    snapshot_sha256: str = column("hash of the file as received", source="raw")
    locator: str = column("snapshot, file and row", source="raw")
    retrieved_at: dt.datetime = column("when the file was received", unit="UTC", source="raw")
