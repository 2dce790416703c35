from pipelines.schemas.table import Table, column, key


class MergesWaiting(Table):
    """Pairs of rows that may be one party and wait for a reviewer; the page merges_waiting.html
    gives each pair the line to put into entity_decisions.csv.
    """

    class Config:
        metadata = {"source": "network tables"}

    left_id: str = key("one party")
    right_id: str = key("the other")
    left_name: str = column("name of the one")
    right_name: str = column("name of the other")
    left_list: str = column("list that the one stands on; own for our cited cases")
    right_list: str = column("list of the other")
    basis: str = column(
        "imo_number, registration_number, bic, list_key, passport, birth_day, "
        "birth_year, carried_over, name, sound or reviewer"
    )
    score: float = column("100 for a key, else similarity of names")
    moved_share: float = column(
        "share of documented dollars the merge would move", unit="share", ge=0, le=1
    )
    reason: str = column("why it waits")
