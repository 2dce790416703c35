import datetime as dt

from pipelines.schemas.table import Table, column, key


class PriceIndex(Table, source="staged.price_index"):
    """What a US dollar bought, by year: consumer prices in the United States. No estimate uses it;
    the report's switch to dollars of one year does.
    """

    series_id: str = key("series of the Bureau of Labor Statistics")
    year: int = key("calendar year")
    index_1982_84: float = column("annual average", unit="1982-84 = 100")
    source_title: str = column("title of the series")
    source_url: str = column("where the publisher keeps it")
    locator: str = column("place in it, and how it was read")
    retrieved_on: dt.date = column("when it was read")
