import datetime as dt

from pipelines.schemas.table import Table, column, key


class Streams(Table, made_as="estimates.streams", source="each folder of pipelines/streams"):
    """The streams of income and their total: what they are called, and which measure is their
    headline.
    """

    stream: str = key("name used in every table; total is all of them")
    title: str = column("what readers call it")
    colour: str = column("its colour in charts, RGB")
    headline: str = column("the measure to quote first")
    first_month: dt.date = column("first month estimated", unit="first day of month")
    sort_order: int = column("place in tables and charts")
