import datetime as dt

from pipelines.schemas.table import Table, column, key


class NetworkLists(Table, made_as="network.lists", source="official lists"):
    """Which official lists this release read, and what is missing without them."""

    list_source: str = key("short name")
    authority: str = column("whose list")
    title: str = column("its title")
    is_loaded: bool = column("read for this release")
    edition_on: dt.date = column()
    dprk_entries: int = column("entries of the North Korea measures")
    dated_entries: int = column("of them dated by the list")
    meaning: str = column("what its absence means")
