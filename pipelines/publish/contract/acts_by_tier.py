import datetime as dt

from pipelines.schemas.table import Quantiles, Table, column, key, quantiles


class ActsByTier(Table, made_as="network.acts_by_tier", source="network walk"):
    """What an act would cut if done to every party for whom it is open and who uses a bank of
    the tier, together.
    """

    as_of: dt.date = key("the day; only evidence public by then counts")
    act: str = key("designate, indict, seize or delist_vessel")
    bank_tier: str = key(
        "tier of a bank that the parties are known to use; no bank known otherwise; a "
        "party with banks of several tiers stands in each"
    )
    n_parties: int = column("open parties with dollars in the window", ge=0)
    net_cut_usd: Quantiles = quantiles(
        "dollars a year cut, net of what comes back, each dollar once"
    )
