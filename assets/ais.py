"""Ship positions: the daily raw edge, then events, vessels, loadings and what they say of coal.

Drop files of any known form into `landing/ais` (positions) or `landing/gfw` (events) of the data
folder. `./run ais` lands them; the sensor does the same when the UI is up. Days are partitions of
the job `ais_day` alone, which records what it built under `raw/ais_positions`: one partitioned
asset in the graph would turn "Materialize all" into a dialog. The main job reads whatever is landed
and makes empty tables, with the right columns, of nothing.
"""

import datetime as dt
import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import dagster as dg
import polars as pl
import pyarrow.parquet as pq

from assets.resources import Network, Sampling, WarehouseResource
from assets.tables import note_source, result, results, table_metadata, table_specs
from pipelines.paths import REFERENCE_DIR, data_dir
from pipelines.quarantine import Split, empty_quarantine
from pipelines.schemas.quarantine import QUARANTINE_SCHEMA
from pipelines.schemas.shipping import EVENTS, empty_events
from pipelines.shipping import places
from pipelines.shipping.cargo import load_priors
from pipelines.shipping.days import DayReport, build_day, day_reports, days_told, stale_days
from pipelines.shipping.decode.gfw import OLDER_VERSION, as_of, older_versions, parse_gfw_events
from pipelines.shipping.decode.gfw import empty_events as empty_gfw_events
from pipelines.shipping.decode.recognise import UnknownFormat, recognise
from pipelines.shipping.detection import as_observations, estimate_detection
from pipelines.shipping.dropped import Landed, dropped_files, land_dropped, resting
from pipelines.shipping.history import update_events
from pipelines.shipping.landing import STATIC_COLUMNS, landed_reports
from pipelines.shipping.loadings import estimate_loadings, find_candidates, loading_draws
from pipelines.shipping.rules import load_rules
from pipelines.shipping.vessels import build_vessels
from pipelines.sources.gfw import read as gfw
from pipelines.sources.gfw.read import area_around, fetch_events
from pipelines.sources.http import Fetcher, SourceUnavailable
from pipelines.sources.ports.read import parse_port_sources, parse_ports
from pipelines.warehouse import has_table, read_frame, write_frame

EDGE_GROUP = "ais_edge"
LICENCE_AIS = "as received; positions are not redistributed"
GFW_TOKEN = "GFW_API_TOKEN"  # noqa: S105  the variable's name, not a token
ENGINE = "DPRK_SHIPPING_ENGINE"
LICENCE_PORTS = "facts typed by hand with citations; World Port Index public domain"
DAYS = dg.DailyPartitionsDefinition(start_date="2012-01-01", timezone="UTC")
# rows of these rules are counted and kept in Parquet beside the file they came from, not listed
COUNTED_ONLY = ("duplicate", "not_ais")

FILE_SCHEMA: dict[str, Any] = {
    "file": pl.String,
    "sha256": pl.String,
    "form": pl.String,
    "received_at": pl.Datetime("us"),
    "lines": pl.Int64,
    "header_lines": pl.Int64,
    "blank_lines": pl.Int64,
    "rows_in": pl.Int64,
    "rows_kept": pl.Int64,
    "rows_quarantined": pl.Int64,
    "positions": pl.Int64,
    "statics": pl.Int64,
    "first_day": pl.Date,
    "last_day": pl.Date,
}
RULE_COUNT_SCHEMA: dict[str, Any] = {
    "file": pl.String,
    "sha256": pl.String,
    "rule": pl.String,
    "action": pl.String,
    "rows": pl.Int64,
    "why": pl.String,
}


def _drop_dir(name: str) -> Path:
    return data_dir() / "landing" / name


def _ais_dir() -> Path:
    return data_dir() / "raw" / "ais"


def _gfw_dir() -> Path:
    return data_dir() / "raw" / "gfw"


def landed_dir() -> Path:
    """Landed files, one folder each, named by hash."""
    return _ais_dir() / "files"


def positions_dir() -> Path:
    """Positions by day and bucket."""
    return _ais_dir() / "positions"


def _land() -> Landed:
    """Land what lies in landing/ais, and keep why some of it could not be."""
    done = land_dropped(_drop_dir("ais"), landed_dir(), cache_dir=data_dir() / "cache")
    _ais_dir().mkdir(parents=True, exist_ok=True)
    (_ais_dir() / "refused.json").write_text(json.dumps(done.refused, indent=1), encoding="utf-8")
    return done


def _tell(log: dg.DagsterLogManager, done: Landed) -> None:
    """Say what was landed, refused and left waiting.

    Raises:
        dagster.Failure: rows of a file did not add up to its lines.
    """
    for report in done.reports:
        log.info(
            f"{report.file}: {report.form}; {report.lines} lines, {report.rows_in} rows in, "
            f"{report.rows_kept} kept, {report.rows_quarantined} quarantined"
        )
    for name, why in done.refused.items():
        log.warning(f"{name}: {why} (report beside it)")
    for report in done.reports:
        if not report.rows_kept:
            log.warning(f"{report.file}: no row could be kept (report beside it)")
    for name in done.waiting:
        log.warning(f"{name}: still being written; it is taken once it rests")
    if done.lost:
        raise dg.Failure(f"rows were lost in {', '.join(done.lost)}: {done.refused[done.lost[0]]}")


def _gfw_retrievals() -> dict[dt.date, dt.date]:
    """Days of events fetched so far, each with the date of its last retrieval."""
    stamps = sorted(one.name[:19] for one in _gfw_dir().glob("[0-9]*T*Z-*.json"))
    return {
        dt.date.fromisoformat(stamp[:10]): dt.date.fromisoformat(stamp[11:]) for stamp in stamps
    }


def _gfw_order(file: Path) -> str:
    """When a file of events was got, for sorting: fetched files carry it in their names."""
    told = re.search(r"\d{8}T\d{6}Z", file.name)
    if told:
        return told.group()
    return f"{dt.datetime.fromtimestamp(file.stat().st_mtime, dt.UTC):%Y%m%dT%H%M%SZ}"


def fetch_gfw_events(day: dt.date, today: dt.date) -> str:
    """Fetch a day where it is settled, and the days due again; what was done, in words.

    Raises:
        SourceUnavailable: no usable answer; the days fetched before stay.
    """
    days = gfw.due_again(_gfw_retrievals(), today)
    if gfw.is_settled(day, today) and day not in days:
        days.append(day)
    pages = sum(fetch_gfw_day(one) for one in days)
    told = f"{pages} pages of events of {len(days)} day(s)"
    if not gfw.is_settled(day, today):
        told += f"; {day} not asked: the service's data end {gfw.SETTLED.days} days before now"
    return told


def fetch_gfw_day(day: dt.date, fetcher: Fetcher | None = None) -> int:
    """Fetch one day's events into files of their own, never over an earlier retrieval: pages kept.

    Raises:
        SourceUnavailable: no usable answer; nothing of this day is kept then.
    """
    known = pl.read_csv(REFERENCE_DIR / "ports.csv")
    pages = list(fetch_events(fetcher or Fetcher(), os.environ[GFW_TOKEN], day, area_around(known)))
    folder = _gfw_dir()
    folder.mkdir(parents=True, exist_ok=True)
    for number, page in enumerate(pages):
        name = f"{day}-{page.retrieved_at:%Y%m%dT%H%M%SZ}-{number:03d}.json"
        part = folder / f".{name}"
        part.write_bytes(page.content)
        part.replace(folder / name)
    return len(pages)


POSITIONS_KEY = dg.AssetKey(["raw", "ais_positions"])
AIS_POSITIONS = dg.AssetSpec(
    POSITIONS_KEY,
    group_name=EDGE_GROUP,
    kinds={"duckdb", "parquet"},
    description=(
        "Ship positions from every landed file, as Parquet by UTC day, sorted by ship and time, "
        "bucketed by MMSI. Made by the job ais (every day that dropped files reach into) or, a "
        "day at a time, by the partitioned job ais_day."
    ),
)


@dg.op(name="build_day_of_positions")
def build_day_of_positions(context: dg.OpExecutionContext, network: Network) -> None:
    """Land what was dropped, build this day, and fetch its events where a token allows.

    Raises:
        dagster.Failure: no day was chosen.
    """
    if not context.has_partition_key:
        raise dg.Failure(
            "ais_day builds one day and none was chosen: launch it for a partition in the UI, or "
            "run `./run ais`, which builds every day that dropped files reach into"
        )
    done = _land()
    _tell(context.log, done)
    on = dt.date.fromisoformat(context.partition_key)
    day = build_day(landed_dir(), positions_dir(), on)
    fetched = f"not asked: no network, or {GFW_TOKEN} is not set"
    if network.is_online() and os.environ.get(GFW_TOKEN):
        try:
            fetched = fetch_gfw_events(on, dt.datetime.now(dt.UTC).date())
        except SourceUnavailable as error:
            fetched = f"no events: {error}"
            context.log.warning(fetched)
    _record_day(
        context,
        on,
        day,
        global_fishing_watch=fetched,
        files_landed=len(done.reports),
        files_refused=len(done.refused),
    )


def _record_day(
    context: dg.OpExecutionContext, on: dt.date, day: DayReport, **more: str | int
) -> None:
    context.log_event(
        dg.AssetMaterialization(
            asset_key=POSITIONS_KEY,
            partition=on.isoformat(),
            metadata={"dagster/row_count": day.rows_kept, **asdict(day), **more},
        )
    )


@dg.job(
    name="ais_day",
    partitions_def=DAYS,
    description="One day of ship positions, from the dropped files and Global Fishing Watch.",
    executor_def=dg.in_process_executor,
)
def ais_day_job() -> None:
    """Build one day."""
    build_day_of_positions()


@dg.op(name="land_ship_positions")
def land_ship_positions(context: dg.OpExecutionContext) -> None:
    """Land every dropped file and build every day they reach into."""
    done = _land()
    for day in stale_days(landed_dir(), positions_dir()):
        _record_day(context, day, build_day(landed_dir(), positions_dir(), day))
    _tell(context.log, done)


@dg.job(
    name="ais",
    description="Land the ship positions dropped into landing/ais, every day they reach into.",
    executor_def=dg.in_process_executor,
)
def ais_job() -> None:
    """Land dropped positions."""
    land_ship_positions()


@dg.sensor(
    name="dropped_ship_positions",
    job=ais_job,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Lands positions when the files in landing/ais change.",
)
def dropped_ship_positions() -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Ask for one run per set of dropped files, once none of them changes any more."""
    folder = _drop_dir("ais")
    files = dropped_files(folder)
    if not files:
        yield dg.SkipReason("nothing lies in landing/ais")
        return
    busy = set(files) - set(resting(files))
    if busy:
        yield dg.SkipReason(f"{len(busy)} of {len(files)} files in landing/ais still change")
        return
    # every file counts, whatever its name: a hash of all of them, never a shortened list
    marks = [
        (str(one.relative_to(folder)), one.stat().st_size, one.stat().st_mtime_ns) for one in files
    ]
    yield dg.RunRequest(run_key=hashlib.sha256(json.dumps(marks).encode()).hexdigest())


@dg.asset(
    key=["staged", "port_sources"],
    group_name="shipping",
    kinds={"duckdb", "polars"},
    description="Where ports' coordinates and coal claims were read. Grain: source_id.",
)
def port_sources(warehouse: WarehouseResource) -> dg.MaterializeResult:
    """Read the hand-kept table."""
    file = "port_sources.csv"
    split = parse_port_sources(
        (REFERENCE_DIR / file).read_bytes(), source="port_sources", file=file
    )
    return _stage(warehouse, "port_sources", split)


@dg.asset(
    key=["staged", "ports"],
    group_name="shipping",
    kinds={"duckdb", "polars"},
    deps=[["staged", "port_sources"]],
    description="Ports of the coal routes with cited coordinates. Grain: port_id.",
)
def ports(warehouse: WarehouseResource) -> dg.MaterializeResult:
    """Read the hand-kept table, held against its sources."""
    with warehouse.open().connect(read_only=True) as connection:
        known = read_frame(connection, "staged.port_sources")["source_id"].to_list()
    file = "ports.csv"
    split = parse_ports(
        (REFERENCE_DIR / file).read_bytes(), source="ports", file=file, source_ids=known
    )
    return _stage(warehouse, "ports", split)


def _stage(warehouse: WarehouseResource, table: str, split: Split) -> dg.MaterializeResult:
    with warehouse.open().connect() as connection:
        write_frame(connection, f"staged.{table}", split.kept.drop("line"))
        counts = note_source(
            connection,
            table,
            split,
            licence=LICENCE_PORTS,
            status="embedded in the repository",
            is_embedded=True,
        )
        return result(connection, f"staged.{table}", **counts)


def _refused_files() -> pl.DataFrame:
    """Files that could not be read at all, as quarantine rows of line 0."""
    path = _ais_dir() / "refused.json"
    refused = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return pl.DataFrame(
        [
            ["ais", name, 0, "(file)", None, "unreadable_file", why]
            for name, why in sorted(refused.items())
        ],
        schema=QUARANTINE_SCHEMA,
        orient="row",
    )


LANDED = {
    "ais_files": "Landed files of ship positions: rows in, kept, quarantined. Grain: sha256.",
    "ais_rule_counts": "Rows of each file that a rule marked or refused. Grain: sha256, rule.",
}


@dg.multi_asset(
    name="staged__ais_files",
    specs=table_specs(
        "staged", LANDED, group="shipping", kinds={"duckdb", "polars"}, deps=[POSITIONS_KEY]
    ),
)
def ais_files(warehouse: WarehouseResource) -> Iterator[dg.MaterializeResult]:
    """List what is landed and count it by rule."""
    reports = landed_reports(landed_dir())
    rules = load_rules()
    action = dict(rules.table.select("rule", "action").iter_rows())
    files = pl.DataFrame(
        [
            {
                **{name: getattr(one, name) for name in FILE_SCHEMA},
                "received_at": dt.datetime.fromisoformat(one.received_at).replace(tzinfo=None),
                "first_day": dt.date.fromisoformat(one.first_day) if one.first_day else None,
                "last_day": dt.date.fromisoformat(one.last_day) if one.last_day else None,
            }
            for one in reports
        ],
        schema=FILE_SCHEMA,
    )
    counts = pl.DataFrame(
        [
            (one.file, one.sha256, rule, action[rule], rows, rules.reasons[rule])
            for one in reports
            for rule, rows in sorted(one.counts.items())
        ],
        schema=RULE_COUNT_SCHEMA,
        orient="row",
    )
    listed = [
        pl.read_parquet(landed_dir() / one.sha256 / "quarantine.parquet").filter(
            ~pl.col("rule").is_in(COUNTED_ONLY)
        )
        for one in reports
    ]
    rows_in, rows_kept = (int(files[name].sum()) for name in ("rows_in", "rows_kept"))
    if reports:
        days = [one.day for one in day_reports(positions_dir()) if one.rows_kept]
        status = f"{len(reports)} files, {files['positions'].sum()} positions on {days_told(days)}"
    else:
        status = (
            "no ship positions; drop files of them into landing/ (NMEA, MarineCadastre, Danish, "
            "aisstream, Spire): until then the shipping tables are empty and estimates rest on "
            "figures"
        )
    split = Split(
        pl.DataFrame({"row": pl.int_range(rows_kept, eager=True)}),
        pl.concat(
            [
                empty_quarantine(),
                *(one.cast(pl.Schema(QUARANTINE_SCHEMA)) for one in listed),
                _refused_files(),
            ]
        ),
        rows_in,
    )
    with warehouse.open().connect() as connection:
        write_frame(connection, "staged.ais_files", files)
        write_frame(connection, "staged.ais_rule_counts", counts)
        noted = note_source(
            connection,
            "ais",
            split,
            licence=LICENCE_AIS,
            status=status,
            is_embedded=False,
            as_of=max(files["last_day"].drop_nulls().to_list(), default=None),
            retrieved_at=max(files["received_at"].to_list(), default=None),
        )
        yield from results(connection, "staged", LANDED, **noted)


@dg.asset_check(
    asset=["staged", "ais_files"],
    name="every_line_of_a_ship_file_has_its_place",
    blocking=True,
    description="Lines counted in the bytes are header, blank, kept or quarantined, file by file.",
)
def every_line_has_its_place(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Hold the counts of each landed file against its lines and against what lies on disk."""
    with warehouse.open().connect(read_only=True) as connection:
        files = read_frame(connection, "staged.ais_files")
    wrong = []
    # files landed before lines were counted have none
    for one in files.filter(pl.col("lines") > 0).iter_rows(named=True):
        folder = landed_dir() / one["sha256"]
        positions = sum(
            pq.read_metadata(part).num_rows for part in folder.glob("positions*.parquet")
        )
        refused = pq.read_metadata(folder / "quarantine.parquet").num_rows
        placed = one["header_lines"] + one["blank_lines"] + one["rows_kept"] + refused
        if placed != one["lines"] or positions != one["positions"]:
            wrong.append(f"{one['file']}: {one['lines']} lines, {placed} with a place")
    return dg.AssetCheckResult(
        passed=not wrong,
        description="; ".join(wrong) or f"{files.height} files, every line in its place",
    )


@dg.asset(
    key=["staged", "gfw_events"],
    group_name="shipping",
    kinds={"duckdb"},
    deps=[["raw", "landed_files"]],
    description=(
        "Port visits, encounters, loitering and gaps of Global Fishing Watch, from files in "
        "landing/gfw and from fetched days. Grain: event_id, event_type."
    ),
)
def gfw_events(warehouse: WarehouseResource) -> dg.MaterializeResult:
    """Read every response; of an event that several files hold the newest statement counts."""
    splits: list[Split] = []
    refused: list[pl.DataFrame] = []
    files = [*dropped_files(_drop_dir("gfw")), *_gfw_dir().glob("[0-9]*.json")]
    for file in sorted(files, key=lambda one: (_gfw_order(one), one.name), reverse=True):
        try:
            form = recognise(file)
            if form != "gfw_events":
                raise UnknownFormat(f"{file.name} is {form}; no events of Global Fishing Watch")
            split = parse_gfw_events(file, file=file.name)
            splits.append(
                Split(
                    split.kept.with_columns(pl.lit(file.name).alias("file")),
                    split.quarantined,
                    split.rows_in,
                )
            )
        except (UnknownFormat, ValueError) as error:
            refused.append(
                pl.DataFrame(
                    [["gfw", file.name, 0, "(file)", None, "unreadable_file", str(error)]],
                    schema=QUARANTINE_SCHEMA,
                    orient="row",
                )
            )
    empty = empty_gfw_events().with_columns(pl.lit("").alias("file"))
    read = pl.concat([empty, *(one.kept for one in splits)])
    kept = read.unique(["event_id", "event_type"], keep="first", maintain_order=True)
    again = read.join(kept.select("file", "line"), on=["file", "line"], how="anti").select(
        source=pl.lit("gfw"),
        file="file",
        line="line",
        column=pl.lit("id"),
        value=pl.col("event_id"),
        rule=pl.lit("listed_in_several_files"),
        reason=pl.lit("a newer file holds the same event, and its end: counted once"),
    )
    older = older_versions(kept)
    kept = kept.join(older, on=["file", "line"], how="anti")
    superseded = older.select(
        source=pl.lit("gfw"),
        file="file",
        line="line",
        column=pl.lit("id"),
        value=pl.col("event_id"),
        rule=pl.lit(OLDER_VERSION),
        reason=pl.lit("a newer version of the data tells the same ship's time: it counts"),
    )
    problems = [*(one.quarantined for one in splits), *refused, again, superseded]
    split = Split(
        kept,
        pl.concat([empty_quarantine(), *problems]),
        sum(one.rows_in for one in splits),
    )
    status = (
        f"{len(splits)} files of events"
        if splits
        else f"no events; register at Global Fishing Watch (free, non-commercial), set {GFW_TOKEN} "
        "and DPRK_ONLINE=1 and run ais_day for a day, or drop answers of their events API into "
        "landing/"
    )
    with warehouse.open().connect() as connection:
        write_frame(connection, "staged.gfw_events", kept)
        noted = note_source(
            connection,
            "gfw",
            split,
            licence=gfw.LICENCE,
            status=status,
            is_embedded=False,
            as_of=as_of(kept),
        )
        return result(connection, "staged.gfw_events", **noted)


@dg.asset(
    key=["shipping", "vessel_statics"],
    group_name="shipping",
    kinds={"duckdb", "polars"},
    deps=[["staged", "ais_files"]],
    description=(
        "What ships said about themselves: number, name, size. "
        "Grain: file_sha, mmsi, one set of particulars."
    ),
)
def vessel_statics(warehouse: WarehouseResource) -> dg.MaterializeResult:
    """Gather the particulars of every landed file."""
    frames = [
        pl.read_parquet(landed_dir() / one.sha256 / "statics.parquet").cast(
            pl.Schema(STATIC_COLUMNS)
        )
        for one in landed_reports(landed_dir())
    ]
    with warehouse.open().connect() as connection:
        statics = pl.concat([pl.DataFrame(schema=STATIC_COLUMNS), *frames])
        write_frame(connection, "shipping.vessel_statics", statics)
        return result(connection, "shipping.vessel_statics")


@dg.asset(
    key=["shipping", "vessels"],
    group_name="shipping",
    kinds={"duckdb", "polars"},
    deps=[["shipping", "vessel_statics"], ["staged", "listed_parties"]],
    description=(
        "One row a ship: flag by its MMSI, names over time, size, and the official list that has "
        "it, with how sure the match is. Grain: vessel_mmsi."
    ),
)
def vessels(warehouse: WarehouseResource) -> dg.MaterializeResult:
    """Name each ship."""
    with warehouse.open().connect() as connection:
        listed = (
            read_frame(connection, "staged.listed_parties")
            if has_table(connection, "staged.listed_parties")
            else None
        )
        found = build_vessels(read_frame(connection, "shipping.vessel_statics"), listed)
        write_frame(connection, "shipping.vessels", found)
        matched = found["list_match"].value_counts().drop_nulls().sort("list_match")
        return result(
            connection,
            "shipping.vessels",
            **{f"matches_{name}": count for name, count in matched.iter_rows()},
        )


def _engine() -> Literal["duckdb", "spark"]:
    """Where the stages run, by the variable DPRK_SHIPPING_ENGINE.

    Raises:
        dagster.Failure: it names no engine.
    """
    chosen = os.environ.get(ENGINE, "duckdb")
    if chosen == "duckdb" or chosen == "spark":
        return chosen
    raise dg.Failure(f"{ENGINE} is {chosen!r}; it must be duckdb or spark")


@dg.multi_asset(
    name="shipping_events",
    specs=[
        dg.AssetSpec(
            ["shipping", name],
            group_name="shipping",
            kinds={"duckdb"},
            deps=[["staged", "ports"], ["staged", "ais_files"]],
            description=(contract.__doc__ or name).strip(),
        )
        for name, contract in EVENTS.items()
    ],
)
def shipping_events(warehouse: WarehouseResource) -> Iterator[dg.MaterializeResult]:
    """Tracks, port calls, gaps, encounters, loitering and draught changes of the whole history.

    A day added costs that day; see pipelines/shipping/history.py.
    """
    with warehouse.open().connect() as connection:
        known = read_frame(connection, "staged.ports")
        update = update_events(
            positions_dir(),
            _ais_dir() / "history",
            known,
            places=lambda points: places.measure(points, known, cache_dir=data_dir() / "cache"),
            engine=_engine(),
        )
        for name in EVENTS:
            frame = empty_events(name) if update.events is None else update.events[name]
            write_frame(connection, f"shipping.{name}", frame)
            yield dg.MaterializeResult(
                asset_key=["shipping", name],
                metadata={
                    **table_metadata(connection, f"shipping.{name}"),
                    "days": update.days,
                    "new_days": update.new_days,
                    "is_restart": update.is_restart,
                },
            )


@dg.multi_asset(
    name="coal_loadings",
    specs=[
        dg.AssetSpec(
            key,
            group_name="shipping",
            kinds={"duckdb", "polars"},
            deps=[
                ["shipping", "port_calls"],
                ["shipping", "absences"],
                ["shipping", "vessels"],
                ["staged", "gfw_events"],
                ["staged", "ports"],
                ["staged", "feed_priors"],
            ],
            description=description,
        )
        for key, description in (
            (
                ["shipping", "loadings"],
                "Departures from coal ports that may have been laden: evidence, chance, tonnes. "
                "Grain: event_id.",
            ),
            (
                ["shipping", "loading_draws"],
                "Tonnes aboard per departure and draw, 0 where it left empty. "
                "Grain: event_id, draw.",
            ),
            (
                ["shipping", "detection"],
                "Share of loadings that positions show, and loadings with the undetected. "
                "Grain: month, port_id.",
            ),
            (
                ["facts", "ais_observations"],
                "What ship positions say of coal, in the ledger's columns; empty without "
                "positions. Grain: observation_id.",
            ),
        )
    ],
)
def coal_loadings(
    warehouse: WarehouseResource, sampling: Sampling
) -> Iterator[dg.MaterializeResult]:
    """From calls, silences and visits to laden departures, then to the ledger."""
    with warehouse.open().connect() as connection:
        priors = load_priors(read_frame(connection, "staged.feed_priors"))
        candidates = find_candidates(
            read_frame(connection, "shipping.port_calls"),
            read_frame(connection, "shipping.absences"),
            read_frame(connection, "staged.gfw_events"),
            read_frame(connection, "shipping.vessels"),
            read_frame(connection, "staged.ports"),
            priors,
        )
        loadings, cargo = estimate_loadings(
            candidates, priors, draws=sampling.draws, seed=sampling.seed
        )
        detection, drawn = estimate_detection(loadings, cargo, priors, seed=sampling.seed)
        received = read_frame(connection, "staged.ais_files")["received_at"].to_list()
        observations = as_observations(
            loadings,
            cargo,
            detection,
            drawn,
            retrieved_at=max(received, default=dt.datetime.now(dt.UTC)),
        )
        tables = {
            ("shipping", "loadings"): loadings,
            ("shipping", "loading_draws"): loading_draws(loadings, cargo),
            ("shipping", "detection"): detection,
            ("facts", "ais_observations"): observations,
        }
        for (schema, name), frame in tables.items():
            write_frame(connection, f"{schema}.{name}", frame)
            yield dg.MaterializeResult(
                asset_key=[schema, name],
                metadata=table_metadata(connection, f"{schema}.{name}"),
            )
