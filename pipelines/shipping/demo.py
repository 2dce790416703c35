"""The shipping chain on made-up ships, and how near it comes to what really happened to them.

Every ship here is invented: MMSI no country has, ports that do not exist, hulls drawn from the
priors. What the chain recovers is held against the truth it never saw.
"""

from __future__ import annotations

import datetime as dt
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import altair as alt
import jinja2
import numpy as np
import polars as pl
import vl_convert

from pipelines.schemas.gfw import GfwEvents
from pipelines.schemas.types import polars_schema
from pipelines.shipping import land, places
from pipelines.shipping.cargo import displacement_t, load_priors
from pipelines.shipping.days import build_day, day_files, day_reports, stale_days
from pipelines.shipping.detection import as_observations, estimate_detection
from pipelines.shipping.history import update_events
from pipelines.shipping.landing import FileReport, land_file
from pipelines.shipping.loadings import estimate_loadings, find_candidates
from pipelines.shipping.score import score
from pipelines.shipping.synthetic import START_T, TRUTHS, Synthetic, make, synthetic_ports
from pipelines.shipping.vessels import build_vessels
from pipelines.warehouse import Warehouse, write_frame

RECEIVED_AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SHIPS, DAYS, DRAWS = 60, 90, 2_000
LABEL = "SYNTHETIC: made-up ships, ports and tonnes; no statement about anything real"


@dataclass(frozen=True)
class Demo:
    """What the chain found and what was true.

    Attributes:
        report: what became of the dropped file's rows.
        tables: event tables, vessels, loadings, detection, observations.
        truth: laden departures from the coal ports, with their tonnes.
        monthly: true and recovered departures and tonnes by month.
        total: the same over the whole time, one row.
        seconds: how long the chain took.
    """

    report: FileReport
    tables: dict[str, pl.DataFrame]
    truth: pl.DataFrame
    monthly: pl.DataFrame
    total: pl.DataFrame
    seconds: float


def make_hulls(draughts: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """A hull for each ship, fit for the draughts it shows.

    Args:
        draughts: truth of the generator: mmsi, true_in_m, draught_out_m.
        seed: same seed, same hulls.

    Returns:
        mmsi, length_m, beam_m, design_draught_m, block_coefficient, lightship_share, ballast_share,
        imo_number (with a right check digit, of a range no ship has), name.
    """
    rng = np.random.default_rng(seed)
    priors = load_priors()
    ships = (
        draughts.group_by("mmsi")
        .agg(deepest=pl.max_horizontal("true_in_m", "draught_out_m").max())
        .sort("mmsi")
    )
    count = ships.height
    deepest = ships["deepest"].to_numpy()
    design = deepest * rng.uniform(1.0, 1.05, count)
    beam = design / priors["design_draught_per_beam"].draw(rng, (count,))
    number = np.arange(count) + 100_000
    digits = number[:, None] // 10 ** np.arange(5, -1, -1) % 10
    check = (digits * np.arange(7, 1, -1)).sum(axis=1) % 10
    return ships.select("mmsi").with_columns(
        length_m=pl.Series((beam * rng.uniform(5.8, 6.8, count)).round()),
        beam_m=pl.Series(beam.round()),
        design_draught_m=pl.Series(design),
        block_coefficient=pl.Series(priors["block_coefficient_design"].draw(rng, (count,))),
        lightship_share=pl.Series(priors["lightship_share"].draw(rng, (count,))),
        ballast_share=pl.Series(priors["ballast_share_of_dwt"].draw(rng, (count,))),
        imo_number=pl.Series(number * 10 + check),
        name=pl.format("SYNTHETIC {}", pl.int_range(1, count + 1)),
    )


def true_loadings(
    draughts: pl.DataFrame, hulls: pl.DataFrame, coal_ports: list[int]
) -> pl.DataFrame:
    """Laden departures from the coal ports and the tonnes each took on.

    Args:
        draughts: mmsi, port_id, first_t, last_t, true_in_m, draught_out_m.

    Returns:
        mmsi, port_id, departed_at, cargo_t.
    """
    stays = draughts.filter(
        pl.col("port_id").is_in(coal_ports) & (pl.col("draught_out_m") - pl.col("true_in_m") > 0.45)
    ).join(hulls, on="mmsi")

    def column(name: str) -> np.ndarray:
        return stays[name].to_numpy()

    hull = {
        "length_m": column("length_m"),
        "beam_m": column("beam_m"),
        "design_draught_m": column("design_draught_m"),
        "design_block_coefficient": column("block_coefficient"),
        "density_t_per_m3": load_priors()["water_density"].value,
    }
    full = displacement_t(column("design_draught_m"), **hull)
    arrived = displacement_t(column("true_in_m"), **hull)
    light = np.minimum(column("lightship_share") * full, arrived)
    ballast = np.minimum(column("ballast_share") * (full - light), arrived - light)
    cargo = displacement_t(column("draught_out_m"), **hull) - arrived + ballast
    return stays.select(
        "mmsi",
        "port_id",
        departed_at=pl.from_epoch("last_t", "s").cast(pl.Datetime("us")),
        cargo_t=pl.Series(cargo),
    ).sort("departed_at", "mmsi")


def _run(
    folder: Path, made: Synthetic, ports: pl.DataFrame, *, days: int, draws: int, seed: int
) -> Demo:
    """Send made-up positions through the whole chain; `folder` is the demo's own data folder."""
    began = time.monotonic()
    hulls = make_hulls(made.draughts, seed=seed)
    dropped = folder / "landing" / "ais" / "synthetic_positions.parquet"
    dropped.parent.mkdir(parents=True, exist_ok=True)
    particulars = hulls.select(
        "mmsi", "imo_number", "name", "length_m", width_m="beam_m", ship_type=pl.lit("70")
    )
    made.positions.join(particulars, on="mmsi", how="left").write_parquet(dropped)

    raw = folder / "raw" / "ais"
    report = land_file(dropped, raw / "files", received_at=RECEIVED_AT, cache_dir=folder / "cache")
    for day in stale_days(raw / "files", raw / "positions"):
        build_day(raw / "files", raw / "positions", day)
    known = ports.with_columns(locode=pl.lit(None, pl.String), is_transit_port=pl.lit(value=False))
    update = update_events(
        raw / "positions",
        raw / "history",
        known,
        places=lambda points: places.measure(points, known, cache_dir=folder / "cache"),
    )
    assert update.events is not None
    vessels = build_vessels(pl.read_parquet(raw / "files" / report.sha256 / "statics.parquet"))
    priors = load_priors()
    candidates = find_candidates(
        update.events["port_calls"],
        update.events["absences"],
        pl.DataFrame(schema=polars_schema(GfwEvents)),
        vessels,
        known,
        priors,
    )
    # the generator tells the truth of stays from half a day on to five days before its end
    begin = dt.datetime.fromtimestamp(START_T, dt.UTC).replace(tzinfo=None)
    candidates = candidates.filter(
        (pl.col("arrived_at") > begin + dt.timedelta(hours=12))
        & (pl.col("departed_at") < begin + dt.timedelta(days=days - 5))
    )
    loadings, cargo = estimate_loadings(candidates, priors, draws=draws, seed=seed)
    detection, drawn = estimate_detection(loadings, cargo, priors, seed=seed)
    observations = as_observations(
        loadings,
        cargo,
        detection,
        drawn,
        retrieved_at=RECEIVED_AT,
        origin_id="synthetic",
        source_id="synthetic",
    )
    truth = true_loadings(made.draughts, hulls, ports.filter("is_coal_port")["port_id"].to_list())
    tables = update.events | {
        "vessels": vessels,
        "loadings": loadings,
        "detection": detection,
        "observations": observations,
    }
    return Demo(
        report=report,
        tables=tables,
        truth=truth,
        monthly=_compared(truth, drawn, by=["month"]),
        total=_compared(truth, drawn, by=[]),
        seconds=time.monotonic() - began,
    )


def _compared(truth: pl.DataFrame, drawn: pl.DataFrame, *, by: list[str]) -> pl.DataFrame:
    """True and recovered departures and tonnes: added up within a draw, then cut."""
    happened = (
        truth.with_columns(month=pl.col("departed_at").dt.date().dt.month_start())
        .group_by(by or pl.lit(0).alias("all"))
        .agg(true_departures=pl.len(), true_t=pl.col("cargo_t").sum())
    )
    sums = drawn.group_by([*by, "draw"]).agg(
        pl.col("n_total", "cargo_t_seen", "cargo_t_total").sum()
    )
    cuts = sums.group_by(by or pl.lit(0).alias("all")).agg(
        *(
            pl.col(column).quantile(share).alias(f"{name}_{label}")
            for column, name in (
                ("n_total", "departures"),
                ("cargo_t_seen", "seen_t"),
                ("cargo_t_total", "total_t"),
            )
            for label, share in (("q05", 0.05), ("q50", 0.5), ("q95", 0.95))
        )
    )
    joined = happened.join(cuts, on=by or "all", how="full", coalesce=True).with_columns(
        is_true_inside=pl.col("true_t").is_between(pl.col("total_t_q05"), pl.col("total_t_q95"))
    )
    return joined.sort(by) if by else joined.drop("all")


def coast_cells(
    west: float, east: float, south: float, north: float, cache_dir: Path
) -> pl.DataFrame:
    """Land as runs of cells, three arc minutes a cell: lon, lon2, lat, lat2 (degrees)."""
    step = 0.05
    lon = np.arange(west, east, step)
    lat = np.arange(south, north, step)
    grid_lon, grid_lat = np.meshgrid(lon + step / 2, lat + step / 2)
    row, column = land.cell_of(grid_lon.ravel(), grid_lat.ravel())
    is_land = land.is_land_cell(row, column, cache_dir=cache_dir).reshape(grid_lon.shape)
    edges = np.diff(np.pad(is_land.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, starts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]
    return pl.DataFrame(
        {
            "lon": west + starts * step,
            "lon2": west + ends * step,
            "lat": lat[rows],
            "lat2": lat[rows] + step,
        }
    )


def _tracks(folder: Path, ships: int) -> pl.DataFrame:
    """Thinned positions of a few ships: one in two hours."""
    files = [
        file
        for one in day_reports(folder / "raw" / "ais" / "positions")[:21]
        for file in day_files(folder / "raw" / "ais" / "positions", one.day)
    ]
    rows = pl.concat([pl.scan_parquet(file) for file in files])
    chosen = rows.select(pl.col("mmsi").unique().sort().head(ships)).collect().to_series()
    return (
        rows.filter(
            pl.col("mmsi").is_in(chosen.implode()) & (pl.col("flags") & 0b111_0000_0000).eq(0)
        )
        .with_columns(slot=pl.col("t") // 7200)
        .group_by("mmsi", "slot")
        .agg(pl.col("t", "lon", "lat").sort_by("t").first())
        .sort("mmsi", "t")
        .collect()
    )


def _chart(frame: pl.DataFrame) -> Any:
    """An Altair chart; its fluent interface has no types to check."""
    return alt.Chart(frame)


def draw_map(found: Demo, folder: Path, ports: pl.DataFrame) -> str:
    """Tracks, silences and meetings as SVG; the coast is the land mask's own cells."""
    alt.data_transformers.disable_max_rows()
    lon, lat = ports["lon"].to_numpy(), ports["lat"].to_numpy()
    west, east = float(lon.min()) - 1.2, float(lon.max()) + 1.2
    south, north = float(lat.min()) - 0.8, float(lat.max()) + 0.8
    x = alt.X("lon:Q", scale=alt.Scale(domain=[west, east], nice=False), title="longitude, degrees")
    y = alt.Y(
        "lat:Q", scale=alt.Scale(domain=[south, north], nice=False), title="latitude, degrees"
    )

    def at(frame: pl.DataFrame, **more: Any) -> Any:
        return _chart(frame).encode(x=x, y=y, **more)

    ends = {"x2": "lon2:Q", "y2": "lat2:Q"}
    kinds = ("silence", "encounter", "coal port", "other port")
    colours = ("#b5482f", "#7a4fa3", "#222222", "#8a8a8a")
    color = alt.Color("kind:N", title=None, scale=alt.Scale(domain=kinds, range=colours))
    silences = (
        found.tables["gaps"]
        .filter(~pl.col("is_open"))
        .select(lon="off_lon", lat="off_lat", lon2="on_lon", lat2="on_lat", kind=pl.lit("silence"))
    )
    meetings = found.tables["encounters"].select("lon", "lat", kind=pl.lit("encounter"))
    harbours = ports.select(
        "lon",
        "lat",
        "name",
        kind=pl.when("is_coal_port").then(pl.lit("coal port")).otherwise(pl.lit("other port")),
    )
    layers = (
        at(coast_cells(west, east, south, north, folder / "cache"), **ends).mark_rect(
            color="#d9d4c8", clip=True
        ),
        at(_tracks(folder, 12), order="t:Q", detail="mmsi:N").mark_line(
            color="#4c78a8", opacity=0.35, strokeWidth=0.7, clip=True
        ),
        at(silences, **ends, color=color).mark_rule(strokeDash=[4, 3], strokeWidth=1.4, clip=True),
        at(meetings, color=color).mark_point(size=60, filled=True, clip=True),
        at(harbours, color=color).mark_point(shape="square", size=45, filled=True),
        at(harbours, text="name:N").mark_text(dy=-9, fontSize=9, color="#333"),
    )
    middle = np.cos(np.radians((south + north) / 2))
    width = 760
    chart = alt.layer(*layers).properties(
        width=width,
        height=round(width * (north - south) / ((east - west) * middle)),
        title="Synthetic ships: tracks of twelve over three weeks; all silences and encounters",
    )
    return vl_convert.vegalite_to_svg(chart.to_dict())


def draw_recovery(found: Demo) -> str:
    """True tonnes against the recovered interval, by month, as SVG."""
    drawn = _chart(found.monthly.with_columns(pl.col("month").cast(pl.String))).encode(
        x=alt.X("month:O", title=None, axis=alt.Axis(labelAngle=0))
    )
    low = alt.Y("total_t_q05:Q", title="tonnes", axis=alt.Axis(format="~s"))
    blue = "#4c78a8"
    bars = drawn.mark_rule(strokeWidth=9, opacity=0.4, color=blue).encode(y=low, y2="total_t_q95:Q")
    medians = drawn.mark_tick(width=22, thickness=2, color=blue).encode(y="total_t_q50:Q")
    truth = drawn.mark_point(size=70, filled=True, color="#b5482f").encode(y="true_t:Q")
    chart = (bars + medians + truth).properties(
        width=420,
        height=260,
        title="Synthetic coal loaded: truth (red) and 90 % interval recovered (blue)",
    )
    return vl_convert.vegalite_to_svg(chart.to_dict())


def _number(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.2f}" if abs(value) < 10 else f"{value:,.0f}"
    return "" if value is None else str(value)


def _rows(frame: pl.DataFrame) -> tuple[list[str], list[list[str]]]:
    return (
        [name.replace("_", " ") for name in frame.columns],
        [[_number(value) for value in row] for row in frame.rows()],
    )


def write_report(found: Demo, folder: Path, ports: pl.DataFrame, scores: pl.DataFrame) -> Path:
    """One page, no script, nothing loaded from anywhere: `folder/report.html`.

    Args:
        scores: precision and recall of the events against the truth.
    """
    by_rule = pl.DataFrame(
        sorted(found.report.counts.items()), schema=["rule", "rows"], orient="row"
    )
    tables = [
        ("Tonnes loaded: truth and what was recovered", *_rows(found.total)),
        ("The same by month", *_rows(found.monthly)),
        ("Events against the truth", *_rows(scores)),
        ("Rows by rule", *_rows(by_rule)),
    ]
    text = Path(__file__).with_suffix(".html.j2").read_text(encoding="utf-8")
    page = jinja2.Environment(autoescape=True).from_string(text)
    target = folder / "report.html"
    target.write_text(
        page.render(
            label=LABEL,
            report=found.report,
            seconds=f"{found.seconds:.1f}",
            tables=tables,
            figures=[draw_map(found, folder, ports), draw_recovery(found)],
        ),
        encoding="utf-8",
    )
    return target


def store(found: Demo, database: Path) -> int:
    """Every table of the demo into its own database, labelled; returns how many."""
    tables = found.tables | {"true_loadings": found.truth, "recovery": found.monthly}
    with Warehouse(database).connect() as connection:
        for name, frame in tables.items():
            table = f"synthetic.{name}"
            write_frame(connection, table, frame.with_columns(is_synthetic=pl.lit(value=True)))
            connection.execute(f"comment on table {table} is '{LABEL}'")
    return len(tables)


def make_demo(
    folder: Path, *, seed: int, ships: int = SHIPS, days: int = DAYS, draws: int = DRAWS
) -> tuple[Demo, pl.DataFrame, Path]:
    """Run the demo from nothing: (what was found, scores of the events, the report)."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    ports = synthetic_ports()
    made = make(ships=ships, days=days, seed=seed % 10_000)
    found = _run(folder, made, ports, days=days, draws=draws, seed=seed)
    truth = {name: getattr(made, name) for name in TRUTHS}
    scores = score(found.tables, truth)
    store(found, folder / "demo.duckdb")
    return found, scores, write_report(found, folder, ports, scores)
