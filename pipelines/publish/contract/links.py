import datetime as dt

from pipelines.schemas.table import Table, column, key


class Links(Table):
    """Relations between parties that official statements assert; no inferred relation is
    published.
    """

    class Config:
        metadata = {"source": "network tables"}

    link_id: str = key("id of the relation")
    source_id: str = column("party the relation starts from")
    target_id: str = column("party the relation points to")
    relation: str = column("kind of relation, read from source to target")
    relation_type: str = column(
        "pays, clears, holds_account, banks, owns, controls, directs, employs, ships, "
        "brokers, agent_of or tied_to; only pays, employs, ships, brokers and agent_of "
        "can carry money"
    )
    is_channel: bool = column(
        "the relation of a customer to a bank: what passes is throughput, never an end"
    )
    stream: str = column("coal, labor, it_workers, finance (serves any stream) or general")
    money: str = column("with, against or none: which way dollars run along the relation")
    start_on: dt.date = column("first day stated")
    end_on: dt.date = column("last day stated")
    probability: float = column(
        "noisy-or of the grades of independent origins, at most 0.99", unit="share", ge=0, le=1
    )
    n_origins: int = column("independent bodies that assert it", ge=0)
    best_class: str = column("strongest class of statement behind it")
    is_contested: bool = column("some statement on it is contested")
    note: str = column("remark")
