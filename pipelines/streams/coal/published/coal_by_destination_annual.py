from pipelines.schemas.table import Table, column, key


class CoalByDestinationAnnual(
    Table, source="joint draws", references={"destination_iso3": "dim_country"}
):
    """Tonnes of coal by destination, a row a destination and complete year: rows never overlap
    and add up to all coal. Ranges of any sum come from the macro coal_tonnes_to.
    """

    destination_iso3: str = key(source="estimates")
    destination: str = column("its English name", source="dim_country")
    year: int = key("complete calendar year", unit="calendar year", source="estimates")
    destination_mean_tonnes: float = column(
        "mean over the draws of share times tonnes: adds up over destinations and years", ge=0
    )
    range_90_kt: str = column("5% and 95% points in words; not to be added, hence text", unit="kt")
    is_assumption: bool = column(
        "no figure of that year speaks of destinations", source="coal_destination_annual"
    )
