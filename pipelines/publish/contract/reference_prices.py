import datetime as dt

from pipelines.schemas.table import Table, column, key


class ReferencePrices(Table):
    """What coal that is not North Korea's cost: the yardstick of declared unit values."""

    class Config:
        metadata = {"source": "source"}

    series: str = key("country and grade", source="facts.reference_prices")
    window_start_on: dt.date = key("first day")
    window_end_on: dt.date = key("last day")
    price_usd_per_t: float = column("price of coal that is not North Korea's", unit="USD/t")
    source_id: str = key("document or source")
    locator: str = column("where in it")
    retrieved_at: dt.datetime = column("when it was received or typed", unit="UTC")
