import datetime as dt

from pipelines.schemas.table import Table, column, key


class IncomeDraws(
    Table, made_as="estimates.income_draws", source="estimates", is_file_published=False
):
    """Joint draws of monthly income, for sums over any window: use the macro income_between.
    The same draw number is the same world in every stream.
    """

    stream: str = key("as in table streams")
    measure: str = key("the stream's own measures, as in table stream_measures")
    draw: int = key("number of the draw")
    month: dt.date = key("month", unit="first day of month")
    usd: float = column("nominal dollars of the measure in this draw and month")
