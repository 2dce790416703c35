"""CSV layouts: which column means what, and the select that reads them into canonical columns.

A column is addressed by its position, so no text of a file ever becomes part of a statement.
"""

from __future__ import annotations

from dataclasses import dataclass, field

# the instant must be written out: a cast alone would take "infinity", "epoch" or a bare date
_ISO = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?( ?(Z|UTC|[+-]\d{2}(:?\d{2})?))?$"
_PLAIN_ISO = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}"
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
        """The statement reading `table(line, c0 … cN)` into the canonical columns.

        Three selects, one in the other, so that no cell is read twice: the cells as written; what
        they say; and, only where that is not plain, the words themselves. Casting a cell passes
        over spaces around it as trimming it would.
        """
        place = {name: f"c{at}" for at, name in reversed(list(enumerate(header)))}
        held = {name: place[column] for name, column in self.meaning.items() if column in place}

        def text(name: str) -> str:
            if name not in held:
                return "null::varchar"
            cell = f"nullif(trim({name}_cell), '')"
            if self.absent:
                listed = ", ".join(f"'{word}'" for word in self.absent)
                cell = f"(case when upper(trim({name}_cell)) not in ({listed}) then {cell} end)"
            return cell

        def particular(name: str) -> str:
            # trimmed where a ship's particulars are gathered, once each and not once a row
            if self.absent or name not in held:
                return text(name)
            return f"{name}_cell"

        numbers = ["lon", "lat", "sog_kn", "cog_deg", "heading_deg", "draught_m"]
        numbers += ["length_m", "width_m"]
        told = [name for name in numbers if name in held]
        cast = {
            name: f"try_cast({name}_cell as double)" if name in held else "null::double"
            for name in numbers
        }
        # a cell that says nothing is no wrong one; both are rare, and only they are looked at again
        wrong = {
            name: f"not coalesce(isfinite({name}), false) and {text(name)} is not null"
            for name in told
        }
        bad_column = " ".join(f"when {test} then '{name}'" for name, test in wrong.items())
        bad_value = " ".join(f"when bad_column = '{name}' then {text(name)}" for name in told)
        cells = ", ".join(f"{cell} as {name}_cell" for name, cell in held.items())
        name = "null::varchar"
        if "name_original" in held:
            # a name stays as received, spaces and all
            name = "name_original_cell"
            if self.absent:
                name = f"case when {text('name_original')} is not null then {name} end"
        marks = [
            f"{self._mark(self.base_station, place)} as is_base_station",
            f"{self._mark(self.coarse, place)} as is_coarse",
        ]
        return f"""
            with cells as (
                select line, {cells}, {", ".join(marks)} from {table}
            ), read_cells as (
                select
                    *,
                    case
                        when regexp_full_match(mmsi_cell, '\\d{{1,10}}')
                            then try_cast(mmsi_cell as bigint)
                        when regexp_full_match({text("mmsi")}, '\\d{{1,10}}')
                            then try_cast({text("mmsi")} as bigint)
                    end as mmsi,
                    {self._instant(text("t"))} as t,
                    {", ".join(f"{cast[name]} as {name}" for name in numbers)}
                from cells
            ), named as (
                select *, {f"case {bad_column} end" if told else "null::varchar"} as bad_column
                from read_cells
            )
            select
                line,
                mmsi,
                mmsi_cell as mmsi_text,
                t,
                case when t is null then {text("t")} else t_cell end as time_text,
                {self._is_naive(text("t"))} as is_naive,
                {", ".join(numbers[:6])},
                {particular("imo_text")} as imo_text,
                {name} as name_original,
                {particular("call_sign")} as call_sign,
                {particular("ship_type")} as ship_type,
                length_m,
                width_m,
                true as has_position,
                is_base_station,
                is_coarse,
                null::varchar as refused,
                bad_column,
                {f"case {bad_value} end" if told else "null::varchar"} as bad_value
            from named
        """

    def _instant(self, text: str) -> str:
        """Epoch seconds of the time cell; a plain one is read as it stands, `text` otherwise."""
        if self.time == "danish":
            plain, slow = _DANISH, f"try_strptime({text}, '%d/%m/%Y %H:%M:%S')"
            fast = "try_strptime(t_cell, '%d/%m/%Y %H:%M:%S')"
            shape = _DANISH
        else:
            plain, slow = _PLAIN_ISO, f"try_cast({text} as timestamptz)"
            fast = "try_cast(t_cell as timestamp)"
            shape = _ISO
        return f"""
            case
                when regexp_full_match(t_cell, '{plain}') then epoch_us({fast}) // 1000000
                when regexp_matches({text}, '{shape}') then floor(epoch({slow}))::bigint
            end
        """

    def _is_naive(self, text: str) -> str:
        if self.time == "danish":
            return "true"
        # a date and a time without a zone have 19 characters, or a fraction after them
        return f"""
            case when length(t_cell) = 19 then true
                else not coalesce(
                    length({text}) > 19 and regexp_matches({text}, '(Z|C|:?[+-][0-9:]+)$'), false
                ) end
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
