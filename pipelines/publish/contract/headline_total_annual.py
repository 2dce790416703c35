from pipelines.schemas.table import Table, column, key


class HeadlineTotalAnnual(Table, source="income_annual"):
    """What reached the DPRK side from all streams together, drawn jointly, a row a complete
    year; apart from the streams, so that nothing is counted twice.
    """

    year: int = key("complete calendar year", unit="calendar year")
    total_mean_usd: float = column(
        "mean over the joint draws: adds up over years, and its average is the average year"
    )
    range_90_usd_m: str = column(
        "5% and 95% points of the sum within each draw, in words; not to be added, hence text"
    )
    evidence_grade: str = column("where most of the year's uncertainty stands")
    streams: str = column("streams that the total adds")
