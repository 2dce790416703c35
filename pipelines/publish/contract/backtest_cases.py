from pipelines.schemas.table import Table, column, key, share


class BacktestCases(Table, made_as="estimates.backtest_cases", source="backtest job"):
    """Every hidden figure beside what each model, refitted without it, said it would read."""

    stream: str = key("as in table streams")
    test: str = key()
    fold: str = key("what was hidden: an origin, a year, the time from a January on, a span")
    model: str = key()
    observation_id: str = key("the hidden figure, as in the table figures")
    root_id: str = column("root of who said it", source="figures")
    era: str = column(
        "before_ban, ban, border_closed or since_reopening, by the middle of its window"
    )
    quantity: str = column("what it measures")
    stated: float = column(
        "the figure: its central value, or the geometric middle of its range",
        unit="unit of the figure",
    )
    q05: float = column("5% point of the prediction", unit="unit of the figure")
    q25: float = column("25% point of the prediction", unit="unit of the figure")
    q50: float = column("50% point of the prediction", unit="unit of the figure")
    q75: float = column("75% point of the prediction", unit="unit of the figure")
    q95: float = column("95% point of the prediction", unit="unit of the figure")
    quantile: float = share("where the figure falls in the prediction")
    crps: float = column("continuous ranked probability score", unit="log")
    wis: float = column(
        "weighted interval score over the 50, 80 and 90% intervals and the median", unit="log"
    )
    is_covered_50: bool = column("the figure lies inside the 50% interval")
    is_covered_80: bool = column("the figure lies inside the 80% interval")
    is_covered_90: bool = column("the figure lies inside the 90% interval")
