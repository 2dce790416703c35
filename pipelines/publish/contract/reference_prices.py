import datetime as dt

from pipelines.schemas.table import Table, given, key


class ReferencePrices(Table, made_as="facts.reference_prices", source="source"):
    """What coal that is not North Korea's cost: the yardstick of declared unit values."""

    series: str = key("country and grade", source="facts.reference_prices")
    window_start_on: dt.date = key("first day")
    window_end_on: dt.date = key("last day")
    price_usd_per_t: float = given("price of coal that is not North Korea's", gt=0)
    source_id: str = key("document or source")
    locator: str = given("where in it")
    retrieved_at: dt.datetime = given("when it was received or typed")
