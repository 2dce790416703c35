import datetime as dt

from pipelines.schemas.table import Table, column, key


class Halts(Table, source="reference tables"):
    """Dated halts, bans and reopenings: where a level may change, each with its source."""

    stream: str = key("stream whose level may change")
    halt_id: str = key()
    kind: str = column(
        "suspension, clearance, ban, halt, busy, reopening, permits_end, repatriation, "
        "border_shut, border_open"
    )
    start_on: dt.date = column()
    end_on: dt.date = column("last day; empty where it lasts")
    words: str = column("what happened")
    source_id: str = column()
    source_title: str = column("title of that document")
    source_url: str = column("address of that document")
    locator: str = column()
    note: str = column("what is our reading and which figures go with it")
