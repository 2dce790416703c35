import datetime as dt

from pipelines.schemas.table import Table, column, key


class NetworkAmounts(Table, source="network tables"):
    """Documented sums of dollars behind the attribution, each placed once."""

    amount_id: str = key()
    stream: str = column("coal, labor, it_workers, finance or general")
    usd: float = column("the sum as stated")
    bound: str = column()
    scope: str = column(
        "link: of one relation; scheme_total: of several together, split not public"
    )
    measure: str = column("income, processed, forfeited, blocked or spending")
    parties: str = column("where the dollars enter, parted by ;")
    link_ids: str = column("relations it is documented on, parted by ;")
    statement_id: str = column("statement it rests on")
    window_start_on: dt.date = column("first day")
    window_end_on: dt.date = column("last day")
    dated_by: str = column()
    held_back: str = column("why it places no income; empty where it does")
    note: str = column()
