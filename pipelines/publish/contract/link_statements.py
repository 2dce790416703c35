import datetime as dt

from pipelines.schemas.table import Table, column, key


class LinkStatements(Table):
    """Who says what about a party or a relation; kinds are never merged."""

    class Config:
        metadata = {"source": "network tables"}

    statement_id: str = key("id of the statement")
    about: str = column("entity_id or link_id it is about")
    kind: str = column(
        "designated, convicted, charged, forfeiture_complaint, finding, alleged, "
        "reported or reply (by the accused)"
    )
    authority: str = column("body that makes the statement")
    program: str = column("legal basis or program")
    date: dt.date = column(
        "day of the statement; first of month or year where date_precision says so"
    )
    date_precision: str = column("day, month or year")
    is_edition_date: bool = column("date is that of the list edition read, the listing is earlier")
    document: str = column("document that holds it")
    locator: str = column("where in the document")
    read_via: str = column(
        "official_list, official_text, court_opinion, repost or press_account: what was read"
    )
    url: str = column("where it was read")
    is_contested: bool = column("disputed by its subject, or its naming of the party is disputed")
    witness: str = column(
        "statements of one witness speak with one voice: a body that repeats itself, "
        "agencies of one government on one day, an EU annex that carries over the "
        "Security Council"
    )
    document_number: str = column("the official document’s own number, where its citation has one")
    is_primary_read: bool = column("the document itself was read; else an account of it, at url")
    tracing: str = column("number, list_entry, issuer_and_day, own_notice or untraced")
    public_on: dt.date = column("day it became public, where later than its date")
    class_: str = column("class of evidence", alias="class")
    grade: float = column("judged trust in that class", unit="share", ge=0, le=1)
    note: str = column("remark")
