import datetime as dt

from pipelines.schemas.shipping import EventOfShip
from pipelines.schemas.table import Quantiles, column, quantiles


class Loadings(EventOfShip):
    """Departures from North Korean coal ports that may have been laden: what speaks for each,
    and its tonnes.
    """

    class Config:
        metadata = {"source": "AIS"}

    list_match: str = column(
        "imo_exact or mmsi_exact where an official list has the ship; weaker matches are "
        "not published",
        source="official lists",
    )
    port_id: int = column("id of the port", source="ports table")
    port_name: str = column("name of the port", source="ports table")
    port_locode: str = column("UN/LOCODE, where the port has one", source="ports table")
    is_transit_port: bool = column(
        "true where Russian coal in exempt transit is loaded too: positions cannot tell it apart",
        source="ports table",
    )
    arrived_at: dt.datetime = column("arrival, or when the ship went dark", unit="UTC")
    departed_at: dt.datetime = column("departure, or when it came back", unit="UTC")
    dwell_hours: float = column("stay in port; null for a silence", unit="h", ge=0)
    draught_in_m: float = column("draught at arrival", unit="m")
    draught_out_m: float = column("draught at departure, or at the next call", unit="m")
    draught_source: str = column("reported, next_call, across_gap or none")
    evidence: str = column("port_call, gap or gfw_port_visit")
    evidence_event_id: str = column("id of that call, gap or visit")
    p_laden: float = column(
        "chance that it left laden: 1 or 0 where the draught tells, the prior's share "
        "where it does not",
        unit="share",
        source="model",
        ge=0,
        le=1,
    )
    method: str = column(
        "displacement (both draughts), load_factor (size alone) or lot_prior (neither)",
        source="model",
    )
    cargo_t: Quantiles = quantiles(
        "cargo given that it left laden", prefix="cargo_t", unit="t", source="model", ge=0
    )
