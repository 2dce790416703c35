import datetime as dt

from pipelines.schemas.table import Table, column, key


class DimMonth(Table, source="income_monthly"):
    """Dimension: the months estimated."""

    month: dt.date = key("month", unit="first day of month")
    year: int = column("its year", unit="calendar year")
    quarter: str = column("its quarter, such as 2017 Q3")
    month_of_year: int = column("1 to 12")
    label: str = column("such as Aug 2017")
    is_full_year: bool = column("all twelve months of its year are estimated")
