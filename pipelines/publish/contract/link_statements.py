import datetime as dt

from pipelines.schemas.table import Table, column, key, share


class LinkStatements(Table, source="network tables"):
    """Who says what about a party or a relation; kinds are never merged."""

    statement_id: str = key()
    about: str = column()
    kind: str = column(
        "designated, convicted, charged, forfeiture_complaint, finding, alleged, "
        "reported or reply (by the accused)"
    )
    authority: str = column()
    program: str = column()
    date: dt.date = column(
        "day of the statement; first of month or year where date_precision says so"
    )
    date_precision: str = column("day, month or year")
    is_edition_date: bool = column("date is that of the list edition read, the listing is earlier")
    document: str = column()
    locator: str = column()
    read_via: str = column()
    url: str = column()
    is_contested: bool = column()
    witness: str = column(
        "statements of one witness speak with one voice: a body that repeats itself, "
        "agencies of one government on one day, an EU annex that carries over the "
        "Security Council"
    )
    document_number: str = column("the official document’s own number, where its citation has one")
    is_primary_read: bool = column("the document itself was read; else an account of it, at url")
    tracing: str = column()
    public_on: dt.date = column("day it became public, where later than its date")
    class_: str = column("class of evidence", alias="class")
    grade: float = share("judged trust in that class")
    note: str = column()
