from pipelines.schemas.table import Table, column, key


class DimMeasure(Table, source="stream_measures"):
    """Dimension: the measures of income_annual and income_monthly, and which may be added over
    streams. Never add two measures: each is a part of another.
    """

    measure: str = key("name used in every table")
    label: str = column("what it is, for each stream that has it")
    streams: str = column("streams that have it")
    counts_as: str = column(
        "gross_income_usd or state_income_usd where it is counted in that total; null where in none"
    )
    is_of_all_streams: bool = column(
        "true for the two incomes that every stream and the total have"
    )
