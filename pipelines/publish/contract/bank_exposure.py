import datetime as dt

from pipelines.schemas.table import Quantiles, Table, column, key, quantiles


class BankExposure(Table, made_as="network.bank_exposure", source="network walk"):
    """What documents state at each bank, and what dollars placed on its customers may have
    passed through it. A bank is a channel, never an end of the money; named does not mean
    accused.
    """

    bank_id: str = key()
    stream: str = key("stream served; finance where no stream is stated")
    year: int = key("calendar year; for banks without any figure the year last stated")
    bank_name: str = column("name of the bank", source="network tables")
    country_iso2: str = column("country", source="network tables")
    size_tier: str = column(
        "global, joint_stock, city_commercial, rural_commercial, cooperative, dprk_bank "
        "or unknown; our reading",
        source="network tables",
    )
    role: str = column(
        "correspondent: cleared dollars and was served with a warrant, without any "
        "finding against it; dprk_bank; holds_accounts_or_named",
        source="network tables",
    )
    documented_usd: float = column(
        "sums documented on one relation of this bank, spread evenly over their days"
    )
    documented_scheme_usd: float = column(
        "sums shared with other banks or parties whose split is not public: never add them over "
        "banks"
    )
    attributed_usd: Quantiles = quantiles(
        "dollars placed on its customers that may have passed through it, each counted once; at a "
        "bank of the state what it received; null where none"
    )
    n_origins: int = column("independent bodies that name the bank or its relations", ge=0)
    standing: str = column("acts in force on the day and what ended, in words; null where none")
    has_finding: bool = column()
    channel: str = column("how its customers use it: holds_account, banks or clears, parted by ;")
    n_fronts: int = column("distinct fronts, brokers and firms tied to the bank", ge=0)
    years_active: int = column(
        "calendar years in which a dated relation or sum is in force; null where none is dated"
    )
    streams: str = column("streams of its relations, parted by ;")
    is_contested: bool = column("every statement on the bank is contested")
    has_dollars: bool = column("false where officials name the bank but publish no figure")
    total_assets_usd: float = column(source="network tables")
    total_assets_on: dt.date = column("its date", source="network tables")
    total_assets_source: str = column(source="network tables")
    note: str = column(
        "what the statements say and do not say of the bank", source="network tables"
    )
    exposure_to_assets_share: float = column(
        "documented plus median attributed dollars of the row over total assets, where a balance "
        "sheet is cited",
        ge=0,
    )
