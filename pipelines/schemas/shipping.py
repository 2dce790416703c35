"""What the shipping tables promise.

Positions come in (`Positions`, `PortCircles`), events go out. Times are naive UTC timestamps, `_s`
columns epoch seconds; `segment` names a track by the second its first position was sent, so
(`mmsi`, `segment`) is one ship as far as positions can tell.
"""

from __future__ import annotations

import datetime as dt

import pandera.polars as pa
import polars as pl

from pipelines.schemas.table import HandKept, Quantiles, Table, column, given, key, quantiles
from pipelines.schemas.types import Instant, polars_schema

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


class PortCircles(pa.DataFrameModel):
    """Ports as circles with hysteresis. Grain: port_id."""

    port_id: int = pa.Field(ge=0)
    lat: float = pa.Field(ge=-84, le=84)
    lon: float = pa.Field(ge=-180, le=180)
    r_in_km: float = pa.Field(gt=0, le=50)
    r_out_km: float = pa.Field(gt=0, le=50)

    class Config:
        strict = False  # names, codes and citations ride along
        unique = ["port_id"]


class _Event(Table):
    event_id: str = key(str_matches=r"^[0-9a-f]{20}$")
    mmsi: int = given()


class EventOfShip(Table):
    """What is published first of whatever one ship did."""

    event_id: str = key()
    vessel_mmsi: int = column()
    vessel_imo: str = column()
    vessel_name: str = column()
    vessel_flag_iso2: str = column(source="ITU table in pyais")


class Tracks(_Event, table="shipping.tracks", source="AIS"):
    """Segments: what one MMSI sent that one ship can have sailed."""

    segment: int = given()
    started_at: Instant = given()
    ended_at: Instant = given()
    start_lon: float = given()
    start_lat: float = given()
    end_lon: float = given()
    end_lat: float = given()
    n_positions: int = given(ge=1)
    n_pieces: int = given(ge=1)
    is_noise: bool = given()
    is_open: bool = given()


class ShippingPortCalls(_Event, table="shipping.port_calls", source="AIS"):
    """Stays inside a port's radius."""

    segment: int = given()
    port_id: int = given()
    entered_at: Instant = given()
    left_at: Instant = given()
    dwell_hours: float = given(ge=0)
    draught_in_m: float = column()
    draught_out_m: float = column()
    confidence: int = given(ge=1, le=4)
    is_open: bool = given()
    is_start_cut: bool = given()
    is_end_cut: bool = given()


class DraughtChanges(_Event, table="shipping.draught_changes", source="AIS"):
    """Draught before and after a call, where both are known."""

    segment: int = given()
    port_id: int = given()
    entered_at: Instant = given()
    left_at: Instant = given()
    draught_in_m: float = given()
    draught_out_m: float = given()
    draught_change_m: float = given()
    operation: str = given(isin=["loaded", "unloaded", "unchanged"])


class ShippingGaps(_Event, table="shipping.gaps", source="AIS"):
    """Silences of a ship while others were heard."""

    segment: int = given()
    off_at: Instant = given()
    on_at: Instant = column()
    gap_hours: float = given(gt=0)
    off_lon: float = given()
    off_lat: float = given()
    on_lon: float = column()
    on_lat: float = column()
    distance_km: float = column(ge=0)
    implied_speed_kn: float = column(ge=0)
    port_id: int = column()
    off_port_id: int = column()
    off_port_km: float = column(ge=0)
    on_port_id: int = column()
    on_port_km: float = column(ge=0)
    off_coast_km: float = column(ge=0)
    on_coast_km: float = column(ge=0)
    off_heard_hours: float = given(ge=0)
    on_heard_hours: float = column(ge=0)
    off_ships_heard: int = given(ge=0)
    is_open: bool = given()


class Absences(ShippingGaps, table="shipping.absences", source="AIS"):
    """Silences beyond the threshold, gaps and outages alike."""

    is_gap: bool = given("others were heard meanwhile for longer than the threshold")


class ShippingReception(Table, table="shipping.reception", source="AIS"):
    """Who was heard where: south-west corner of half a degree, by day."""

    lat: float = key(ge=-90, lt=90)
    lon: float = key(ge=-180, lt=180)
    on_date: dt.date = key()
    n_ships: int = given(ge=1)
    heard_hours: int = given(ge=1, le=24)
    shared_hours: int = given(ge=0, le=24)


class ShippingEncounters(Table, table="shipping.encounters", source="AIS"):
    """Two slow ships near each other at sea."""

    event_id: str = key(str_matches=r"^[0-9a-f]{20}$")
    mmsi_a: int = given()
    segment_a: int = given()
    mmsi_b: int = given()
    segment_b: int = given()
    started_at: Instant = given()
    ended_at: Instant = given()
    duration_hours: float = given(gt=0)
    lon: float = given()
    lat: float = given()
    mean_distance_m: float = given(ge=0)
    min_distance_m: float = given(ge=0)
    speed_a_kn: float = given(ge=0)
    speed_b_kn: float = given(ge=0)
    n_slots: int = given(ge=1)
    is_open: bool = given()
    is_start_cut: bool = given()
    is_end_cut: bool = given()


class Loitering(_Event, table="shipping.loitering", source="AIS"):
    """One slow ship at sea for long."""

    segment: int = given()
    started_at: Instant = given()
    ended_at: Instant = given()
    duration_hours: float = given(gt=0)
    lon: float = given()
    lat: float = given()
    mean_speed_kn: float = given(ge=0)
    n_legs: int = given(ge=1)
    is_open: bool = given()


EVENTS: dict[str, type[Table]] = {
    "reception": ShippingReception,
    "tracks": Tracks,
    "absences": Absences,
    "gaps": ShippingGaps,
    "port_calls": ShippingPortCalls,
    "draught_changes": DraughtChanges,
    "encounters": ShippingEncounters,
    "loitering": Loitering,
}
"""Every event table of the engine by name; each reads only those before it."""


def empty_events(name: str) -> pl.DataFrame:
    """No events, in the right columns and types."""
    return pl.DataFrame(schema=polars_schema(EVENTS[name]))


class Vessels(Table, table="shipping.vessels", source="AIS and official lists"):
    """Ships by the MMSI they sent, with what they sent of themselves and the list entry it fits."""

    vessel_mmsi: int = key()
    vessel_imo: str = column(str_matches=r"^\d{7}$")
    is_imo_valid: bool = column()
    name: str = column("name it sent most")
    name_history: str = column()
    n_names: int = given(ge=0)
    n_imos: int = given(ge=0)
    has_identity_change: bool = given()
    flag_iso2: str = column()
    flag_name: str = column()
    call_sign: str = column()
    ship_type: str = column()
    is_cargo: bool = column()
    length_m: float = column()
    beam_m: float = column()
    design_draught_m: float = column()
    dwt_t: float = column()
    first_seen_at: Instant = column()
    last_seen_at: Instant = column()
    list_match: str = column()
    list_source: str = column()
    list_id: str = column()
    list_name: str = column()


class VesselStatics(Table, table="shipping.vessel_statics", source="AIS"):
    """What ships sent of themselves: one set of particulars a row.

    Grain: mmsi, file_sha, first_t.
    """

    mmsi: int = given()
    imo_text: str = column()
    imo_number: int = column()
    is_imo_valid: bool = column()
    name: str = column()
    name_original: str = column()
    call_sign: str = column()
    ship_type: str = column()
    length_m: float = column()
    width_m: float = column()
    draught_max_m: float = column()
    first_t: int = column()
    last_t: int = column()
    reports: int = given(ge=1)
    line: int = given()
    flags: int = given()
    file_sha: str = given()


class Candidates(Table, source="AIS"):
    """Departures from coal ports that may have been laden, before any tonnes."""

    event_id: str = key()
    vessel_mmsi: int = column()
    vessel_imo: str = column()
    vessel_name: str = column()
    vessel_flag_iso2: str = column()
    list_match: str = column()
    port_id: int = given()
    port_name: str = given()
    port_locode: str = column()
    is_transit_port: bool = given()
    arrived_at: Instant = column()
    departed_at: Instant = column()
    dwell_hours: float = column(ge=0)
    draught_in_m: float = column()
    draught_out_m: float = column()
    draught_source: str = column()
    evidence: str = given(isin=("port_call", "gap", "gfw_port_visit"))
    evidence_event_id: str = column()
    p_laden: float = column(ge=0, le=1)
    length_m: float = column()
    beam_m: float = column()
    design_draught_m: float = column()
    dwt_t: float = column()


class ShippingLoadings(Candidates, table="shipping.loadings", source="AIS and the cargo model"):
    """Departures from coal ports that may have been laden: evidence, chance, tonnes."""

    method: str = column()
    dwt_t_q50: float = column()
    cargo_t: Quantiles = quantiles("cargo given that it left laden")


class LoadingDraws(Table, table="shipping.loading_draws", source="the cargo model"):
    """Tonnes of every loading, draw by draw."""

    event_id: str = key()
    draw: int = key()
    cargo_t: float = given(ge=0)


class Detection(Table, table="shipping.detection", source="AIS and the cargo model"):
    """Laden calls and tonnes seen and missed, by month and port."""

    month: dt.date = key()
    port_id: int = key()
    port_name: str = given()
    is_transit_port: bool = given()
    n_calls: int = given(ge=0)
    n_laden_seen: int = given(ge=0)
    n_laden_dark: int = given(ge=0)
    p_detect_q05: float = column("5% point of the chance to see a laden call", unit="share")
    p_detect_q50: float = column("median of that chance", unit="share")
    p_detect_q95: float = column("95% point of that chance", unit="share")
    n_total_q05: float = column("5% point of laden calls, seen and missed", unit="calls")
    n_total_q50: float = column("median of these calls", unit="calls")
    n_total_q95: float = column("95% point of these calls", unit="calls")
    cargo_t_seen_q05: float = column("5% point of the tonnes of those seen", unit="t")
    cargo_t_seen_q50: float = column("median of these tonnes", unit="t")
    cargo_t_seen_q95: float = column("95% point of these tonnes", unit="t")
    cargo_t_total_q05: float = column("5% point of the tonnes of all", unit="t")
    cargo_t_total_q50: float = column("median of the tonnes of all", unit="t")
    cargo_t_total_q95: float = column("95% point of the tonnes of all", unit="t")
    is_prior_driven: bool = given()


class AisRules(HandKept, source="ais_rules.csv"):
    """Rules that positions are held against: what each does, and its threshold."""

    rule: str = key()
    action: str = given("quarantine or flag", isin=("quarantine", "flag"))
    bit: int = column("place of the flag in the mask", ge=0)
    applies_to: str = given("part of a report it looks at")
    threshold: float = column("in threshold_unit", unit="as in column threshold_unit")
    threshold_unit: str = column("unit of the threshold")
    why: str = given()


class AisFiles(Table, table="staged.ais_files", source="landing folder"):
    """Dropped files of ship positions: lines counted, rows kept and refused."""

    file: str = given()
    sha256: str = key()
    form: str = given()
    received_at: Instant = given()
    lines: int = given(ge=0)
    header_lines: int = given(ge=0)
    blank_lines: int = given(ge=0)
    rows_in: int = given(ge=0)
    rows_kept: int = given(ge=0)
    rows_quarantined: int = given(ge=0)
    positions: int = given(ge=0)
    statics: int = given(ge=0)
    first_day: dt.date = column("first day of its positions")
    last_day: dt.date = column("last day of its positions")


class AisRuleCounts(Table, table="staged.ais_rule_counts", source="landing folder"):
    """How many rows of a dropped file each rule of cleaning met."""

    file: str = given()
    sha256: str = key()
    rule: str = key()
    action: str = given()
    rows: int = given(ge=0)
    why: str = column()
