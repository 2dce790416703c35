import datetime as dt

from pipelines.schemas.table import Table, column, key


class CampaignEvents(Table, source="campaign events"):
    """Dated events of the campaign and of the tests, as hand-kept; is_round marks the rows that
    are rounds of designations or statements.
    """

    event_id: str = key("id")
    event_on: dt.date = column()
    precision: str = column()
    kind: str = column("kind of event")
    actor: str = column()
    title: str = column("what happened")
    quantity: str = column("the number as its source prints it")
    parties_announced: int = column("parties announced in a designation round, vessels apart")
    vessels_announced: int = column("vessels announced in it")
    is_tally: bool = column("a running or yearly total: not an event of its own")
    is_round: bool = column("a round of designations or a joint statement in or at the Council")
    source: str = column("source")
    url: str = column()
    note: str = column("remarks")
