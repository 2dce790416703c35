"""CSV layouts: which column means what, and the select that reads them into canonical columns.

A column is addressed by its position, so no text of a file ever becomes part of a statement.
"""

from __future__ import annotations

from dataclasses import dataclass, field

# the instant must be written out: a cast alone would take "infinity", "epoch" or a bare date
_ISO = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?( ?(Z|UTC|[+-]\d{2}(:?\d{2})?))?$"
_DANISH = r"^\d{2}/\d{2}/\d{4} \d{2}:\d{2}:\d{2}$"


@dataclass(frozen=True)
class Layout:
    """One CSV form.

    Attributes:
        name: the form's name.
        header: the columns a file of this form must have, lower case.
        meaning: canonical column → file column (lower case).
        time: "iso" or "danish".
        absent: cells (upper case) that mean nothing was given.
        base_station: (file column, value) that marks a shore station.
    """

    name: str
    header: tuple[str, ...]
    meaning: dict[str, str]
    time: str = "iso"
    absent: tuple[str, ...] = ()
    base_station: tuple[str, str] | None = None
    coarse: tuple[str, str] | None = None
    also: tuple[str, ...] = field(default=())

    def fits(self, header: list[str]) -> bool:
        """Whether a file's header is of this form (case matters between the two archives)."""
        return set(self.header) <= set(header)

    def select(self, header: list[str], table: str) -> str:
        """The statement reading `table(line, c0 … cN)` into the canonical columns."""
        place = {name: f"c{at}" for at, name in reversed(list(enumerate(header)))}

        def text(name: str) -> str:
            if (column := self.meaning.get(name)) is None or column not in place:
                return "null::varchar"
            cell = f"nullif(trim({place[column]}), '')"
            if self.absent:
                listed = ", ".join(f"'{word}'" for word in self.absent)
                given = f"upper(trim({place[column]})) not in ({listed})"
                cell = f"(case when {given} then {cell} end)"
            return cell

        def original(name: str) -> str:
            # a name stays as received, spaces and all
            if (column := self.meaning.get(name)) is None or column not in place:
                return "null::varchar"
            return f"(case when {text(name)} is null then null else {place[column]} end)"

        numbers = ["lon", "lat", "sog_kn", "cog_deg", "heading_deg", "draught_m"]
        numbers += ["length_m", "width_m"]
        cast = {name: f"try_cast({text(name)} as double)" for name in numbers}
        wrong = {
            name: f"({text(name)} is not null and coalesce(isfinite({cast[name]}), false) = false)"
            for name in numbers
            if self.meaning.get(name) in place
        }
        bad_column = " ".join(f"when {test} then '{name}'" for name, test in wrong.items())
        bad_value = " ".join(f"when {test} then {text(name)}" for name, test in wrong.items())
        time = text("t")
        if self.time == "danish":
            shape = _DANISH
            zoned = "false"
            instant = f"try_strptime({time}, '%d/%m/%Y %H:%M:%S')"
        else:
            # a date and a time without a zone have 19 characters, or a fraction after them
            shape = _ISO
            zoned = f"(length({time}) > 19 and regexp_matches({time}, '(Z|C|:?[+-][0-9:]+)$'))"
            instant = f"try_cast({time} as timestamptz)"
        mmsi = text("mmsi")
        return f"""
            select
                line,
                case when regexp_full_match({mmsi}, '\\d{{1,10}}')
                    then try_cast({mmsi} as bigint) end as mmsi,
                {mmsi} as mmsi_text,
                case when regexp_matches({time}, '{shape}')
                    then floor(epoch({instant}))::bigint end as t,
                {time} as time_text,
                not coalesce({zoned}, false) as is_naive,
                {", ".join(f"{cast[name]} as {name}" for name in numbers[:6])},
                {text("imo_text")} as imo_text,
                {original("name_original")} as name_original,
                {text("call_sign")} as call_sign,
                {text("ship_type")} as ship_type,
                {cast["length_m"]} as length_m,
                {cast["width_m"]} as width_m,
                true as has_position,
                {self._mark(self.base_station, place)} as is_base_station,
                {self._mark(self.coarse, place)} as is_coarse,
                null::varchar as refused,
                case {bad_column} end as bad_column,
                case {bad_value} end as bad_value
            from {table}
        """

    def _mark(self, mark: tuple[str, str] | None, place: dict[str, str]) -> str:
        if mark is None or mark[0] not in place:
            return "false"
        return f"coalesce(upper(trim({place[mark[0]]})) = '{mark[1]}', false)"


LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout(
            name="marinecadastre_2023",
            header=("MMSI", "BaseDateTime", "LAT", "LON", "SOG", "COG", "Heading"),
            meaning={
                "mmsi": "MMSI",
                "t": "BaseDateTime",
                "lat": "LAT",
                "lon": "LON",
                "sog_kn": "SOG",
                "cog_deg": "COG",
                "heading_deg": "Heading",
                "draught_m": "Draft",
                "imo_text": "IMO",
                "name_original": "VesselName",
                "call_sign": "CallSign",
                "ship_type": "VesselType",
                "length_m": "Length",
                "width_m": "Width",
            },
        ),
        Layout(
            name="marinecadastre_2024",
            header=("mmsi", "base_date_time", "longitude", "latitude", "sog", "cog"),
            meaning={
                "mmsi": "mmsi",
                "t": "base_date_time",
                "lat": "latitude",
                "lon": "longitude",
                "sog_kn": "sog",
                "cog_deg": "cog",
                "heading_deg": "heading",
                "draught_m": "draft",
                "imo_text": "imo",
                "name_original": "vessel_name",
                "call_sign": "call_sign",
                "ship_type": "vessel_type",
                "length_m": "length",
                "width_m": "width",
            },
        ),
        Layout(
            name="danish_dma",
            header=("# Timestamp", "Type of mobile", "MMSI", "Latitude", "Longitude"),
            meaning={
                "mmsi": "MMSI",
                "t": "# Timestamp",
                "lat": "Latitude",
                "lon": "Longitude",
                "sog_kn": "SOG",
                "cog_deg": "COG",
                "heading_deg": "Heading",
                "draught_m": "Draught",
                "imo_text": "IMO",
                "name_original": "Name",
                "call_sign": "Callsign",
                "ship_type": "Ship type",
                "length_m": "Length",
                "width_m": "Width",
            },
            time="danish",
            absent=("UNKNOWN", "UNDEFINED"),
            base_station=("Type of mobile", "BASE STATION"),
        ),
        Layout(
            name="spire_csv",
            header=("timestamp", "mmsi", "latitude", "longitude", "speed", "course"),
            meaning={
                "mmsi": "mmsi",
                "t": "timestamp",
                "lat": "latitude",
                "lon": "longitude",
                "sog_kn": "speed",
                "cog_deg": "course",
                "heading_deg": "heading",
                "draught_m": "draught",
                "imo_text": "imo",
                "name_original": "name",
                "call_sign": "call_sign",
                "ship_type": "ship_type",
                "length_m": "length",
                "width_m": "width",
            },
            base_station=("msg_type", "4"),
            coarse=("msg_type", "27"),
        ),
    )
}
