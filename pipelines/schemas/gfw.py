"""Contract of the events that Global Fishing Watch lists."""

from __future__ import annotations

import pandera.polars as pa

from pipelines.schemas.types import Instant

EVENT_TYPES = ("encounter", "loitering", "gap", "port_visit", "fishing")


class GfwEvents(pa.DataFrameModel):
    """Port visits, encounters, loitering and gaps. Grain: event_id, event_type.

    Instants UTC, degrees, knots, kilometres, hours; what an event does not have is null.
    """

    line: int = pa.Field(ge=1)
    event_id: str = pa.Field()
    event_type: str = pa.Field(isin=EVENT_TYPES)
    dataset: str = pa.Field(nullable=True)
    started_at: Instant = pa.Field()
    ended_at: Instant = pa.Field(nullable=True)
    lon: float = pa.Field(ge=-180, le=180)
    lat: float = pa.Field(ge=-90, le=90)
    vessel_id: str = pa.Field(nullable=True)
    vessel_mmsi: int = pa.Field(nullable=True, ge=0, le=999_999_999)
    vessel_name: str = pa.Field(nullable=True)
    vessel_flag_iso3: str = pa.Field(nullable=True)
    other_vessel_id: str = pa.Field(nullable=True)
    other_mmsi: int = pa.Field(nullable=True)
    other_name: str = pa.Field(nullable=True)
    other_flag_iso3: str = pa.Field(nullable=True)
    median_distance_km: float = pa.Field(nullable=True)
    median_speed_kn: float = pa.Field(nullable=True)
    total_hours: float = pa.Field(nullable=True)
    mean_speed_kn: float = pa.Field(nullable=True)
    gap_hours: float = pa.Field(nullable=True)
    gap_distance_km: float = pa.Field(nullable=True)
    off_lon: float = pa.Field(nullable=True)
    off_lat: float = pa.Field(nullable=True)
    on_lon: float = pa.Field(nullable=True)
    on_lat: float = pa.Field(nullable=True)
    is_intentional: bool = pa.Field(nullable=True)
    visit_confidence: int = pa.Field(nullable=True)
    visit_hours: float = pa.Field(nullable=True)
    anchorage_id: str = pa.Field(nullable=True)
    anchorage_name: str = pa.Field(nullable=True)
    anchorage_flag_iso3: str = pa.Field(nullable=True)
    anchorage_lon: float = pa.Field(nullable=True)
    anchorage_lat: float = pa.Field(nullable=True)
    is_at_dock: bool = pa.Field(nullable=True)

    class Config:
        strict = True
        unique = ["event_id", "event_type"]
