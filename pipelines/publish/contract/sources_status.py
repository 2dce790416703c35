import datetime as dt

from pipelines.schemas.table import Table, column, key


class SourcesStatus(Table, source="this run"):
    """What each source gave to this run, how old it is, and what was refused."""

    source: str = key("short name of the source")
    as_of: dt.date = column("last day the source speaks of")
    retrieved_at: dt.datetime = column(
        "when it was retrieved; for hand-kept tables, the last entry"
    )
    is_embedded: bool = column("true for tables that ship with the code")
    is_stale: bool = column("true where a newer edition was due and could not be had")
    rows_in: int = column(ge=0)
    rows_kept: int = column(ge=0)
    rows_quarantined: int = column(ge=0)
    licence: str = column("licence of the source's data")
    status: str = column()
    cadence: str = column(source="declared with the source")
    asked_at: dt.datetime = column(
        "when it was last asked over the network; empty: never from this data folder",
        source="record of askings",
    )
    is_answered: bool = column(source="record of askings")
    last_success_at: dt.datetime = column(source="record of askings, snapshots")
    next_due_at: dt.datetime = column(source="cadence")
