import datetime as dt

from pipelines.schemas.table import Quantiles, Table, column, key, quantiles, share


class ChineseBanks(Table, made_as="network.chinese_banks", source="network tables and walk"):
    """Every bank of China that an official document or its own notice names, smallest tiers
    with findings first; banks known only as a count stand as that count.
    """

    row_id: str = key("bank_id, or the id of the count")
    bank_id: str = column("entity_id; null for a count")
    bank_name: str = column("name, or the count in words")
    tier: str = column(
        "global, joint_stock, city_commercial, rural_commercial, cooperative or unknown; "
        "our reading"
    )
    n_banks: int = column("1, or how many a count speaks of", ge=0)
    n_banks_bound: str = column("exact, about or at_least")
    standing: str = column(
        "every act in force on the day and what ended; says so where there is no finding against it"
    )
    has_finding: bool = column()
    documents: str = column("who says it in which document, of what day")
    document_numbers: str = column("their own numbers")
    n_documents: int = column("how many", ge=0)
    reply: str = column("what the bank itself answered")
    first_year: int = column("first year any of it speaks of")
    last_year: int = column("last year")
    streams: str = column("streams of its relations, parted by ;")
    documented_usd: float = column("sums that a document states at this bank alone")
    shared_usd: float = column(
        "sums shared with other banks whose split is not public: never add them over banks"
    )
    bank_own_business: str = column(
        "size of its own business as a document states it, other customers included: no "
        "North Korean sum"
    )
    share: float = share("a share that a document states")
    share_bound: str = column("at_least where the document says so")
    share_of: str = column()
    modelled_usd: Quantiles = quantiles(
        "dollars placed on its customers that may have passed through it, all years; null where no "
        "placed dollar met it"
    )
    n_fronts: int = column("named customers with an account, or cleared for", ge=0)
    total_assets_usd: float = column()
    total_assets_on: dt.date = column()
    total_assets_source: str = column()
    exposure_to_assets_share: float = column(
        "documented sums over total assets, where both are cited", ge=0
    )
    not_known: str = column("what no document read says, in words")
