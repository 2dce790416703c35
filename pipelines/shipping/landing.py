"""Land a file of positions: decode, hold against the rules, write sorted Parquet.

Two steps, so that a late file costs one day and no more:

1. `land_file`: one dropped file → `positions.parquet` (sorted by day, mmsi, t), `statics.parquet`,
   `quarantine.parquet` and `report.json`, in a folder named by the file's hash. Done once a file.
2. `build_day`: every landed file's share of one UTC day → one Parquet file per mmsi bucket, sorted
   by (mmsi, t), reports that several files repeat counted once.

DuckDB sorts and spills, so memory stays bounded whatever a file's size. Rows in = rows kept + rows
quarantined, checked before anything is put in place.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl

from pipelines.shipping import land
from pipelines.shipping.decode.layouts import LAYOUTS
from pipelines.shipping.decode.nmea import decode_nmea
from pipelines.shipping.decode.recognise import UnknownFormat, header_of, plain_file, recognise
from pipelines.shipping.rules import (
    ROW_FLAGS,
    ROW_TESTS,
    Rules,
    load_rules,
)

# a day's file holds at most about this many reports: ships are cut into ranges of MMSI, the
# engine's unit of parallel work and of memory
ROWS_PER_BUCKET = 2_000_000
DAY_S = 86_400

POSITION_COLUMNS: dict[str, str] = {
    "mmsi": "BIGINT",
    "t": "BIGINT",
    "lon": "DOUBLE",
    "lat": "DOUBLE",
    "sog_kn": "DOUBLE",
    "cog_deg": "DOUBLE",
    "draught_m": "DOUBLE",
    "flags": "BIGINT",
    "line": "BIGINT",
    "file_sha": "VARCHAR",
}
STATIC_COLUMNS: dict[str, str] = {
    "mmsi": "BIGINT",
    "imo_text": "VARCHAR",
    "imo_number": "BIGINT",
    "is_imo_valid": "BOOLEAN",
    "name": "VARCHAR",
    "name_original": "VARCHAR",
    "call_sign": "VARCHAR",
    "ship_type": "VARCHAR",
    "length_m": "DOUBLE",
    "width_m": "DOUBLE",
    "draught_max_m": "DOUBLE",
    "first_t": "BIGINT",
    "last_t": "BIGINT",
    "reports": "BIGINT",
    "line": "BIGINT",
    "flags": "BIGINT",
    "file_sha": "VARCHAR",
}
POSITION_FORMS = ("nmea", *LAYOUTS, "positions_parquet", "gfw_messages")
_PARQUET = "format parquet, compression zstd, row_group_size 122880"


@dataclass(frozen=True)
class FileReport:
    """What became of one file.

    Attributes:
        file: its name; sha256: of its bytes; form: as recognised.
        received_at: UTC instant it was dropped.
        rows_in: data rows, sentences or records.
        rows_kept: rows kept, as a position, as particulars or as part of a message.
        rows_quarantined: rows refused.
        positions: reports written.
        counts: rule → rows it refused or flagged.
        first_day, last_day: UTC days the positions span; None without any.
    """

    file: str
    sha256: str
    form: str
    received_at: str
    rows_in: int
    rows_kept: int
    rows_quarantined: int
    positions: int
    statics: int
    counts: dict[str, int] = field(default_factory=dict)
    first_day: str | None = None
    last_day: str | None = None


def file_hash(path: Path) -> str:
    """SHA-256 of a file, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def _scratch_database(
    folder: Path, *, memory_limit: str, threads: int | None
) -> Generator[duckdb.DuckDBPyConnection]:
    """A throw-away database; what does not fit in memory spills into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute("set memory_limit = $limit", {"limit": memory_limit})
        connection.execute("set temp_directory = $spill", {"spill": str(folder / "spill")})
        if threads is not None:
            connection.execute("set threads = $threads", {"threads": threads})
        yield connection


def _read_csv(
    connection: duckdb.DuckDBPyConnection, content: Path, form: str, folder: Path
) -> None:
    """`decoded` from a CSV: a view, so that a row is cut, cast and judged in one pass."""
    with content.open("rb") as file:
        header = header_of(file.read(65_536))
    columns = "{" + ", ".join(f"'c{at}': 'VARCHAR'" for at in range(len(header))) + "}"
    # a view takes no parameters: reach the file under a name of our own
    link = folder / "content.csv"
    link.symlink_to(content.resolve())
    numbered = f"""
        (select row_number() over () + 1 as line, * from read_csv(
            '{_path(link)}', header = false, skip = 1, auto_detect = false, delim = ',',
            quote = '"', escape = '"', columns = {columns}, ignore_errors = true,
            store_rejects = true, rejects_limit = 0, strict_mode = false, max_line_size = 1048576
        ))
    """
    connection.execute(
        f"create or replace temp view decoded as {LAYOUTS[form].select(header, numbered)}"
    )


def _restore_lines(connection: duckdb.DuckDBPyConnection) -> None:
    """Put back the lines the CSV reader refused: it neither returns nor numbers them."""
    connection.execute(
        """
        create or replace temp table rejected as
        select
            line::bigint as line,
            min(error_type::varchar) as bad_column,
            left(min(csv_line), 200) as bad_value,
            line::bigint - row_number() over (order by line) as kept_before
        from reject_errors
        group by line
        """
    )
    if not _count(connection, "select count(*) from rejected"):
        return
    connection.execute(
        """
        update judged set line = judged.line + (
            select count(*) from rejected where rejected.kept_before < judged.line
        )
        """
    )
    connection.execute(
        """
        insert into judged by name
        select
            line, 'unparsable_row' as rule, bad_column, bad_value, 0 as flags, false as is_part,
            true as has_position
        from rejected
        """
    )


def _read_nmea(connection: duckdb.DuckDBPyConnection, content: Path, folder: Path) -> None:
    parts = folder / "nmea"
    parts.mkdir()
    for number, frame in enumerate(decode_nmea(content)):
        frame.write_parquet(parts / f"{number:06d}.parquet")
    connection.execute(
        "create or replace temp table decoded as select * from read_parquet($files)",
        {"files": str(parts / "*.parquet")},
    )


_OWN = {
    "mmsi": "BIGINT",
    "t": "BIGINT",
    "lon": "DOUBLE",
    "lat": "DOUBLE",
    "sog_kn": "DOUBLE",
    "cog_deg": "DOUBLE",
    "draught_m": "DOUBLE",
}


def _read_parquet(connection: duckdb.DuckDBPyConnection, content: Path, shown: str) -> None:
    """The project's own columns; each must be there and hold numbers."""
    described = connection.execute(
        "describe select * from read_parquet($path)", {"path": str(content)}
    ).fetchall()
    kinds = {name: kind for name, kind, *_ in described}
    missing = [name for name in _OWN if name not in kinds]
    number = ("INT", "DOUBLE", "FLOAT", "DECIMAL")
    odd = [
        f"{name} ({kinds[name]})"
        for name in _OWN
        if name in kinds and not any(word in kinds[name] for word in number)
    ]
    if missing or odd:
        raise ValueError(
            f"{shown}: not the project's position columns; missing: {', '.join(missing) or 'none'};"
            f" not numbers: {', '.join(odd) or 'none'}. Expected {', '.join(_OWN)}."
        )
    optional = {
        "imo_text": "imo_number",
        "name_original": "name",
        "call_sign": "call_sign",
        "ship_type": "ship_type",
    }
    text = ", ".join(
        f"{theirs}::varchar as {ours}" if theirs in kinds else f"null::varchar as {ours}"
        for ours, theirs in optional.items()
    )
    sizes = ", ".join(
        f"try_cast({name} as double) as {name}" if name in kinds else f"null::double as {name}"
        for name in ("length_m", "width_m", "heading_deg")
    )
    connection.execute(
        f"""
        create or replace temp table decoded as
        select
            file_row_number + 1 as line,
            try_cast(mmsi as bigint) as mmsi,
            mmsi::varchar as mmsi_text,
            try_cast(t as bigint) as t,
            t::varchar as time_text,
            false as is_naive,
            {
            ", ".join(
                f"case when isfinite({name}::double) then {name}::double end as {name}"
                for name in ("lon", "lat", "sog_kn", "cog_deg", "draught_m")
            )
        },
            {text}, {sizes},
            true as has_position, false as is_base_station, false as is_coarse,
            null::varchar as refused, null::varchar as bad_column, null::varchar as bad_value
        from read_parquet($path, file_row_number = true)
        """,
        {"path": str(content)},
    )


def _read_messages(connection: duckdb.DuckDBPyConnection, content: Path) -> None:
    """Positions as JSON objects with ssvid (the MMSI), epoch timestamp, lat, lon."""
    connection.execute(
        """
        create or replace temp table decoded as
        with records as (
            select row_number() over () as line, json as record
            from read_json_objects($path, format = 'auto', maximum_object_size = 268435456)
        ), named as (
            select
                line,
                record ->> '$.ssvid' as mmsi_text,
                record ->> '$.timestamp' as time_text,
                record ->> '$.lat' as lat_text,
                record ->> '$.lon' as lon_text,
                record ->> '$.speed' as sog_text,
                record ->> '$.course' as cog_text
            from records
        )
        select
            line,
            case when regexp_full_match(mmsi_text, '\\d{1,10}')
                then try_cast(mmsi_text as bigint) end as mmsi,
            mmsi_text,
            floor(coalesce(
                try_cast(time_text as double), epoch(try_cast(time_text as timestamptz))
            ))::bigint as t,
            time_text,
            false as is_naive,
            try_cast(lon_text as double) as lon,
            try_cast(lat_text as double) as lat,
            try_cast(sog_text as double) as sog_kn,
            try_cast(cog_text as double) as cog_deg,
            null::double as heading_deg, null::double as draught_m,
            null::varchar as imo_text, null::varchar as name_original,
            null::varchar as call_sign, null::varchar as ship_type,
            null::double as length_m, null::double as width_m,
            true as has_position, false as is_base_station, false as is_coarse,
            null::varchar as refused,
            case when lat_text is not null and try_cast(lat_text as double) is null then 'lat'
                when lon_text is not null and try_cast(lon_text as double) is null then 'lon'
            end as bad_column,
            coalesce(lat_text, lon_text) as bad_value
        from named
        """,
        {"path": str(content)},
    )


def _judge_rows(connection: duckdb.DuckDBPyConnection, rules: Rules, received_t: int) -> None:
    """`judged`: every row with the rule that refuses it, if any, and its own flags."""
    tests = " ".join(f"when {test} then '{rule}'" for rule, test in ROW_TESTS.items())
    mask = " + ".join(
        f"(case when {test} then {1 << rules.bits[rule]} else 0 end)"
        for rule, test in ROW_FLAGS.items()
    )
    named = {
        name: value
        for name, value in rules.thresholds.items()
        if f"${name}" in tests + mask + "$sog_implausible"
    }
    connection.execute(
        f"""
        create or replace temp table judged as
        with tested as (
            select
                *,
                case when refused = 'joined' then null
                    when refused is not null then refused
                    {tests} end as rule,
                {mask} as flags
            from decoded
        )
        select
            line, mmsi, t, lon, lat,
            case when sog_kn <= $sog_implausible and sog_kn >= 0 then sog_kn end as sog_kn,
            case when cog_deg < $cog_not_available and cog_deg >= 0 then cog_deg end as cog_deg,
            case when draught_m > 0 then draught_m end as draught_m,
            imo_text, name_original, call_sign, ship_type, length_m, width_m,
            has_position, coalesce(refused = 'joined', false) as is_part, rule, flags,
            -- only a refused row is shown as it was written
            case when rule is not null then nullif(trim(mmsi_text), '') end as mmsi_text,
            case when rule is not null then nullif(trim(time_text), '') end as time_text,
            bad_column, bad_value
        from tested
        """,
        {**named, "received_t": received_t},
    )


# the middle of a leg is close enough for a cosine: legs are short, and long ones are refused anyway
_KM = """
    sqrt(
        pow(({lat2} - {lat1}) * 111.195e0, 2)
        + pow(
            (((({lon2} - {lon1}) + 540e0) % 360e0) - 180e0)
            * 111.195e0 * cos(radians(({lat1} + {lat2}) / 2e0)), 2)
    )
"""
# two reports of one second may differ by a rounding step
_SLACK_KM = 0.1


def _judge_tracks(connection: duckdb.DuckDBPyConnection, rules: Rules, cache_dir: Path) -> None:
    """`tracks`: kept positions with the flags that need neighbours; `duplicates`: lines refused."""
    bit = {rule: 1 << at for rule, at in rules.bits.items()}
    neighbours = """
        lag(t) over ships as t0, lag(lon) over ships as lon0, lag(lat) over ships as lat0,
        lead(t) over ships as t2, lead(lon) over ships as lon2, lead(lat) over ships as lat2
    """
    ships = """
        window ships as (
            partition by mmsi order by t, lon, lat, sog_kn, cog_deg, draught_m, line
        )
    """
    connection.execute(
        f"""
        create or replace temp table ordered as
        with reports as (
            select line, mmsi, t, lon, lat, sog_kn, cog_deg, draught_m, flags
            from judged
            where rule is null and not is_part and has_position
        ), beside as (
            select
                *,
                {neighbours},
                lag(sog_kn) over ships as sog0,
                lag(cog_deg) over ships as cog0,
                lag(draught_m) over ships as draught0
            from reports
            {ships}
        )
        select
            * exclude (sog0, cog0, draught0),
            t0 = t
                and lon0 is not distinct from lon
                and lat0 is not distinct from lat
                and sog0 is not distinct from sog_kn
                and cog0 is not distinct from cog_deg
                and draught0 is not distinct from draught_m as is_repeat
        from beside
        """
    )
    connection.execute(
        "create or replace temp table duplicates as select line from ordered where is_repeat"
    )
    # without repeats the neighbours found above are the right ones, and one sort is saved
    distinct_reports = "select * exclude (is_repeat) from ordered"
    if _count(connection, "select count(*) from duplicates"):
        distinct_reports = f"""
            select line, mmsi, t, lon, lat, sog_kn, cog_deg, draught_m, flags, {neighbours}
            from ordered where is_repeat is not true
            {ships}
        """
    leg = _KM.format(lon1="lon0", lat1="lat0", lon2="lon", lat2="lat")
    onward = _KM.format(lon1="lon", lat1="lat", lon2="lon2", lat2="lat2")
    across = _KM.format(lon1="lon0", lat1="lat0", lon2="lon2", lat2="lat2")
    connection.execute(
        f"""
        create or replace temp table tracks as
        with neighbours as (
            {distinct_reports}
        ), legs as (
            select
                *,
                {leg} > $slack + $km_per_s * greatest(t - t0, 1) as is_bad_in,
                {onward} > $slack + $km_per_s * greatest(t2 - t, 1) as is_bad_out,
                {across} > $slack + $km_per_s * greatest(t2 - t0, 1) as is_bad_across
            from neighbours
        )
        select
            line, mmsi, t, lon, lat, sog_kn, cog_deg, draught_m,
            flags
            + case when t = t0 or t = t2 then {bit["conflicting_report"]} else 0 end
            + case when is_bad_in then {bit["impossible_speed"]} else 0 end as flags,
            coalesce(is_bad_in and is_bad_out and not is_bad_across, false) as is_excursion
        from legs
        """,
        {"slack": _SLACK_KM, "km_per_s": rules.thresholds["impossible_speed"] * 1.852 / 3600},
    )
    connection.execute(
        """
        create or replace temp table shared_days as
        select mmsi, t // 86400 as day
        from tracks
        group by mmsi, day
        having count(*) filter (where is_excursion) >= $least
            and count(*) filter (where is_excursion) >= 0.1 * count(*)
        """,
        {"least": int(rules.thresholds["shared_mmsi"])},
    )
    cells = connection.sql(
        """
        select distinct
            floor((90 - lat) * 120)::bigint as cell_row,
            floor((lon + 180) * 120)::bigint as cell_column
        from tracks
        """
    ).pl()
    inland = land.is_inland_cell(
        cells["cell_row"].to_numpy().astype(np.int64),
        cells["cell_column"].to_numpy().astype(np.int64),
        cache_dir=cache_dir,
    )
    inland_cells = cells.filter(pl.Series(inland))
    connection.register("inland_cells", inland_cells)
    connection.execute(
        f"""
        create or replace temp view flagged as
        select
            tracks.* exclude (is_excursion, flags),
            flags
            + case when is_excursion and shared_days.mmsi is null
                then {bit["spoofed_position"]} else 0 end
            + case when is_excursion and shared_days.mmsi is not null
                then {bit["shared_mmsi"]} else 0 end
            + case when inland_cells.cell_row is not null then {bit["on_land"]} else 0 end as flags
        from tracks
        left join shared_days
            on tracks.mmsi = shared_days.mmsi and tracks.t // 86400 = shared_days.day
        left join inland_cells
            on floor((90 - lat) * 120)::bigint = inland_cells.cell_row
            and floor((lon + 180) * 120)::bigint = inland_cells.cell_column
        """
    )


def _statics(connection: duckdb.DuckDBPyConnection, rules: Rules) -> None:
    """`statics`: each distinct set of particulars a ship gave, with when and how often."""
    bit = {rule: 1 << at for rule, at in rules.bits.items()}
    connection.execute(
        f"""
        create or replace temp table statics as
        with written as (
            select
                mmsi, imo_text, name_original, call_sign, ship_type, length_m, width_m,
                max(draught_m) as draught_max_m,
                min(t) as first_t, max(t) as last_t, count(*) as reports, min(line) as line
            from judged
            where rule is null and not is_part
            group by all
        ), trimmed as (
            select
                * replace (
                    nullif(trim(imo_text), '') as imo_text,
                    case when trim(name_original) <> '' then name_original end as name_original,
                    nullif(trim(call_sign), '') as call_sign,
                    nullif(trim(ship_type), '') as ship_type
                )
            from written
        ), given as (
            select
                mmsi, imo_text, name_original, call_sign, ship_type, length_m, width_m,
                max(draught_max_m) as draught_max_m,
                min(first_t) as first_t, max(last_t) as last_t,
                sum(reports)::bigint as reports, min(line) as line
            from trimmed
            where coalesce(imo_text, name_original, call_sign, ship_type) is not null
            group by all
        ), numbers as (
            select
                *,
                try_cast(regexp_extract(imo_text, '^(?:IMO ?)?0*(\\d{{7}})$', 1) as bigint) as imo
            from given
        ), checked as (
            select
                *,
                (
                    imo // 1000000 % 10 * 7 + imo // 100000 % 10 * 6 + imo // 10000 % 10 * 5
                    + imo // 1000 % 10 * 4 + imo // 100 % 10 * 3 + imo // 10 % 10 * 2
                ) % 10 = imo % 10 as is_imo_valid
            from numbers
        ), changed as (
            select mmsi
            from checked
            group by mmsi
            having count(distinct imo) > 1
                or count(distinct upper(trim(name_original))) > 1
        )
        select
            checked.mmsi,
            imo_text,
            case when imo_text is not null and not regexp_full_match(imo_text, '(IMO ?)?0*')
                then imo end as imo_number,
            case when imo_text is not null and not regexp_full_match(imo_text, '(IMO ?)?0*')
                then coalesce(is_imo_valid, false) end as is_imo_valid,
            nfc_normalize(trim(name_original)) as name,
            name_original, call_sign, ship_type, length_m, width_m, draught_max_m,
            first_t, last_t, reports, line,
            case when imo_text is not null and not regexp_full_match(imo_text, '(IMO ?)?0*')
                and not coalesce(is_imo_valid, false) then {bit["imo_invalid"]} else 0 end
            + case when changed.mmsi is not null then {bit["identity_change"]} else 0 end as flags
        from checked
        left join changed on checked.mmsi = changed.mmsi
        """
    )


def _count(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    found = connection.execute(statement).fetchone()
    return int(found[0]) if found and found[0] is not None else 0


def _counts(connection: duckdb.DuckDBPyConnection, rules: Rules) -> dict[str, int]:
    """Rows by rule: refused rows by the rule that refused them, flagged ones by every flag."""
    refused = connection.execute(
        "select rule, count(*) from judged where rule is not null group by rule"
    ).fetchall()
    counts = {str(rule): int(rows) for rule, rows in refused}
    if duplicates := _count(connection, "select count(*) from duplicates"):
        counts["duplicate"] = duplicates
    sums = ", ".join(
        f"count(*) filter (where flags & {1 << at} <> 0)" for at in rules.bits.values()
    )
    for table in ("written", "statics"):
        found = connection.execute(f"select {sums} from {table}").fetchone()
        for rule, rows in zip(rules.bits, found or (), strict=False):
            if rows:
                counts[rule] = counts.get(rule, 0) + int(rows)
    return counts


def land_file(
    path: Path,
    landed: Path,
    *,
    received_at: dt.datetime,
    cache_dir: Path,
    memory_limit: str = "1GB",
    threads: int | None = None,
    form: str | None = None,
) -> FileReport:
    """Decode one file and put the result in `landed/<sha256>/`; a file known already is left alone.

    Args:
        path: the dropped file, packed (gzip, zstd, zip of one) or plain.
        landed: folder of landed files.
        received_at: UTC instant of arrival: later reports are in the future.
        cache_dir: where the packed land mask lies.
        memory_limit: DuckDB's limit while sorting; more spills to disk.
        form: the form, where it was recognised before.

    Raises:
        UnknownFormat: the file is none of the known forms, or holds no positions.
        ValueError: its columns are not those of its form.
        RuntimeError: rows were lost; nothing is put in place.
    """
    rules = load_rules()
    digest = file_hash(path)
    target = landed / digest
    if (target / "report.json").exists():
        return FileReport(**json.loads((target / "report.json").read_text(encoding="utf-8")))
    form = form or recognise(path)
    if form not in POSITION_FORMS:
        raise ValueError(f"{path.name} is {form}: it holds no positions")
    landed.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=landed, prefix=".part-"))
    try:
        with (
            plain_file(path, scratch) as content,
            _scratch_database(scratch, memory_limit=memory_limit, threads=threads) as connection,
        ):
            if form in LAYOUTS:
                _read_csv(connection, content, form, scratch)
            elif form == "nmea":
                _read_nmea(connection, content, scratch)
            elif form == "positions_parquet":
                _read_parquet(connection, content, path.name)
            else:
                _read_messages(connection, content)
            _judge_rows(connection, rules, int(received_at.timestamp()))
            if form in LAYOUTS:
                _restore_lines(connection)
            _judge_tracks(connection, rules, cache_dir)
            _statics(connection, rules)
            report = _write(connection, rules, path.name, digest, form, received_at, scratch)
        for part in scratch.iterdir():
            if part.name not in _OUTPUTS:
                shutil.rmtree(part) if part.is_dir() else part.unlink()
        os.replace(scratch, target)
    except duckdb.Error as error:
        shutil.rmtree(scratch, ignore_errors=True)
        # the reader's own words come first; its hints name options nobody here can set
        said = str(error).strip().split("\n", 1)[0]
        raise UnknownFormat(
            f"{path.name} cannot be read as {form}: {said}; fetch it again"
        ) from error
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return report


_OUTPUTS = {"positions.parquet", "statics.parquet", "quarantine.parquet", "report.json"}


def _write(
    connection: duckdb.DuckDBPyConnection,
    rules: Rules,
    name: str,
    digest: str,
    form: str,
    received_at: dt.datetime,
    folder: Path,
) -> FileReport:
    values: dict[str, Any] = {"sha": digest}
    connection.execute(
        f"create or replace temp view written as select {', '.join(list(POSITION_COLUMNS)[:-1])} "
        "from flagged"
    )
    connection.execute(
        f"""
        copy (
            select *, $sha as file_sha from written
            order by t // 86400, mmsi, t, lon, lat, sog_kn, cog_deg, draught_m, line
        ) to '{_path(folder / "positions.parquet")}' ({_PARQUET})
        """,
        values,
    )
    connection.execute(
        f"""
        copy (
            select {", ".join(list(STATIC_COLUMNS)[:-1])}, $sha as file_sha
            from statics order by mmsi, first_t, line
        ) to '{_path(folder / "statics.parquet")}' ({_PARQUET})
        """,
        values,
    )
    reasons = " ".join(f"when '{rule}' then ${rule}_why" for rule in _quarantine_rules(rules))
    shown = " ".join(f"when '{rule}' then {expression}" for rule, expression in _SHOWN.items())
    columns = " ".join(
        f"when '{rule}' then '{column}'"
        for rule, column in rules.table.filter(pl.col("action") == "quarantine")
        .select("rule", "applies_to")
        .iter_rows()
    )
    connection.execute(
        f"""
        copy (
            with refused as (
                select line, rule, mmsi_text, time_text, lat, lon, bad_column, bad_value
                from judged where rule is not null
                union all
                select line, 'duplicate', null, null, null, null, null, null from duplicates
            )
            select
                'ais' as source,
                $file as file,
                line,
                case rule when 'value_unparsable' then bad_column {columns} end as "column",
                case rule {shown} else bad_value end as value,
                rule,
                case rule {reasons} end as reason
            from refused
            order by line, rule
        ) to '{_path(folder / "quarantine.parquet")}' ({_PARQUET})
        """,
        {"file": name, **{f"{rule}_why": rules.reasons[rule] for rule in _quarantine_rules(rules)}},
    )
    rows_in = _count(connection, "select count(*) from judged")
    refused = _count(connection, "select count(*) from judged where rule is not null")
    duplicates = _count(connection, "select count(*) from duplicates")
    positions = _count(connection, "select count(*) from tracks")
    others = _count(
        connection,
        "select count(*) from judged where rule is null and (is_part or not has_position)",
    )
    lines = _count(connection, "select count(distinct line) from judged")
    if positions + others + refused + duplicates != rows_in or lines != rows_in:
        raise RuntimeError(
            f"{name}: {rows_in} rows in ({lines} lines), but {positions} positions + {others} "
            f"other kept + {refused + duplicates} quarantined; nothing was landed. This is a fault "
            "in the decoder: keep the file and report it."
        )
    days = connection.execute("select min(t), max(t) from tracks").fetchone() or (None, None)
    first, last = (
        dt.datetime.fromtimestamp(at, dt.UTC).date().isoformat() if at is not None else None
        for at in days
    )
    report = FileReport(
        file=name,
        sha256=digest,
        form=form,
        received_at=received_at.astimezone(dt.UTC).isoformat(timespec="seconds"),
        rows_in=rows_in,
        rows_kept=positions + others,
        rows_quarantined=refused + duplicates,
        positions=positions,
        statics=_count(connection, "select count(*) from statics"),
        counts=_counts(connection, rules),
        first_day=first,
        last_day=last,
    )
    (folder / "report.json").write_text(json.dumps(asdict(report), indent=1), encoding="utf-8")
    return report


_SHOWN = {
    "mmsi_invalid": "mmsi_text",
    "base_station": "mmsi_text",
    "mmsi_not_a_ship": "mmsi_text",
    "time_unparsable": "time_text",
    "time_before_ais": "time_text",
    "time_in_future": "time_text",
    "position_not_available": "lat || ', ' || lon",
    "position_out_of_range": "lat || ', ' || lon",
}


def _quarantine_rules(rules: Rules) -> list[str]:
    return rules.table.filter(pl.col("action") == "quarantine")["rule"].to_list()


def _path(path: Path) -> str:
    """A path of ours inside a COPY, which takes no parameter for its target."""
    return str(path).replace("'", "''")


def landed_reports(landed: Path) -> list[FileReport]:
    """Reports of every landed file, by name and hash."""
    found = [
        FileReport(**json.loads(one.read_text(encoding="utf-8")))
        for one in landed.glob("*/report.json")
    ]
    return sorted(found, key=lambda one: (one.file, one.sha256))


@dataclass(frozen=True)
class DayReport:
    """One day's positions: rows of all files in, rows written, repeats between files.

    `fingerprint` tells from which files the day was made: the same files, the same day.
    """

    day: str
    rows_in: int
    rows_kept: int
    repeated_between_files: int
    files: int
    fingerprint: str = ""


def build_day(
    landed: Path,
    positions: Path,
    day: dt.date,
    *,
    rows_per_bucket: int = ROWS_PER_BUCKET,
    memory_limit: str = "1GB",
    threads: int | None = None,
) -> DayReport:
    """One UTC day of all landed files as `positions/day=<day>/bucket=<n>.parquet`.

    Each file is sorted by (mmsi, t, lon, lat, draught_m, sog_kn) and holds a range of MMSI, so that
    its row groups tell a reader which ships they hold. A report that several files carry is written
    once, from the first file by hash. The day is replaced whole, so running it again after a late
    file is safe.
    """
    start = int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp())
    wanted_hashes = _files_of(landed).get(day, [])
    wanted = [str(landed / digest / "positions.parquet") for digest in wanted_hashes]
    target = positions / f"day={day.isoformat()}"
    positions.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=positions, prefix=".part-"))
    rows_in = rows_kept = 0
    try:
        if wanted:
            work = scratch / "work"
            with _scratch_database(work, memory_limit=memory_limit, threads=threads) as connection:
                connection.execute(
                    """
                    create temp table day_rows as
                    select * from read_parquet($files) where t >= $start and t < $start + 86400
                    """,
                    {"files": wanted, "start": start},
                )
                rows_in = _count(connection, "select count(*) from day_rows")
                for bucket, (low, high) in enumerate(_ranges(connection, rows_in, rows_per_bucket)):
                    name = scratch / f"bucket={bucket:02d}.parquet"
                    connection.execute(
                        _DAY_FILE.format(name=_path(name)), {"low": low, "high": high}
                    )
                    rows_kept += pl.scan_parquet(name).select(pl.len()).collect().item()
            shutil.rmtree(work)
        report = DayReport(
            day=day.isoformat(),
            rows_in=rows_in,
            rows_kept=rows_kept,
            repeated_between_files=rows_in - rows_kept,
            files=len(wanted),
            fingerprint=_fingerprint(wanted_hashes),
        )
        (scratch / "report.json").write_text(json.dumps(asdict(report)), encoding="utf-8")
        if target.exists():
            shutil.rmtree(target)
        os.replace(scratch, target)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return report


_DAY_FILE = f"""
    copy (
        select * exclude (copies) from (
            select *, row_number() over (
                partition by mmsi, t, lon, lat, draught_m, sog_kn, cog_deg order by file_sha, line
            ) as copies
            from day_rows where mmsi >= $low and mmsi < $high
        )
        where copies = 1
        order by mmsi, t, lon, lat, draught_m, sog_kn, cog_deg
    ) to '{{name}}' ({_PARQUET})
"""


def _ranges(
    connection: duckdb.DuckDBPyConnection, rows: int, rows_per_bucket: int
) -> list[tuple[int, int]]:
    """Ranges of MMSI (low <= mmsi < high) of about equal numbers of rows; one ship is never cut."""
    wanted = max(1, -(-rows // rows_per_bucket))
    shares = [number / wanted for number in range(1, wanted)]
    cuts: list[int] = []
    if shares:
        found = connection.execute(
            "select quantile_disc(mmsi, $shares) from day_rows", {"shares": shares}
        ).fetchone()
        cuts = sorted(set(found[0])) if found else []
    edges = [0, *cuts, 10**9]
    return [(low, high) for low, high in pairwise(edges) if low < high]


def _files_of(landed: Path) -> dict[dt.date, list[str]]:
    """Hashes of the landed files that reach into each day, sorted."""
    by_day: dict[dt.date, list[str]] = {}
    for one in landed_reports(landed):
        if one.first_day is None or one.last_day is None:
            continue
        day, last = dt.date.fromisoformat(one.first_day), dt.date.fromisoformat(one.last_day)
        while day <= last:
            by_day.setdefault(day, []).append(one.sha256)
            day += dt.timedelta(days=1)
    return {day: sorted(hashes) for day, hashes in sorted(by_day.items())}


def _fingerprint(hashes: list[str]) -> str:
    return hashlib.sha256(",".join(hashes).encode()).hexdigest()


def stale_days(landed: Path, positions: Path) -> list[dt.date]:
    """Days that landed files reach into and that are not yet made from exactly those files."""
    made = {one.day: one.fingerprint for one in day_reports(positions)}
    return [
        day
        for day, hashes in _files_of(landed).items()
        if made.get(day.isoformat()) != _fingerprint(hashes)
    ]


def day_reports(positions: Path) -> list[DayReport]:
    """Reports of the days made so far, in order."""
    return [
        DayReport(**json.loads(one.read_text(encoding="utf-8")))
        for one in sorted(positions.glob("day=*/report.json"))
    ]


def day_files(positions: Path, day: str) -> list[Path]:
    """The Parquet files of one day, by bucket."""
    return sorted((positions / f"day={day}").glob("bucket=*.parquet"))
