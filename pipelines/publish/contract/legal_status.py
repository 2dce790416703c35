import datetime as dt

from pipelines.schemas.table import Table, column, key


class LegalStatus(Table, made_as="network.legal_status", source="network"):
    """The ledger of legal status: every act of a list, an agency, a prosecutor or a court, from
    when to when, and what ended it.
    """

    status_id: str = key("id of the statement that records the act")
    about: str = column("entity_id or link_id")
    kind: str = column(
        "designated, identified, blocked_by_order, finding, proposed_rule, final_rule, "
        "charged, convicted, sentenced, forfeiture_complaint, forfeited, warrant or "
        "subpoenaed; a warrant or a subpoena is no finding against who received it"
    )
    authority: str = column("the body that acted")
    program: str = column("its program or law")
    document: str = column("the document")
    document_number: str = column("its own number, where the citation has one")
    paragraph: str = column("entry, paragraph or page, where known")
    from_on: dt.date = column(
        "day of the act; null where only a list edition dates it: unknown is unknown"
    )
    from_precision: str = column("day, month or year")
    known_by_on: dt.date = column("a day by which it stood; a list edition for undated entries")
    to_on: dt.date = column("day it ended")
    to_precision: str = column("day, month or year")
    ended_by: str = column()
    ended_by_authority: str = column("the body that ended it")
    ending_document: str = column("the document that ended it")
    ending_url: str = column("where that was read")
    read_via: str = column("official_list, official_text, court_opinion, repost or press_account")
    read_at: str = column("where it was read: not the source, only the place")
    is_contested: bool = column("its subject disputes it")
    is_in_force: bool = column("in force on the day of the table")
    as_of: dt.date = column("the day of the table")
