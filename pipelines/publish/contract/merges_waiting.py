from pipelines.schemas.table import Table, column, key, share


class MergesWaiting(Table, source="network tables"):
    """Pairs of rows that may be one party and wait for a reviewer; the page merges_waiting.html
    gives each pair the line to put into entity_decisions.csv.
    """

    left_id: str = key()
    right_id: str = key()
    left_name: str = column()
    right_name: str = column()
    left_list: str = column("list that the one stands on; own for our cited cases")
    right_list: str = column()
    basis: str = column(
        "imo_number, registration_number, bic, list_key, passport, birth_day, "
        "birth_year, carried_over, name, sound or reviewer"
    )
    score: float = column()
    moved_share: float = share()
    reason: str = column("why it waits")
