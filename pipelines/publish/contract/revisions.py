from pipelines.schemas.table import Table, column, key


class Revisions(Table, source="publish step"):
    """How each yearly median moved from one vintage to the next, and why. Empty until a second
    vintage is published.
    """

    vintage_id: str = key("vintage that moved the number")
    stream: str = key("as in income_annual")
    measure: str = key("as in income_annual")
    period: int = key("year", unit="calendar year")
    before: float = column("median in the vintage before", unit="USD")
    after: float = column("median in this vintage", unit="USD")
    cause: str = column(
        "evidence, month, code, sampling, or several joined by +; moves within sampling "
        "noise are no revisions"
    )
    is_joint: bool = column(
        "true where the series' years together pass for more than noise and this year alone does "
        "not"
    )
