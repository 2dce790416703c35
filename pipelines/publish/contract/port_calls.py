import datetime as dt

from pipelines.schemas.shipping import EventOfShip
from pipelines.schemas.table import column


class PortCalls(EventOfShip):
    """Stays of ships in the ports of the coal routes."""

    class Config:
        metadata = {"source": "AIS"}

    port_id: int = column("id of the port", source="ports table")
    port_name: str = column("name of the port", source="ports table")
    port_locode: str = column("UN/LOCODE", source="ports table")
    port_country_iso3: str = column("country of the port", source="ports table")
    is_coal_port: bool = column(
        "true where a source says North Korean coal is loaded", source="ports table"
    )
    entered_at: dt.datetime = column("first position inside", unit="UTC")
    left_at: dt.datetime = column("last position inside", unit="UTC")
    dwell_hours: float = column("time inside", unit="h", ge=0)
    draught_in_m: float = column("last draught sent before the call", unit="m")
    draught_out_m: float = column("draught sent by its end", unit="m")
    confidence: int = column(
        "1 to 4 as Global Fishing Watch grades visits: entry, stop or gap, exit seen"
    )
    is_open: bool = column("true where the data end before the ship left")
    is_start_cut: bool = column(
        "true where it begins as an outage ends: the call may have been longer"
    )
    is_end_cut: bool = column(
        "true where it ends as an outage begins: the call may have been longer"
    )
