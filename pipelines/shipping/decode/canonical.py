"""The columns every decoder ends in, before any rule has been applied."""

from __future__ import annotations

# name: DuckDB type. Values stand as the file gave them: sentinels are still sentinels here.
CANONICAL: dict[str, str] = {
    "line": "BIGINT",  # physical line, or record number where a file has no lines
    "mmsi": "BIGINT",
    "mmsi_text": "VARCHAR",
    "t": "BIGINT",  # epoch seconds UTC, the fraction cut off
    "time_text": "VARCHAR",
    "is_naive": "BOOLEAN",  # no time zone was written
    "lon": "DOUBLE",
    "lat": "DOUBLE",
    "sog_kn": "DOUBLE",
    "cog_deg": "DOUBLE",
    "heading_deg": "DOUBLE",
    "draught_m": "DOUBLE",
    "imo_text": "VARCHAR",
    "name_original": "VARCHAR",
    "call_sign": "VARCHAR",
    "ship_type": "VARCHAR",
    "length_m": "DOUBLE",
    "width_m": "DOUBLE",
    "has_position": "BOOLEAN",  # the record is of a kind that carries a position
    "is_base_station": "BOOLEAN",
    "is_coarse": "BOOLEAN",
    "refused": "VARCHAR",  # a rule the decoder itself found broken
    "bad_column": "VARCHAR",  # first cell that is no number
    "bad_value": "VARCHAR",
}
