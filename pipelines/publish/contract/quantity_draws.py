import datetime as dt

from pipelines.schemas.table import Table, column, key


class QuantityDraws(Table, source="estimates", is_file_published=False):
    """Joint draws of physical quantities by month: use the macros tonnes_between and
    quantity_between. The same draw number is the same world as in income_draws.
    """

    stream: str = key("as in table streams")
    quantity: str = key("tonnes, headcount, …")
    counterpart_iso3: str = key("buyer or host country; WLD for all")
    draw: int = key("number of the draw")
    month: dt.date = key("month", unit="first day of month")
    amount: float = column("amount in this draw and month", unit="t, persons")
    is_flow: bool = column("true where months add up, false where a window is their mean")
