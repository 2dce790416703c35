import datetime as dt

from pipelines.schemas.table import Quantiles, Table, column, key, probability, quantiles


class Acts(Table, made_as="network.acts", source="network walk"):
    """What is still open for whom as of a day, and what it would cut; parties already acted on
    stay as what past acts cut.
    """

    as_of: dt.date = key("the day; only evidence public by then counts")
    act: str = key(
        "designate (OFAC), section_311 (FinCEN), indict (DOJ), seize (forfeiture), "
        "delist_vessel (struck from its register)"
    )
    party_id: str = key("entity_id")
    name: str = column("its name")
    schema: str = column("FollowTheMoney schema")
    stage: str = column("asset, broker, front or bank")
    country_iso2: str = column("country")
    is_open: bool = column("nothing of its kind stands against the party, and no court has spoken")
    closed_by: str = column("what closes it")
    closed_on: dt.date = column("since when; null where the day is not known")
    standing: str = column("the party’s legal status that day")
    window_first_year: int = column(
        "first year of the income looked at: the last three full years before the day, "
        "never across a ban; for past acts the last years before the act"
    )
    window_last_year: int = column("last year of it")
    last_evidence_year: int = column("last year with dollars placed on the party")
    streams: str = column("streams of them")
    channels: str = column("banks it is known to use")
    bank_tiers: str = column("their tiers; its own for a bank")
    carried_usd: Quantiles = quantiles("dollars a year through the party")
    net_cut_usd: Quantiles = quantiles(
        "dollars a year the act would cut, net of what comes back within the horizon; null for "
        "past acts"
    )
    p_in_best_5: float = probability("share of draws in which it is among the five that cut most")
    horizon_months: float = column("months over which what comes back is averaged")
