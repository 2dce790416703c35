from pipelines.schemas.table import Table, column, key


class Readings(Table, made_as="estimates.readings", source="estimates"):
    """The headline as some classes of source read the world: all of them, and each without one."""

    stream: str = key("as in table streams")
    year: int = key("year of the income", unit="calendar year")
    reading: str = key("all, or the class left out")
    q05: float = column("5% point of the headline", unit="USD", source="joint draws")
    q50: float = column("median of the headline", unit="USD", source="joint draws")
    q95: float = column("95% point of the headline", unit="USD", source="joint draws")
