import datetime as dt

from pipelines.schemas.table import Table, column, key


class Halts(Table):
    """Dated halts, bans and reopenings: where a level may change, each with its source."""

    class Config:
        metadata = {"source": "reference tables"}

    stream: str = key("stream whose level may change")
    halt_id: str = key("id of the event")
    kind: str = column(
        "suspension, clearance, ban, halt, busy, reopening, permits_end, repatriation, "
        "border_shut, border_open"
    )
    start_on: dt.date = column("first day")
    end_on: dt.date = column("last day; empty where it lasts")
    words: str = column("what happened")
    source_id: str = column("document or page it was read in")
    source_title: str = column("title of that document")
    source_url: str = column("address of that document")
    locator: str = column("where in the document")
    note: str = column("what is our reading and which figures go with it")
