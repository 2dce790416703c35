import datetime as dt

from pipelines.schemas.table import Table, column, key


class HeadlineCells(
    Table,
    source="cell_draws",
    references={"stream": "dim_stream", "country_iso3": "dim_country", "month": "dim_month"},
):
    """Start here with a BI tool: what reached the DPRK side, cut into cells that never overlap
    and leave nothing out, so that any sum of cell_mean_usd is right. A median or a range of
    any slice is a macro over column cell: headline_quantile(list(cell), 0.5).
    """

    cell: str = key("stream/country/month: key of the cell's draws; what the macros take")
    stream: str = column("stream; there is no row of a total")
    country_iso3: str = column(
        "host country where the stream's money is drawn by country, OTH other hosts; WLD "
        "where it is not split"
    )
    stream_title: str = column("what readers call the stream", source="dim_stream")
    country: str = column("English name of the country", source="dim_country")
    month: dt.date = column("month of the income", unit="first day of month")
    year: int = column("year of the month", unit="calendar year")
    is_full_year: bool = column("all twelve months of the stream's year are estimated")
    evidence_grade: str = column(
        "where most of the uncertainty of the stream's year stands: on components "
        "somebody speaks of in this_year, within_two_years, or none",
        source="income_annual",
    )
    cell_mean_usd: float = column(
        "mean over the draws: means add up, over any rows; their average is that of cells"
    )
    cell_mean_tonnes: float = column("mean tonnes; adds up", ge=0)
    cell_mean_person_years: float = column(
        "mean of persons over twelve; adds up: of one year, the workers present on average",
        unit="person-years",
    )
