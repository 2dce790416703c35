"""CSV layouts: which column of a file means what.

A column has several names where publishers write it in several ways; case does not matter. Which
layout a file is of, its header tells.
"""

from __future__ import annotations

from dataclasses import dataclass

REQUIRED = ("mmsi", "t", "lat", "lon")


@dataclass(frozen=True)
class Layout:
    """One CSV form.

    Attributes:
        name: the form's name.
        columns: canonical column → the file's names for it, lower case, the first that is there.
        header: names that tell this form from the others, as written (case matters).
        is_danish: times are day/month/year.
        absent: cells (upper case) that mean nothing was given.
        base_station: (canonical column, value in upper case) that marks a shore station.
        coarse: the same for a long-range report.
    """

    name: str
    columns: dict[str, tuple[str, ...]]
    header: tuple[str, ...] = ()
    is_danish: bool = False
    absent: tuple[str, ...] = ()
    base_station: str | None = None
    coarse: str | None = None

    def places(self, header: list[str]) -> dict[str, int]:
        """Canonical column → its place in a file's header."""
        names = [name.lower() for name in header]
        found = {}
        for column, known in self.columns.items():
            at = next((names.index(name) for name in known if name in names), None)
            if at is not None:
                found[column] = at
        return found

    def fits(self, header: list[str]) -> bool:
        """Whether a file's header is of this form."""
        return set(self.header) <= set(header) and set(REQUIRED) <= set(self.places(header))

    def missing(self, header: list[str]) -> list[str]:
        """What the form needs and a header lacks, each by its first name."""
        found = self.places(header)
        return [self.columns[column][0] for column in REQUIRED if column not in found]


_COAST = {
    "mmsi": ("mmsi",),
    "t": ("basedatetime", "base_date_time"),
    "lat": ("lat", "latitude"),
    "lon": ("lon", "longitude"),
    "sog_kn": ("sog",),
    "cog_deg": ("cog",),
    "heading_deg": ("heading",),
    "draught_m": ("draft",),
    "imo_text": ("imo",),
    "name_original": ("vesselname", "vessel_name"),
    "call_sign": ("callsign", "call_sign"),
    "ship_type": ("vesseltype", "vessel_type"),
    "length_m": ("length",),
    "width_m": ("width",),
}

LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout("marinecadastre_2023", _COAST, header=("BaseDateTime",)),
        Layout("marinecadastre_2024", _COAST, header=("base_date_time",)),
        Layout(
            "danish_dma",
            {
                "mmsi": ("mmsi",),
                "t": ("# timestamp", "timestamp"),
                "lat": ("latitude",),
                "lon": ("longitude",),
                "sog_kn": ("sog",),
                "cog_deg": ("cog",),
                "heading_deg": ("heading",),
                "draught_m": ("draught",),
                "imo_text": ("imo",),
                "name_original": ("name",),
                "call_sign": ("callsign",),
                "ship_type": ("ship type",),
                "length_m": ("length",),
                "width_m": ("width",),
                "kind": ("type of mobile",),
            },
            header=("Type of mobile",),
            is_danish=True,
            absent=("UNKNOWN", "UNDEFINED"),
            base_station="BASE STATION",
        ),
        Layout(
            "spire_csv",
            {
                "mmsi": ("mmsi", "vessel_mmsi", "ssvid", "userid"),
                "t": (
                    "timestamp",
                    "position_timestamp",
                    "position_update_timestamp",
                    "dt_pos_utc",
                    "received_at",
                    "time_utc",
                    "datetime",
                    "time",
                    "t",
                ),
                "lat": ("latitude", "position_latitude", "lat", "y"),
                "lon": ("longitude", "position_longitude", "lon", "lng", "x"),
                "sog_kn": ("speed", "position_speed", "sog", "speed_over_ground"),
                "cog_deg": ("course", "position_course", "cog", "course_over_ground"),
                "heading_deg": ("heading", "position_heading", "true_heading"),
                "draught_m": ("draught", "voyage_draught", "draft"),
                "imo_text": ("imo", "vessel_imo", "imo_number"),
                "name_original": ("name", "vessel_name", "shipname", "ship_name"),
                "call_sign": ("call_sign", "callsign", "vessel_call_sign", "vessel_callsign"),
                "ship_type": ("ship_type", "vessel_ship_type", "vessel_type", "shiptype"),
                "length_m": ("length", "vessel_dimensions_length", "vessel_length"),
                "width_m": ("width", "vessel_dimensions_width", "vessel_width", "beam"),
                "kind": ("msg_type", "message_type", "message_id"),
            },
            base_station="4",
            coarse="27",
        ),
    )
}
