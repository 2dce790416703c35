import datetime as dt

from pipelines.schemas.table import Table, column, key, share


class Figures(Table, source="reference tables"):
    """Every published figure in the ledger, used or not, with its source and where it falls in
    the model.
    """

    observation_id: str = key()
    stream: str = column("as in table streams")
    quantity: str = column()
    concept: str = column(
        "what the number means: for money which flow it is, unsaid where the source does "
        "not say; else the quantity itself"
    )
    counterpart_iso3: str = column("buyer or host country; WLD for all")
    sector: str = column()
    window_start_on: dt.date = column("first day the figure speaks of")
    window_end_on: dt.date = column("last day the figure speaks of")
    kind: str = column(
        "exact, interval, lower_bound, upper_bound, count, ratio, price, usd_total, "
        "structural_zero or plan"
    )
    low: float = column()
    central: float = column()
    high: float = column()
    unit: str = column("unit of low, central and high")
    coverage: str = column(
        "whole of its counterpart, sector and window; part; or channel: one channel, "
        "berth, firm, network or observer"
    )
    class_: str = column(
        "customs, observer, press, desk, interested or official: errors that a class "
        "shares never average away",
        alias="class",
    )
    declared: str = column()
    delivery_point: str = column()
    nature: str = column("whether the price was asked, received, paid, a valuation or listed")
    assumed_price_usd_per_t: float = column()
    persons: int = column(ge=0)
    origin_id: str = column()
    root_id: str = column()
    stated_year: int = column("year in which it was said")
    source_id: str = column("document or page the figure was read in")
    source_title: str = column("title of that document")
    source_url: str = column("address of that document")
    locator: str = column()
    retrieved_at: dt.datetime = column("when the figure was entered in our table")
    is_used: bool = column(
        "true where the headline model of the stream used the figure", source="estimates"
    )
    reason_not_used: str = column(source="facts and estimates")
    measure: str = column(
        "published measure or quantity that posterior_quantile is of; empty where the "
        "model draws none",
        source="estimates",
    )
    role: str = column(
        "what the figure is to its concept: whole, part (a floor), more (a ceiling), or "
        "record (declared trade)",
        source="estimates",
    )
    posterior_quantile: float = share(
        "share of the published draws of the figure's own concept and window that lie below it; "
        "near 0 or 1 the model disagrees with it",
        source="joint draws",
    )
    predictive_quantile: float = share(
        "chance that such a source, with its own error and that of its class and root, would have "
        "said less",
        source="joint draws",
    )
    influence: float = column(
        "largest shift of the stream's headline in any year if the figure were left out, "
        "in widths of the 90% interval",
        unit="widths",
        source="joint draws",
    )
    correction: str = column(
        "replaces or adds where the row stands in a file that was dropped over the "
        "shipped table; empty for a shipped row",
        source="landing folder",
    )
    correction_file: str = column(
        "name of that file, kept in landing/accepted", source="landing folder"
    )
    correction_at: dt.datetime = column("when it was taken in", source="landing folder")
