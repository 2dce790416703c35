"""What the shipping tables promise.

Positions come in (`Positions`, `Ports`), events go out. Times are naive UTC timestamps, `_s`
columns epoch seconds; `segment` names a track by the second its first position was sent, so
(`mmsi`, `segment`) is one ship as far as positions can tell.
"""

from __future__ import annotations

import datetime as dt

import pandera.polars as pa
import polars as pl

POSITIONS_SCHEMA = {
    "mmsi": pl.Int64,
    "t": pl.Int64,
    "lon": pl.Float64,
    "lat": pl.Float64,
    "sog_kn": pl.Float64,
    "cog_deg": pl.Float64,
    "draught_m": pl.Float64,
}
"""Landed positions: t in epoch seconds UTC, degrees, knots; what a ship did not say is null.

Files that hold each ship's rows together, by (t, lon, lat, sog_kn, draught_m) with nulls last, are
read as a stream; any other order gives the same events, slower.
"""


class Ports(pa.DataFrameModel):
    """Ports as circles with hysteresis. Grain: port_id."""

    port_id: int = pa.Field(ge=0)
    lat: float = pa.Field(ge=-84, le=84)
    lon: float = pa.Field(ge=-180, le=180)
    r_in_km: float = pa.Field(gt=0, le=50)
    r_out_km: float = pa.Field(gt=0, le=50)

    class Config:
        strict = False  # names, codes and citations ride along
        unique = ["port_id"]


class _Event(pa.DataFrameModel):
    event_id: str = pa.Field(str_matches=r"^[0-9a-f]{20}$")
    mmsi: int

    class Config:
        strict = True
        unique = ["event_id"]


class Tracks(_Event):
    """Segments: what one MMSI sent that one ship can have sailed. Grain: mmsi, segment."""

    segment: int
    started_at: dt.datetime
    ended_at: dt.datetime
    start_lon: float
    start_lat: float
    end_lon: float
    end_lat: float
    n_positions: int = pa.Field(ge=1)
    n_pieces: int = pa.Field(ge=1)
    is_noise: bool
    is_open: bool


class PortCalls(_Event):
    """Stays inside a port's radius. Grain: mmsi, segment, entered_at."""

    segment: int
    port_id: int
    entered_at: dt.datetime
    left_at: dt.datetime
    dwell_hours: float = pa.Field(ge=0)
    draught_in_m: float = pa.Field(nullable=True)
    draught_out_m: float = pa.Field(nullable=True)
    confidence: int = pa.Field(ge=1, le=4)
    is_open: bool
    # the call begins or ends because nobody was heard before or after
    is_start_cut: bool
    is_end_cut: bool


class DraughtChanges(_Event):
    """Draught before and after a call, where both are known. Grain: event_id of the call."""

    segment: int
    port_id: int
    entered_at: dt.datetime
    left_at: dt.datetime
    draught_in_m: float
    draught_out_m: float
    draught_change_m: float
    operation: str = pa.Field(isin=["loaded", "unloaded", "unchanged"])


class Gaps(_Event):
    """Silences of a ship while others were heard. Grain: mmsi, segment, off_at."""

    segment: int
    off_at: dt.datetime
    on_at: dt.datetime = pa.Field(nullable=True)
    gap_hours: float = pa.Field(gt=0)
    off_lon: float
    off_lat: float
    on_lon: float = pa.Field(nullable=True)
    on_lat: float = pa.Field(nullable=True)
    distance_km: float = pa.Field(nullable=True, ge=0)
    implied_speed_kn: float = pa.Field(nullable=True, ge=0)
    port_id: int = pa.Field(nullable=True)
    off_port_id: int = pa.Field(nullable=True)
    off_port_km: float = pa.Field(nullable=True, ge=0)
    on_port_id: int = pa.Field(nullable=True)
    on_port_km: float = pa.Field(nullable=True, ge=0)
    off_coast_km: float = pa.Field(nullable=True, ge=0)
    on_coast_km: float = pa.Field(nullable=True, ge=0)
    # hours of it in which others were heard near where it fell silent, and where it came back
    off_heard_hours: float = pa.Field(ge=0)
    on_heard_hours: float = pa.Field(nullable=True, ge=0)
    # most ships heard on one of its days in the cell where it fell silent
    off_ships_heard: int = pa.Field(ge=0)
    is_open: bool


class Absences(Gaps):
    """Silences beyond the threshold, gaps and outages alike. Grain: mmsi, segment, off_at."""

    is_gap: bool  # others were heard meanwhile for longer than the threshold


class Reception(pa.DataFrameModel):
    """Who was heard where. Grain: lat, lon (south-west corner of half a degree), on_date."""

    lat: float = pa.Field(ge=-90, lt=90)
    lon: float = pa.Field(ge=-180, lt=180)
    on_date: dt.date
    n_ships: int = pa.Field(ge=1)
    heard_hours: int = pa.Field(ge=1, le=24)  # with any ship
    shared_hours: int = pa.Field(ge=0, le=24)  # with two or more

    class Config:
        strict = True
        unique = ["lat", "lon", "on_date"]


class Encounters(pa.DataFrameModel):
    """Two slow ships near each other at sea. Grain: both ships, started_at."""

    event_id: str = pa.Field(str_matches=r"^[0-9a-f]{20}$")
    mmsi_a: int
    segment_a: int
    mmsi_b: int
    segment_b: int
    started_at: dt.datetime
    ended_at: dt.datetime
    duration_hours: float = pa.Field(gt=0)
    lon: float
    lat: float
    mean_distance_m: float = pa.Field(ge=0)
    min_distance_m: float = pa.Field(ge=0)
    speed_a_kn: float = pa.Field(ge=0)
    speed_b_kn: float = pa.Field(ge=0)
    n_slots: int = pa.Field(ge=1)
    is_open: bool
    # the meeting begins or ends because nobody was heard before or after
    is_start_cut: bool
    is_end_cut: bool

    class Config:
        strict = True
        unique = ["event_id"]


class Loitering(_Event):
    """One slow ship at sea for long. Grain: mmsi, segment, started_at."""

    segment: int
    started_at: dt.datetime
    ended_at: dt.datetime
    duration_hours: float = pa.Field(gt=0)
    lon: float
    lat: float
    mean_speed_kn: float = pa.Field(ge=0)
    n_legs: int = pa.Field(ge=1)
    is_open: bool


_TYPES: dict[object, type[pl.DataType] | pl.DataType] = {
    "str": pl.String,
    "int": pl.Int64,
    "float": pl.Float64,
    "bool": pl.Boolean,
    "dt.datetime": pl.Datetime("us"),
    "dt.date": pl.Date,
}


def _columns(model: type[pa.DataFrameModel]) -> dict[str, pl.DataType | type[pl.DataType]]:
    found: dict[str, pl.DataType | type[pl.DataType]] = {}
    for parent in reversed(model.__mro__):
        for name, kind in getattr(parent, "__annotations__", {}).items():
            if str(kind) in _TYPES:
                found[name] = _TYPES[str(kind)]
    return found


EVENTS: dict[str, type[pa.DataFrameModel]] = {
    "reception": Reception,
    "tracks": Tracks,
    "absences": Absences,
    "gaps": Gaps,
    "port_calls": PortCalls,
    "draught_changes": DraughtChanges,
    "encounters": Encounters,
    "loitering": Loitering,
}
"""Every event table of the engine by name; each reads only those before it."""


def empty_events(name: str) -> pl.DataFrame:
    """No events, in the right columns and types."""
    return pl.DataFrame(schema=_columns(EVENTS[name]))
