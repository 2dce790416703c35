import datetime as dt

from pipelines.schemas.table import Table, given, key


class ItWorkersDraws(Table, table="estimates.it_workers_draws", source="joint draws"):
    """Overseas IT workers and their pay as the model draws them, by world and month."""

    draw: int = key()
    month: dt.date = key()
    headcount: float = given(ge=0)
    gross_wages_usd: float = given()
    state_take_usd: float = given()
    remitted_usd: float = given()
