from pipelines.schemas.table import Table, column, key


class DimParty(Table, source="entities", references={"country_iso3": "dim_country"}):
    """Dimension: parties that official statements name, and UNATTRIBUTED. Named does not mean
    accused: legal_status says who states what, and its status on the day.
    """

    party_id: str = key("entity_id of table entities, or UNATTRIBUTED")
    party: str = column("name as the source prints it")
    schema: str = column("FollowTheMoney schema; null for UNATTRIBUTED")
    stage: str = column("place in the chain of money, our reading")
    is_bank: bool = column("a bank")
    bank_size_tier: str = column("size of a bank; our reading")
    country_iso3: str = column("country of the party; null where unknown")
    is_designated: bool = column()
    designated_by: str = column()
