import datetime as dt

from pipelines.schemas.table import Table, column, key, share


class InterdictionNodes(Table, made_as="network.interdiction_nodes", source="network walk"):
    """How often a party is among the k whose removal cuts most."""

    node_id: str = key("entity_id")
    k: int = key("number of designations")
    name: str = column("name of the party", source="network tables")
    schema: str = column("FollowTheMoney schema", source="network tables")
    stage: str = column("place in the chain of money", source="network tables")
    p_in_best_k: float = share(
        "share of draws in which the party is among the k that cut that draw most"
    )
    is_in_best_set: bool = column("in the set that cuts most on average")
    net_cut_alone_usd_mean: float = column(
        "expected net cut if it alone is designated", unit="USD per year"
    )
    is_designated: bool = column("some body has designated it already", source="network tables")
    designated_on: dt.date = column("first designation known", source="network tables")
    degree_rank: int = column("rank by number of relations, for comparison")
    betweenness_rank: int = column("rank by betweenness, for comparison")
    hop_distance_rank: int = column("rank by distance to a state body, for comparison")
