import datetime as dt

from pipelines.schemas.table import Table, given, key


class LaborDraws(Table, table="estimates.labor_draws", source="joint draws"):
    """Workers abroad and their pay as the model draws them, by world, month and host."""

    draw: int = key()
    month: dt.date = key()
    host_iso3: str = key()
    headcount: float = given(ge=0)
    wage_usd_per_month: float = given(gt=0)
    state_share: float = given(ge=0, le=1)
    gross_wages_usd: float = given()
    state_take_usd: float = given()
    remitted_usd: float = given()
