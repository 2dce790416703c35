import datetime as dt

from pipelines.schemas.table import Table, column, key


class SourcesStatus(Table):
    """What each source gave to this run, how old it is, and what was refused."""

    class Config:
        metadata = {"source": "this run"}

    source: str = key("short name of the source")
    as_of: dt.date = column("last day the source speaks of")
    retrieved_at: dt.datetime = column(
        "when it was retrieved; for hand-kept tables, the last entry", unit="UTC"
    )
    is_embedded: bool = column("true for tables that ship with the code")
    is_stale: bool = column("true where a newer edition was due and could not be had")
    rows_in: int = column("rows received", unit="rows", ge=0)
    rows_kept: int = column("rows that met the contract", unit="rows", ge=0)
    rows_quarantined: int = column("rows refused; see quarantine", unit="rows", ge=0)
    licence: str = column("licence of the source's data")
    status: str = column("what happened, in words")
    cadence: str = column(
        "how often it is asked: daily, weekly, monthly, yearly; empty where people bring it",
        source="declared with the source",
    )
    asked_at: dt.datetime = column(
        "when it was last asked over the network; empty: never from this data folder",
        unit="UTC",
        source="record of askings",
    )
    is_answered: bool = column("whether that asking was answered whole", source="record of askings")
    last_success_at: dt.datetime = column(
        "when it last answered, or was last brought by hand",
        unit="UTC",
        source="record of askings, snapshots",
    )
    next_due_at: dt.datetime = column("when its next answer is due", unit="UTC", source="cadence")
