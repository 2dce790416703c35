import datetime as dt

from pipelines.schemas.shipping import EventOfShip
from pipelines.schemas.table import column


class Gaps(EventOfShip, source="AIS"):
    """Silences of ships while others were heard: where and when they went dark and came back. A
    silence everybody shares is an outage and stands in no row.
    """

    off_at: dt.datetime = column()
    on_at: dt.datetime = column()
    gap_hours: float = column("length", ge=0)
    off_lon: float = column("longitude of the last position")
    off_lat: float = column("latitude of the last position")
    on_lon: float = column()
    on_lat: float = column()
    distance_km: float = column(ge=0)
    implied_speed_kn: float = column(ge=0)
    off_port_name: str = column("nearest port of the table when it went dark", source="ports table")
    off_port_km: float = column(ge=0)
    on_port_name: str = column("nearest port of the table when it came back", source="ports table")
    on_port_km: float = column(ge=0)
    off_coast_km: float = column(source="land mask", ge=0)
    on_coast_km: float = column(source="land mask", ge=0)
    off_heard_hours: float = column(
        "hours of it in which other ships were heard near where it fell silent; more than the "
        "threshold in every row",
        ge=0,
    )
    on_heard_hours: float = column(ge=0)
    off_ships_heard: int = column(
        "most ships heard on one of its days in the half-degree cell where it fell silent",
        unit="ships",
        ge=0,
    )
    is_open: bool = column("true where the ship was still silent at the end of the data")
