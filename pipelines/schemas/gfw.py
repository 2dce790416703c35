"""Contract of the events that Global Fishing Watch lists."""

from __future__ import annotations

from pipelines.schemas.table import Feed, column, given, key
from pipelines.schemas.types import Instant

EVENT_TYPES = ("encounter", "loitering", "gap", "port_visit", "fishing")


class GfwEvents(Feed, table="staged.gfw_events", source="Global Fishing Watch"):
    """Port visits, encounters, loitering and gaps.

    Instants UTC, degrees, knots, kilometres, hours; what an event does not have is null.
    """

    event_id: str = key()
    event_type: str = key(isin=EVENT_TYPES)
    dataset: str = column()
    started_at: Instant = given()
    ended_at: Instant = column()
    lon: float = given(ge=-180, le=180)
    lat: float = given(ge=-90, le=90)
    vessel_id: str = column()
    vessel_mmsi: int = column(ge=0, le=999_999_999)
    vessel_name: str = column()
    vessel_flag_iso3: str = column()
    other_vessel_id: str = column()
    other_mmsi: int = column()
    other_name: str = column()
    other_flag_iso3: str = column()
    median_distance_km: float = column()
    median_speed_kn: float = column()
    total_hours: float = column()
    mean_speed_kn: float = column()
    gap_hours: float = column()
    gap_distance_km: float = column()
    off_lon: float = column()
    off_lat: float = column()
    on_lon: float = column()
    on_lat: float = column()
    is_intentional: bool = column()
    visit_confidence: int = column()
    visit_hours: float = column()
    anchorage_id: str = column()
    anchorage_name: str = column()
    anchorage_flag_iso3: str = column()
    anchorage_lon: float = column()
    anchorage_lat: float = column()
    is_at_dock: bool = column()
