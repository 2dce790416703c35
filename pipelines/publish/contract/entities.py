import datetime as dt

from pipelines.schemas.table import Table, column, key


class Entities(Table):
    """Parties that official statements name: persons, companies, vessels, banks and state
    bodies.
    """

    class Config:
        metadata = {"source": "network tables"}

    entity_id: str = key("FollowTheMoney id of the party")
    schema: str = column("FollowTheMoney schema: Person, Company, Organization, Vessel")
    name: str = column("name as the source prints it")
    aliases: str = column("further names, parted by ;")
    stage: str = column(
        "asset, broker, front, bank or regime: place in the chain of money, our reading"
    )
    is_bank: bool = column("a bank (FollowTheMoney has no such schema)")
    bank_size_tier: str = column(
        "global, joint_stock, city_commercial, rural_commercial, cooperative, dprk_bank "
        "or unknown; our reading"
    )
    country_iso2: str = column("country of the party")
    imo_number: str = column("IMO number of a ship, or of a company")
    registration_number: str = column("company registration number")
    bic: str = column("SWIFT/BIC code")
    topics: str = column("what the party does, parted by ;")
    list_entries: str = column("entries of official lists that are this party, parted by ;")
    is_designated: bool = column(
        "listed, identified, or blocked by an order, on the day of the release"
    )
    designated_on: dt.date = column(
        "first day any of them is known to have acted; null where no day is known"
    )
    designated_by: str = column(
        "every body whose listing or order is in force, first dated first, parted by ;; "
        "the Security Council’s list of vessels counts only where network_lists says it "
        "was read"
    )
    is_designation_undated: bool = column("on a list, and nobody says since when")
    n_rows: int = column("rows of ours and of the lists merged into this one", ge=0)
    note: str = column("remark")
