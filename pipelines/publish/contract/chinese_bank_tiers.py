from pipelines.schemas.table import Table, column, key, share


class ChineseBankTiers(Table, made_as="network.chinese_bank_tiers", source="network tables"):
    """What each tier of Chinese banks holds of the named customers, with its interval."""

    tier: str = key("size tier; our reading")
    n_banks: int = column("banks of the tier named", ge=0)
    n_banks_with_finding: int = column("of them with a finding against the bank itself", ge=0)
    documented_usd: float = column("sums a document states at one bank of the tier alone")
    n_fronts: int = column("named customers with a bank of the tier", ge=0)
    n_fronts_all_tiers: int = column("named customers with any named Chinese bank", ge=0)
    front_share: float = share(
        "the first over the second; a customer may use banks of several tiers"
    )
    front_share_q05: float = share("lower end of its 90% Jeffreys interval")
    front_share_q95: float = share("upper end")
