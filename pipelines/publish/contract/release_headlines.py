from pipelines.schemas.table import Table, column, key


class ReleaseHeadlines(Table, source="vintage store"):
    """What each release said of each headline year: the fan of past vintages."""

    sequence: int = key("release, as in releases")
    release_id: str = column("its id")
    stream: str = key("as in income_annual")
    year: int = key("year", unit="calendar year")
    q05: float = column("5% point of state_income_usd", unit="USD")
    q25: float = column("25% point of state_income_usd", unit="USD")
    q50: float = column("median of state_income_usd", unit="USD")
    q75: float = column("75% point of state_income_usd", unit="USD")
    q95: float = column("95% point of state_income_usd", unit="USD")
