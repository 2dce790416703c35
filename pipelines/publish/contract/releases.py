import datetime as dt

from pipelines.schemas.table import Table, column, key


class Releases(Table, source="vintage store"):
    """Every release so far, newest last: what it was made from and what moved. The id is the
    hash of the content; sequence tells apart the times one content was published.
    """

    sequence: int = key("place in the history of this data folder, from 1")
    release_id: str = column(
        "hash of what is published and what it was made from: manifest.json, content"
    )
    published_at: dt.datetime = column("when it was first put in place")
    code_version: str = column(
        "hash of the code, SQL, priors and libraries that make numbers; comments do not count"
    )
    pages_version: str = column("hash of the code that shows numbers")
    evidence_hash: str = column("hash of what the ledger states")
    inputs_hash: str = column("hash of every staged table")
    seed: int = column("seed of the draws")
    draws: int = column(ge=0)
    last_month: dt.date = column("last month estimated")
    n_revisions: int = column("yearly medians that moved beyond sampling noise", ge=0)
    what_changed: str = column(
        "one sentence for each stream: what moved its headline, or that nothing did"
    )
