import datetime as dt

from pipelines.schemas.table import Table, column, key, share


class Links(Table, source="network tables"):
    """Relations between parties that official statements assert; no inferred relation is
    published.
    """

    link_id: str = key()
    source_id: str = column("party the relation starts from")
    target_id: str = column()
    relation: str = column()
    relation_type: str = column(
        "pays, clears, holds_account, banks, owns, controls, directs, employs, ships, "
        "brokers, agent_of or tied_to; only pays, employs, ships, brokers and agent_of "
        "can carry money"
    )
    is_channel: bool = column()
    stream: str = column("coal, labor, it_workers, finance (serves any stream) or general")
    money: str = column()
    start_on: dt.date = column("first day stated")
    end_on: dt.date = column("last day stated")
    probability: float = share("noisy-or of the grades of independent origins, at most 0.99")
    n_origins: int = column("independent bodies that assert it", ge=0)
    best_class: str = column()
    is_contested: bool = column("some statement on it is contested")
    note: str = column()
