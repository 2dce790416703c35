import datetime as dt

from pipelines.schemas.table import Table, column, key


class Vintages(Table, source="publish step"):
    """Published runs, newest last."""

    vintage_id: str = key(
        "hash of what is published and what it was made from: the same content gives the same id"
    )
    code_version: str = column("hash of the code and SQL that made the estimates")
    evidence_hash: str = column("hash of what the ledger states")
    seed: int = column("seed of the draws")
    draws: int = column(ge=0)
    published_at: dt.datetime = column(
        "when this vintage was first published from this data folder"
    )
