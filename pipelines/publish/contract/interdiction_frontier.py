from pipelines.schemas.table import Quantiles, Table, column, key, quantiles


class InterdictionFrontier(Table, made_as="network.interdiction_frontier", source="network walk"):
    """Attributed income cut per year against the number of designations, net of replacement."""

    k: int = key("number of designations")
    cut_usd: Quantiles = quantiles(
        "attributed income cut by the best set before anything is replaced", unit="USD per year"
    )
    net_cut_usd: Quantiles = quantiles(
        "the same net of what comes back within the horizon; what the set was chosen by",
        unit="USD per year",
    )
    attributed_usd_mean: float = column()
    chosen: str = column("entity_ids of the best set, parted by ;")
    method: str = column("mip (cutting planes, HiGHS) or greedy")
    is_proven: bool = column("optimal for the sample of draws within the tolerance")
    gap_usd: float = column("distance to the proven bound", unit="USD per year")
    greedy_net_cut_usd_mean: float = column(
        "expected net cut of the greedy set of k", unit="USD per year"
    )
    degree_net_cut_usd_mean: float = column(
        "expected net cut of the k parties of highest degree", unit="USD per year"
    )
    betweenness_net_cut_usd_mean: float = column(
        "expected net cut of the k parties of highest betweenness", unit="USD per year"
    )
    hop_distance_net_cut_usd_mean: float = column(
        "expected net cut of the k parties nearest to a state body", unit="USD per year"
    )
    slack: float = column("how much more a surviving relation can carry than it does", unit="ratio")
    first_year: int = column("first year of the flows averaged")
    last_year: int = column("last year")
    draws: int = column("draws used, evenly spaced among all")
