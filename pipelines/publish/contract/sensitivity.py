from pipelines.schemas.table import Table, column, key


class Sensitivity(Table, source="estimates"):
    """How much of a year's income uncertainty each input carries. Shares of inputs that move
    together overlap and may add to more than 1.
    """

    stream: str = key("as in table streams")
    year: int = key("year of the income", unit="calendar year")
    input: str = key("the quantity assumed known")
    variance_share: float = column(
        "share of the variance of the year's income that knowing the input would take away",
        source="regression on the draws",
    )
    low_usd: float = column(
        "10% point of the income expected given the input", source="regression on the draws"
    )
    high_usd: float = column(
        "90% point of the income expected given the input", source="regression on the draws"
    )
