import datetime as dt

from pipelines.schemas.table import Table, column, key


class UntracedStatements(Table, source="network tables"):
    """Statements shown here that could not be followed to an official document’s number, entry
    or issuer and day.
    """

    statement_id: str = key("id")
    about: str = column("entity_id or link_id")
    kind: str = column("kind")
    authority: str = column("who states it")
    document: str = column("the document as described")
    date: dt.date = column("its date")
    date_precision: str = column("day, month or year")
    read_via: str = column("how it was read")
    read_at: str = column("where it was read")
    tracing: str = column("untraced")
