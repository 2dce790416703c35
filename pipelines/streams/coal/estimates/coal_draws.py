import datetime as dt

from pipelines.schemas.table import Table, given, key


class CoalDraws(Table, table="estimates.coal_draws", source="joint draws"):
    """Coal sold as the model draws it, world by world and month by month."""

    draw: int = key()
    month: dt.date = key()
    tonnes: float = given(ge=0)
    price_usd_per_t: float = given(gt=0)
    cif_usd: float = given()
    gross_fob_usd: float = given()
    net_usd: float = given()
