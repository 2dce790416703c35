import datetime as dt

from pipelines.schemas.shipping import EventOfShip
from pipelines.schemas.table import column


class PortCalls(EventOfShip, source="AIS"):
    """Stays of ships in the ports of the coal routes."""

    port_id: int = column(source="ports table")
    port_name: str = column(source="ports table")
    port_locode: str = column("UN/LOCODE", source="ports table")
    port_country_iso3: str = column("country of the port", source="ports table")
    is_coal_port: bool = column(
        "true where a source says North Korean coal is loaded", source="ports table"
    )
    entered_at: dt.datetime = column()
    left_at: dt.datetime = column()
    dwell_hours: float = column("time inside", ge=0)
    draught_in_m: float = column("last draught sent before the call")
    draught_out_m: float = column("draught sent by its end")
    confidence: int = column()
    is_open: bool = column("true where the data end before the ship left")
    is_start_cut: bool = column(
        "true where it begins as an outage ends: the call may have been longer"
    )
    is_end_cut: bool = column(
        "true where it ends as an outage begins: the call may have been longer"
    )
