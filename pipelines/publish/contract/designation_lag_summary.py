import datetime as dt

from pipelines.schemas.table import Table, column, key


class DesignationLagSummary(
    Table, made_as="network.designation_lag_summary", source="legal status"
):
    """The median lag from first official allegation to designation, its n and a 90% interval."""

    as_of: dt.date = key("the day")
    n: int = column("parties with both dates")
    median_months: float = column("median lag")
    median_low: float = column(
        "lower end of a 90% interval between order statistics", unit="months"
    )
    median_high: float = column("upper end", unit="months")
    n_waiting: int = column("alleged, not designated, not settled", ge=0)
    n_settled: int = column("settled by a rule, a conviction, a sentence or a forfeiture", ge=0)
