from pipelines.schemas.table import Quantiles, Table, column, key, quantiles


class IncomeAnnual(Table, source="estimates"):
    """Income by stream and calendar year, summed within each draw. Start here."""

    stream: str = key("as in table streams; total adds them within each draw")
    measure: str = key(
        "cif_usd, gross_fob_usd, net_usd (goods); gross_wages_usd, state_take_usd (what "
        "workers do not keep), remitted_usd (what reaches the DPRK side) (work); "
        "gross_income_usd (what buyers and employers pay) and state_income_usd (what "
        "reaches the DPRK side; the headline) for every stream and the total"
    )
    year: int = key("year of the income", unit="calendar year")
    points: Quantiles = quantiles(
        "income of the year, nominal US dollars", prefix="", unit="USD", source="joint draws"
    )
    mcse_q05: float = column("Monte Carlo error of q05", unit="USD", source="diagnostics")
    mcse_q50: float = column("Monte Carlo error of q50", unit="USD", source="diagnostics")
    mcse_q95: float = column("Monte Carlo error of q95", unit="USD", source="diagnostics")
    streams: str = column()
    is_partial_year: bool = column(
        "true where fewer than twelve months are estimated, of a total: of any stream it adds"
    )
    n_origins: int = column(
        "root origins that speak of the stream's tonnage, prices, people, pay or money "
        "of that very period; bodies of one government and echoes are one root, world "
        "prices are none",
        unit="roots",
        source="figures",
        ge=0,
    )
    evidence_grade: str = column(source="evidence_by_component")
    evidence_this_year_share: float = column(
        "share of the variance of state income held by components that somebody speaks of in the "
        "year",
        source="evidence_by_component",
    )
    evidence_within_two_years_share: float = column(
        "share held by components spoken of within two years only", source="evidence_by_component"
    )
    evidence_none_share: float = column(
        "share held by components that nobody speaks of within two years",
        source="evidence_by_component",
    )
    is_prior_driven: bool = column(
        "for one release more: true where components that nobody speaks of within two "
        "years hold most of the variance, or no root speaks of the period; "
        "evidence_grade says it better",
        source="evidence_by_component",
    )
    model: str = column("density: the joint density of all streams; sum of streams for the total")
