import datetime as dt

from pipelines.schemas.table import Table, column, key


class Reception(Table, source="AIS"):
    """Who was heard where: ships and hours by half-degree cell and UTC day. A silence is judged
    against it.
    """

    lat: float = key("south edge of the cell")
    lon: float = key("west edge of the cell")
    on_date: dt.date = key("the day; one on which nobody was heard has no row", unit="UTC")
    n_ships: int = column("ships heard in the cell", unit="ships", ge=0)
    heard_hours: int = column(ge=0)
    shared_hours: int = column(ge=0)
