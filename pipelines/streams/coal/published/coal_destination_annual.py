from pipelines.schemas.table import Quantiles, Table, column, key, quantiles


class CoalDestinationAnnual(Table, source="estimates"):
    """Share of coal tonnes by destination and year. Every destination that a figure names has a
    row in every year.
    """

    year: int = key("year of export", unit="calendar year")
    destination_iso3: str = key(
        "country of destination (ISO 3166-1 alpha-3), or XXX for all others"
    )
    share: Quantiles = quantiles(
        "share of the year's tonnes, 0 to 1", source="draws of the coal model", ge=0, le=1
    )
    n_origins: int = column(
        "root origins that speak of coal to this destination in that year",
        unit="roots",
        source="figures",
        ge=0,
    )
    is_assumption: bool = column(
        "true where nobody speaks of any destination in that year: the split is assumed",
        source="figures",
    )
