from pipelines.schemas.table import Table, column, key


class ChangeRows(Table, source="vintage store"):
    """How far each row of the ledger that came, went or changed moved a headline year of its
    stream, the other rows as they are; rows that speak of one thing share it, so that these need
    not add up to evidence_usd of changes.
    """

    sequence: int = key("release that moved it, as in releases")
    release_id: str = column("its id")
    stream: str = key("as in income_annual")
    year: int = key("year", unit="calendar year")
    observation_id: str = key("row of figures, of this release or the one before")
    how: str = column("added, removed or changed")
    moved_usd: float = column(
        "headline with the row as it is now less the headline with it as it was before; empty "
        "where reweighted draws cannot tell"
    )
