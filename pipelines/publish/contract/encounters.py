import datetime as dt

from pipelines.schemas.table import Table, column, key


class Encounters(Table, source="AIS"):
    """Meetings of two ships at sea: near, slow and long. No meeting proves a transfer."""

    event_id: str = key()
    vessel_mmsi_a: int = column("MMSI of the first ship")
    vessel_imo_a: str = column("IMO number of the first ship")
    vessel_name_a: str = column("name sent most of the first ship")
    vessel_mmsi_b: int = column("MMSI of the second ship")
    vessel_imo_b: str = column("IMO number of the second ship")
    vessel_name_b: str = column("name sent most of the second ship")
    started_at: dt.datetime = column("first slot together")
    ended_at: dt.datetime = column("last slot together")
    duration_hours: float = column(ge=0)
    lon: float = column("mean longitude")
    lat: float = column("mean latitude")
    mean_distance_m: float = column()
    min_distance_m: float = column()
    speed_a_kn: float = column(ge=0)
    speed_b_kn: float = column(ge=0)
    is_open: bool = column("true where the data end before they parted")
    is_start_cut: bool = column(
        "true where it begins as an outage ends: the meeting may have been longer"
    )
    is_end_cut: bool = column(
        "true where it ends as an outage begins: the meeting may have been longer"
    )
