import datetime as dt

from pipelines.schemas.table import Table, column, key


class DimStream(Table, source="streams"):
    """Dimension: the streams, which never overlap. The total is none of them."""

    stream: str = key("name used in every table")
    title: str = column("what readers call it")
    headline: str = column("the stream's own measure of what reaches the DPRK side")
    first_month: dt.date = column("first month estimated", unit="first day of month")
    colour: str = column("its colour in charts, RGB")
    sort_order: int = column("place in tables and charts")
