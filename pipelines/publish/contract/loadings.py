import datetime as dt

from pipelines.schemas.shipping import EventOfShip
from pipelines.schemas.table import Quantiles, column, quantiles, share


class Loadings(EventOfShip, source="AIS"):
    """Departures from North Korean coal ports that may have been laden: what speaks for each,
    and its tonnes.
    """

    list_match: str = column(
        "imo_exact or mmsi_exact where an official list has the ship; weaker matches are "
        "not published",
        source="official lists",
    )
    port_id: int = column(source="ports table")
    port_name: str = column(source="ports table")
    port_locode: str = column(source="ports table")
    is_transit_port: bool = column(
        "true where Russian coal in exempt transit is loaded too: positions cannot tell it apart",
        source="ports table",
    )
    arrived_at: dt.datetime = column()
    departed_at: dt.datetime = column()
    dwell_hours: float = column("stay in port; null for a silence", ge=0)
    draught_in_m: float = column()
    draught_out_m: float = column()
    draught_source: str = column()
    evidence: str = column()
    evidence_event_id: str = column()
    p_laden: float = share(
        "chance that it left laden: 1 or 0 where the draught tells, the prior's share where it "
        "does not",
        source="model",
    )
    method: str = column(source="model")
    cargo_t: Quantiles = quantiles("cargo given that it left laden", source="model", ge=0)
