import datetime as dt

from pipelines.schemas.table import Table, column, key


class Entities(Table, source="network tables"):
    """Parties that official statements name: persons, companies, vessels, banks and state
    bodies.
    """

    entity_id: str = key()
    schema: str = column("FollowTheMoney schema: Person, Company, Organization, Vessel")
    name: str = column("name as the source prints it")
    aliases: str = column()
    stage: str = column()
    is_bank: bool = column()
    bank_size_tier: str = column()
    country_iso2: str = column()
    imo_number: str = column()
    registration_number: str = column()
    bic: str = column()
    topics: str = column()
    list_entries: str = column("entries of official lists that are this party, parted by ;")
    is_designated: bool = column()
    designated_on: dt.date = column(
        "first day any of them is known to have acted; null where no day is known"
    )
    designated_by: str = column(
        "every body whose listing or order is in force, first dated first, parted by ;; "
        "the Security Council’s list of vessels counts only where network_lists says it "
        "was read"
    )
    is_designation_undated: bool = column()
    n_rows: int = column("rows of ours and of the lists merged into this one", ge=0)
    note: str = column()
