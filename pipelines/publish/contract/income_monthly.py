import datetime as dt

from pipelines.schemas.table import Quantiles, Table, column, key, quantiles


class IncomeMonthly(Table, source="estimates"):
    """Income by stream and month."""

    stream: str = key("as in table streams; total adds them within each draw")
    measure: str = key(
        "cif_usd, gross_fob_usd, net_usd (goods); gross_wages_usd, state_take_usd (what "
        "workers do not keep), remitted_usd (what reaches the DPRK side) (work); "
        "gross_income_usd (what buyers and employers pay) and state_income_usd (what "
        "reaches the DPRK side; the headline) for every stream and the total"
    )
    month: dt.date = key("month of the income", unit="first day of month")
    points: Quantiles = quantiles(
        "income of the month, nominal US dollars", prefix="", unit="USD", source="joint draws"
    )
    streams: str = column()
    n_origins: int = column(
        "root origins that speak of the stream's tonnage, prices, people, pay or money "
        "of that very period; bodies of one government and echoes are one root, world "
        "prices are none",
        unit="roots",
        source="figures",
        ge=0,
    )
    evidence_grade: str = column(
        "where most of the calendar year's uncertainty stands: on components somebody "
        "speaks of in this_year, within_two_years, or none",
        source="evidence_by_component",
    )
    evidence_none_share: float = column(
        "share of the calendar year's variance held by components that nobody speaks of within "
        "two years",
        source="evidence_by_component",
    )
    is_prior_driven: bool = column(
        "for one release more: true where components that nobody speaks of within two "
        "years hold most of the variance, or no root speaks of the period; "
        "evidence_grade says it better",
        source="evidence_by_component",
    )
    model: str = column("density: the joint density of all streams; sum of streams for the total")
