from pipelines.schemas.table import Quantiles, Table, column, key, quantiles


class InterdictionSensitivity(Table, source="network walk"):
    """The frontier under other re-routing slacks, other years, and only parties not yet
    designated.
    """

    scenario: str = key("what is changed against interdiction_frontier")
    k: int = key("number of designations")
    net_cut_usd: Quantiles = quantiles("income cut net of replacement", unit="USD per year")
    attributed_usd_mean: float = column()
    chosen: str = column("entity_ids of the best set, parted by ;")
    method: str = column("mip (cutting planes, HiGHS) or greedy")
    is_proven: bool = column("optimal for the sample of draws within the tolerance")
    gap_usd: float = column("distance to the proven bound", unit="USD per year")
    slack: float = column("how much more a surviving relation can carry than it does", unit="ratio")
    first_year: int = column("first year of the flows averaged")
    last_year: int = column("last year")
    draws: int = column("draws used, evenly spaced among all")
