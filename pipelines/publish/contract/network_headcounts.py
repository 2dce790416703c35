import datetime as dt

from pipelines.schemas.table import Table, column, key


class NetworkHeadcounts(Table, source="network headcounts"):
    """Workers that a statement counts at one employer; the table an analyst extends."""

    headcount_id: str = key("id")
    employer_id: str = column()
    host_iso3: str = column("host country")
    workers_low: float = column("low", unit="persons", ge=0)
    workers: float = column(ge=0)
    workers_high: float = column("high", unit="persons", ge=0)
    bound: str = column()
    window_start_on: dt.date = column("first day counted")
    window_end_on: dt.date = column("last day counted; the stock speaks for every year touched")
    statement_id: str = column("the statement it rests on")
    pay_to_dprk_side_per_month: str = column("as printed, currency apart")
    pay_currency: str = column("currency")
    pay_kept_by_worker_per_month: str = column("as printed")
    note: str = column("remarks")
