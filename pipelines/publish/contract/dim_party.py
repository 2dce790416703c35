from pipelines.schemas.table import Table, column, key


class DimParty(Table):
    """Dimension: parties that official statements name, and UNATTRIBUTED. Named does not mean
    accused: legal_status says who states what, and its status on the day.
    """

    class Config:
        metadata = {"source": "entities", "references": {"country_iso3": "dim_country"}}

    party_id: str = key("entity_id of table entities, or UNATTRIBUTED")
    party: str = column("name as the source prints it")
    schema: str = column("FollowTheMoney schema; null for UNATTRIBUTED")
    stage: str = column("place in the chain of money, our reading")
    is_bank: bool = column("a bank")
    bank_size_tier: str = column("size of a bank; our reading")
    country_iso3: str = column("country of the party; null where unknown")
    is_designated: bool = column(
        "listed, identified, or blocked by an order, on the day of the release"
    )
    designated_by: str = column("every body whose listing or order is in force, parted by ;")
