import datetime as dt

from pipelines.schemas.shipping import EventOfShip
from pipelines.schemas.table import column


class Gaps(EventOfShip):
    """Silences of ships while others were heard: where and when they went dark and came back. A
    silence everybody shares is an outage and stands in no row.
    """

    class Config:
        metadata = {"source": "AIS"}

    off_at: dt.datetime = column("last position before", unit="UTC")
    on_at: dt.datetime = column("first position after; null while silent", unit="UTC")
    gap_hours: float = column("length", unit="h", ge=0)
    off_lon: float = column("longitude of the last position", unit="degree")
    off_lat: float = column("latitude of the last position", unit="degree")
    on_lon: float = column("longitude of the first position after", unit="degree")
    on_lat: float = column("latitude of the first position after", unit="degree")
    distance_km: float = column("great circle between the two", unit="km", ge=0)
    implied_speed_kn: float = column("slowest steady speed that covers it", unit="kn", ge=0)
    off_port_name: str = column("nearest port of the table when it went dark", source="ports table")
    off_port_km: float = column("distance to it", unit="km", ge=0)
    on_port_name: str = column("nearest port of the table when it came back", source="ports table")
    on_port_km: float = column("distance to it", unit="km", ge=0)
    off_coast_km: float = column(
        "distance to the nearest land cell of a 1 km mask", unit="km", source="land mask", ge=0
    )
    on_coast_km: float = column("the same on return", unit="km", source="land mask", ge=0)
    off_heard_hours: float = column(
        "hours of it in which other ships were heard near where it fell silent; more "
        "than the threshold in every row",
        unit="h",
        ge=0,
    )
    on_heard_hours: float = column("the same near where it came back", unit="h", ge=0)
    off_ships_heard: int = column(
        "most ships heard on one of its days in the half-degree cell where it fell silent",
        unit="ships",
        ge=0,
    )
    is_open: bool = column("true where the ship was still silent at the end of the data")
