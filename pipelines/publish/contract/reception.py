import datetime as dt

from pipelines.schemas.table import Table, column, key


class Reception(Table):
    """Who was heard where: ships and hours by half-degree cell and UTC day. A silence is judged
    against it.
    """

    class Config:
        metadata = {"source": "AIS"}

    lat: float = key("south edge of the cell", unit="degree")
    lon: float = key("west edge of the cell", unit="degree")
    on_date: dt.date = key("the day; one on which nobody was heard has no row", unit="UTC")
    n_ships: int = column("ships heard in the cell", unit="ships", ge=0)
    heard_hours: int = column("hours of the day in which any ship was heard", unit="h", ge=0)
    shared_hours: int = column("hours in which two or more were", unit="h", ge=0)
