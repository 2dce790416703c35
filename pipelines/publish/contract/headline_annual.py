from pipelines.schemas.table import Table, column, key


class HeadlineAnnual(Table, source="income_annual", references={"stream": "dim_stream"}):
    """What reached the DPRK side, a row a stream and complete year: streams never overlap,
    there is no row of the total, and the one number adds up. Ranges are text, so that none
    can be added: those of any sum come from headline_between or headline_cells.
    """

    stream: str = key("stream; the total stands in headline_total_annual")
    year: int = key(
        "complete calendar year; the current one is in headline_cells", unit="calendar year"
    )
    stream_mean_usd: float = column(
        "mean over the draws: adds up over streams and years; its average over rows of one stream "
        "is that stream's average year"
    )
    range_90_usd_m: str = column("5% and 95% points in words; not to be added, hence text")
    evidence_grade: str = column()
