import datetime as dt

from pipelines.schemas.table import Table, column, key


class NetworkAmounts(Table):
    """Documented sums of dollars behind the attribution, each placed once."""

    class Config:
        metadata = {"source": "network tables"}

    amount_id: str = key("id of the sum")
    stream: str = column("coal, labor, it_workers, finance or general")
    usd: float = column("the sum as stated", unit="USD")
    bound: str = column("exact, about, at_least or at_most")
    scope: str = column(
        "link: of one relation; scheme_total: of several together, split not public"
    )
    measure: str = column("income, processed, forfeited, blocked or spending")
    parties: str = column("where the dollars enter, parted by ;")
    link_ids: str = column("relations it is documented on, parted by ;")
    statement_id: str = column("statement it rests on")
    window_start_on: dt.date = column("first day")
    window_end_on: dt.date = column("last day")
    dated_by: str = column("window, or statement where the text gives no period")
    held_back: str = column("why it places no income; empty where it does")
    note: str = column("remark")
