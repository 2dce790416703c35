from pipelines.schemas.table import Quantiles, Table, column, key, quantiles


class LaborByHostAnnual(Table, source="draws of the headline labor model"):
    """Overseas workers by host country and year: how many, what they earn, what the state
    takes.
    """

    host_iso3: str = key(
        "host country (ISO 3166-1 alpha-3), or OTH for all others", source="estimates"
    )
    year: int = key("year", unit="calendar year", source="estimates")
    headcount: Quantiles = quantiles("workers present, yearly mean", unit="persons", ge=0)
    wage_usd_per_month: Quantiles = quantiles("gross wage per worker", unit="USD/month")
    state_share: Quantiles = quantiles(
        "share of the gross wage that the state takes, 0 to 1", ge=0, le=1
    )
    take_usd: Quantiles = quantiles("taken by the state in the year")
    n_origins: int = column(
        "root origins of headcounts of this host and year that the model used",
        unit="roots",
        source="figures",
        ge=0,
    )
    evidence_grade: str = column(
        "whether anybody counted workers there: this_year, within_two_years, or none",
        source="figures",
    )
