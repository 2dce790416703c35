"""Synthetic ship positions with the truth beside them. No ship, port call or meeting here is real.

Every ship sails straight lines between made-up ports, lies at berth, sometimes stops at sea, alone
or beside another, falls silent, and reports with the faults of real AIS: repeats (some of them
shifted), impossible places, places out of range, missing draughts and speeds, two ships on one
MMSI. The MMSI begin with 299, which the ITU has given to no country.

    python -m pipelines.shipping.synthetic --rows 1000000 --seed 1 --out data/synthetic

writes positions.parquet, sorted by ship and time, and truth_<gaps, calls, …>.parquet beside it.
Same arguments, same bytes.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

START_T = 1_735_689_600  # 2025-01-01, in a year nobody will mistake for evidence of these ships
FIRST_MMSI = 299_000_000
KM_PER_DEGREE = 111.195
REPORT_S = 360
GAP_S = 6 * 3600
_CYCLES_PER_DAY = 0.75
_CHUNK = 160


def synthetic_ports() -> pl.DataFrame:
    """Sixteen made-up ports in the Yellow Sea; the last two lie 5 km apart.

    Columns as `pipelines.schemas.shipping.PortCircles`, with `weight`, how often ships call.
    """
    rng = np.random.default_rng(7)
    lat = np.repeat(np.linspace(34.5, 39.0, 5), 3) + rng.uniform(-0.2, 0.2, 15)
    lon = np.tile(np.linspace(120.5, 125.5, 3), 5) + rng.uniform(-0.4, 0.4, 15)
    lat, lon = np.append(lat, lat[-1] + 5 / KM_PER_DEGREE), np.append(lon, lon[-1])
    return pl.DataFrame(
        {
            "port_id": np.arange(1, 17),
            "source": ["synthetic"] * 16,
            "code": [f"SYN{number:02d}" for number in range(1, 17)],
            "name": [f"Synthetic port {number}" for number in range(1, 17)],
            "country_iso3": ["ZZZ"] * 16,
            "lat": lat.round(4),
            "lon": lon.round(4),
            "is_coal_port": [number <= 2 for number in range(1, 17)],
            "r_in_km": [3.0] * 16,
            "r_out_km": [4.0] * 16,
            "weight": [3.0, 3.0] + [1.0] * 14,
        }
    )


@dataclass(frozen=True)
class _Voyages:
    """Way-points of ships, one row each: piecewise straight in time."""

    t: Floats
    lon: Floats
    lat: Floats
    arrived: Floats
    left: Floats
    port: Ints
    is_ring: NDArray[np.bool_]
    laden_before: NDArray[np.bool_]
    meet_start: Floats
    meet_end: Floats
    meet_km: Floats


def _hours(lon_a: Floats, lat_a: Floats, lon_b: Floats, lat_b: Floats, knots: Floats) -> Floats:
    east = (lon_b - lon_a) * np.cos(np.radians((lat_a + lat_b) / 2))
    return np.hypot(east, lat_b - lat_a) * KM_PER_DEGREE / 1.852 / knots


def _sail(
    rng: np.random.Generator, ships: int, days: int, ports: pl.DataFrame, shared: NDArray[np.bool_]
) -> _Voyages:
    """Plan every ship's voyages; ships 2k and 2k+1 sometimes meet."""
    cycles = int(days * _CYCLES_PER_DAY) + 3
    port_lon, port_lat = ports["lon"].to_numpy(), ports["lat"].to_numpy()
    share = ports["weight"].to_numpy() / ports["weight"].sum()
    at = rng.choice(ports.height, ships, p=share)
    clock = rng.uniform(-30, 0, ships) * 3600
    laden = rng.random(ships) < 0.5
    knots = rng.uniform(8, 14, ships)
    keep: dict[str, list[NDArray]] = {name: [] for name in _Voyages.__dataclass_fields__}
    for _ in range(cycles):
        is_ring = rng.random(ships) < 0.04
        # a berth lies well inside the inner circle; a waiting ship between the two circles
        reach = np.where(is_ring, rng.uniform(3.3, 3.7, ships), rng.uniform(0.1, 1.5, ships))
        turn = rng.uniform(0, 2 * np.pi, ships)
        lon = port_lon[at] + reach / KM_PER_DEGREE * np.cos(turn) / np.cos(np.radians(port_lat[at]))
        lat = port_lat[at] + reach / KM_PER_DEGREE * np.sin(turn)
        if keep["t"]:
            clock = clock + _hours(keep["lon"][-1], keep["lat"][-1], lon, lat, knots) * 3600
        stay = np.where(
            rng.random(ships) < 0.1, rng.uniform(0.7, 3, ships), rng.uniform(8, 60, ships)
        )
        arrived, left = clock, clock + stay * 3600
        goal = (at + rng.choice(np.arange(1, ports.height), ships)) % ports.height
        drawn = rng.choice(ports.height, ships, p=share)
        goal = np.where(drawn != at, drawn, goal)

        # a point on the way, off the straight line
        along = rng.uniform(0.35, 0.65, ships)
        sea_lon = lon + along * (port_lon[goal] - lon) + rng.uniform(-0.25, 0.25, ships)
        sea_lat = lat + along * (port_lat[goal] - lat) + rng.uniform(-0.25, 0.25, ships)
        meets = np.repeat(rng.random(ships // 2) < 0.05, 2) & ~shared
        sea_lon[1::2] = np.where(meets[1::2], sea_lon[0::2], sea_lon[1::2])
        sea_lat[1::2] = np.where(meets[1::2], sea_lat[0::2], sea_lat[1::2])
        away = np.min(
            np.hypot(
                (sea_lon[:, None] - port_lon) * np.cos(np.radians(sea_lat))[:, None],
                sea_lat[:, None] - port_lat,
            ),
            axis=1,
        )
        meets &= away * KM_PER_DEGREE > 9
        reached = left + _hours(lon, lat, sea_lon, sea_lat, knots) * 3600
        # who would be early leaves port later: nobody waits days for another
        both = np.repeat(np.maximum(reached[0::2], reached[1::2]), 2)
        held = np.clip(both - reached - rng.uniform(0, 5, ships) * 3600, 0, None) * meets
        left, reached = left + held, reached + held
        stops = meets | ((rng.random(ships) < 0.12) & (away * KM_PER_DEGREE > 9))
        later = np.repeat(np.maximum(reached[0::2], reached[1::2]), 2)
        start = np.where(meets, later, reached)
        # planted on both sides of two hours, never between 1.7 and 2.4
        short = np.repeat(rng.random(ships // 2) < 0.2, 2)
        long = np.where(short, rng.uniform(0.8, 1.7, ships), rng.uniform(2.4, 9, ships))
        long = np.where(meets, np.repeat(long[0::2], 2), rng.uniform(0.5, 10, ships))
        end = np.where(stops, start + long * 3600, start)
        apart = np.where(
            rng.random(ships // 2) < 0.15,
            rng.uniform(0.65, 0.9, ships // 2),
            rng.uniform(0.05, 0.35, ships // 2),
        )
        sea_lat[1::2] = np.where(meets[1::2], sea_lat[1::2] + apart / KM_PER_DEGREE, sea_lat[1::2])
        drift = np.where(
            meets, np.repeat(rng.uniform(-0.5, 0.5, ships // 2), 2), rng.uniform(-0.5, 0.5, ships)
        )
        drifted = sea_lon + drift * (end - start) / 3600 / 60
        for point in (
            (arrived, lon, lat),
            (left, lon, lat),
            (reached, sea_lon, sea_lat),
            (start, sea_lon, sea_lat),
            (end, drifted, sea_lat),
        ):
            for name, value in zip(("t", "lon", "lat"), point, strict=True):
                keep[name].append(value)
        once = {
            "arrived": arrived,
            "left": left,
            "port": at,
            "is_ring": is_ring,
            "laden_before": laden,
            "meet_start": np.where(meets, start, np.nan),
            "meet_end": np.where(meets, end, np.nan),
            "meet_km": np.repeat(apart, 2),
        }
        for name, value in once.items():
            keep[name].append(value)
        laden = np.where(is_ring, laden, ~laden)
        at, clock = goal, end
    return _Voyages(**{name: np.column_stack(values) for name, values in keep.items()})


def _spread(values: Floats, span: float) -> Floats:
    """Rows of times one after another on one axis, so that one search serves every ship."""
    return (values + np.arange(len(values))[:, None] * span).ravel()


@dataclass(frozen=True)
class Synthetic:
    """Positions of a few ships and what really happened to them."""

    positions: pl.DataFrame
    gaps: pl.DataFrame
    calls: pl.DataFrame
    encounters: pl.DataFrame
    draughts: pl.DataFrame
    waits: pl.DataFrame


def by_chance(waits: pl.DataFrame) -> pl.DataFrame:
    """Ships that happened to wait within 500 m of each other off a port for two hours."""
    close = waits.join(waits, how="cross", suffix="_b").filter(
        (pl.col("mmsi") < pl.col("mmsi_b"))
        & ((pl.col("lat") - pl.col("lat_b")).abs() < 0.51 / KM_PER_DEGREE)
    )
    east = (pl.col("lon") - pl.col("lon_b")) * pl.col("lat").radians().cos()
    apart = (east**2 + (pl.col("lat") - pl.col("lat_b")) ** 2).sqrt() * KM_PER_DEGREE
    return (
        close.filter(apart < 0.51)
        .select(
            mmsi_a="mmsi",
            mmsi_b="mmsi_b",
            start_t=pl.max_horizontal("start_t", "start_t_b"),
            end_t=pl.min_horizontal("end_t", "end_t_b"),
            is_planted=pl.lit(False),
        )
        .filter(pl.col("end_t") - pl.col("start_t") >= 6_600)
    )


def make(
    *,
    ships: int,
    days: int = 90,
    seed: int = 1,
    first_mmsi: int = FIRST_MMSI,
    shared_share: float = 0.01,
    noise: bool = True,
) -> Synthetic:
    """Positions of `ships` ships (even) over `days` days, in memory.

    Args:
        ships: number of ships; pairs of neighbours meet.
        first_mmsi: MMSI of the first ship; a pair that shares an MMSI uses the lower one.
        shared_share: share of pairs that broadcast one MMSI.
        noise: False leaves out every fault, repeats included.

    Returns:
        Synthetic: positions sorted by (mmsi, t, lon, lat, sog_kn, cog_deg, draught_m); truth of
        what the reports show: silences over six hours, stays at berth, meetings within 500 m of
        at least two hours, draughts before and after each stay.
    """
    if ships % 2 or ships < 2:
        raise ValueError(f"ships is {ships}; ships come in pairs")
    rng = np.random.default_rng([seed, first_mmsi])
    ports = synthetic_ports()
    shared = np.repeat(rng.random(ships // 2) < shared_share, 2)
    voyages = _sail(rng, ships, days, ports, shared)
    end = days * 86_400.0
    span = end + 4e7
    mmsi = first_mmsi + np.arange(ships)
    mmsi[1::2] = np.where(shared[1::2], mmsi[0::2], mmsi[1::2])

    # when they report
    count = int(end / REPORT_S * 1.1)
    times = np.cumsum(rng.integers(REPORT_S // 3, REPORT_S * 5 // 3 + 1, (ships, count)), axis=1)
    inside = times < end
    ship = np.repeat(np.arange(ships), count).reshape(ships, count)[inside]
    t = times[inside].astype(np.float64)

    # silences
    gap_count = rng.poisson(days / 55, ships)
    owner = np.repeat(np.arange(ships), gap_count)
    hours = np.where(
        rng.random(len(owner)) < 0.3,
        rng.choice([-1, 1], len(owner)) * rng.uniform(0.2, 0.8, len(owner)) + 6,
        rng.uniform(1, 96, len(owner)),
    )
    begins = rng.uniform(0, end, len(owner))
    ends = begins + hours * 3600
    # meetings stay in sight
    met = np.zeros(len(owner), dtype=bool)
    for column in range(voyages.meet_start.shape[1]):
        starts, stops = voyages.meet_start[owner, column], voyages.meet_end[owner, column]
        met |= (begins < stops + 3600) & (ends > starts - 3600)
    owner, begins, ends = owner[~met], begins[~met], ends[~met]
    key = t + ship * span
    change = np.zeros(len(key) + 1, dtype=np.int64)
    np.add.at(change, np.searchsorted(key, begins + owner * span), 1)
    np.add.at(change, np.searchsorted(key, ends + owner * span), -1)
    heard = np.cumsum(change)[:-1] == 0
    ship, t, key = ship[heard], t[heard], key[heard]

    # where they are, and how fast
    way = _spread(np.clip(voyages.t, -1e7, end + 2e7), span)
    way = np.maximum.accumulate(way)
    lon = np.interp(key, way, voyages.lon.ravel())
    lat = np.interp(key, way, voyages.lat.ravel())
    leg = np.clip(np.searchsorted(way, key, side="right"), 1, len(way) - 1)
    east = (voyages.lon.ravel()[leg] - voyages.lon.ravel()[leg - 1]) * np.cos(np.radians(lat))
    north = voyages.lat.ravel()[leg] - voyages.lat.ravel()[leg - 1]
    took = np.maximum(way[leg] - way[leg - 1], 1.0)
    sog = np.hypot(east, north) * 60 / (took / 3600)
    cog = np.degrees(np.arctan2(east, north)) % 360

    # what they say of their draught: mostly at departure, sometimes never
    ballast = rng.uniform(3.0, 4.5, ships)
    laden = ballast + rng.uniform(2.0, 4.0, ships)
    after = np.where(voyages.is_ring, voyages.laden_before, ~voyages.laden_before)
    tells = rng.random(after.shape) < 0.9
    told_at = voyages.left - rng.uniform(-2, 2, after.shape) * 3600
    told_at = np.maximum.accumulate(np.clip(told_at, voyages.arrived, None), axis=1)
    true_after = np.where(after, laden[:, None], ballast[:, None]).round(1)
    true_before = np.where(voyages.laden_before, laden[:, None], ballast[:, None]).round(1)
    said = np.where(tells, true_after, np.nan)
    # a call where nobody touched the set leaves the old value
    carried = np.column_stack([true_before[:, 0], said])
    known = np.maximum.accumulate(
        np.where(np.isnan(carried), 0, np.arange(carried.shape[1])), axis=1
    )
    carried = np.take_along_axis(carried, known, axis=1)
    slot = np.searchsorted(_spread(np.clip(told_at, -1e7, end + 2e7), span), key, side="right")
    calls_each = told_at.shape[1]
    draught = carried[ship, np.clip(slot - ship * calls_each, 0, calls_each)]

    truth = _truth(voyages, ship, t, mmsi, ports, end, true_before, true_after, tells, carried)

    rows = len(t)
    if noise:
        metre = 1 / KM_PER_DEGREE / 1000
        lon = lon + rng.normal(0, 5, rows) * metre
        lat = lat + rng.normal(0, 5, rows) * metre
        sog = np.clip(sog + rng.normal(0, 0.15, rows) * (sog > 0.2), 0, 30)
        stray = rng.random(rows) < 0.0005
        lon = np.where(stray, lon + rng.choice([-1, 1], rows) * rng.uniform(2, 12, rows), lon)
        lat = np.where(stray, lat + rng.uniform(-8, 8, rows), lat)
        lat = np.where(rng.random(rows) < 0.0005, 91.0, lat)
        draught = np.where(rng.random(rows) < 0.03, np.nan, draught)
        sog = np.where(rng.random(rows) < 0.01, np.nan, sog)
    columns = {
        "mmsi": mmsi[ship],
        "t": t.astype(np.int64) + START_T,
        "lon": lon.round(5),
        "lat": lat.round(5),
        "sog_kn": sog.round(1),
        "cog_deg": cog.round(1),
        "draught_m": draught,
    }
    frame = pl.DataFrame(columns)
    if noise:
        again = rng.integers(0, rows, rows // 50)
        copies = frame[again]
        moved = pl.Series(rng.random(copies.height) < 0.4)
        copies = copies.with_columns(
            lat=pl.when(moved).then(pl.col("lat") + 0.0001).otherwise("lat").round(5)
        )
        frame = pl.concat([frame, copies])
    frame = frame.with_columns(pl.col("sog_kn", "draught_m").fill_nan(None)).sort(
        "mmsi", "t", "lon", "lat", "sog_kn", "cog_deg", "draught_m", nulls_last=True
    )
    return Synthetic(frame, *truth)


def _truth(
    voyages: _Voyages,
    ship: Ints,
    t: Floats,
    mmsi: Ints,
    ports: pl.DataFrame,
    end: float,
    before: Floats,
    after: Floats,
    tells: NDArray[np.bool_],
    shown: Floats,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """What the reports show of what happened, before any fault is added."""

    def second(values: Floats) -> Ints:
        return values.astype(np.int64) + START_T

    step = np.diff(t)
    silent = np.flatnonzero((np.diff(ship) == 0) & (step > GAP_S))
    gaps = pl.DataFrame(
        {
            "mmsi": mmsi[ship[silent]],
            "off_t": second(t[silent]),
            "on_t": second(t[silent + 1]),
        }
    )
    span = end + 4e7
    key = t + ship * span
    who = np.repeat(np.arange(len(mmsi)), voyages.arrived.shape[1])
    first = np.searchsorted(key, voyages.arrived.clip(0).ravel() + who * span)
    last = np.searchsorted(key, voyages.left.clip(None, end).ravel() + who * span) - 1
    seen = (first < last) & (voyages.arrived.ravel() < end) & (voyages.left.ravel() > 0)
    low, high = t[first.clip(0, len(t) - 1)], t[last.clip(0)]
    visible = seen & (high - low >= 1800) & ~voyages.is_ring.ravel()
    port_ids = ports["port_id"].to_numpy()
    calls = pl.DataFrame(
        {
            "mmsi": mmsi[who],
            "port_id": port_ids[voyages.port.ravel()],
            "first_t": second(low),
            "last_t": second(high),
            "is_visible": visible,
        }
    )
    order = np.arange(voyages.arrived.shape[1])
    inner = (order > 0) & (order < len(order) - 1)
    whole = (
        (voyages.arrived > 12 * 3600) & (voyages.left < end - 5 * 86_400) & inner
    ).ravel() & visible
    draughts = calls.with_columns(
        draught_in_m=pl.Series(shown[:, :-1].ravel()),
        draught_out_m=pl.Series(after.ravel()),
        true_in_m=pl.Series(before.ravel()),
        is_told=pl.Series(tells.ravel()),
    ).filter(pl.Series(whole))
    pair = np.arange(0, len(mmsi), 2)
    starts, ends = voyages.meet_start[pair], voyages.meet_end[pair]
    near = (ends - starts >= 7200) & (voyages.meet_km[pair] <= 0.5) & (starts > 0) & (ends < end)
    at, cycle = np.nonzero(near)
    encounters = pl.DataFrame(
        {
            "mmsi_a": mmsi[pair[at]],
            "mmsi_b": mmsi[pair[at] + 1],
            "start_t": second(starts[at, cycle]),
            "end_t": second(ends[at, cycle]),
            "is_planted": np.ones(len(at), dtype=bool),
        }
    )
    stays = seen & ~voyages.is_ring.ravel()
    ring = voyages.is_ring.ravel() & (voyages.left.ravel() > 0) & (voyages.arrived.ravel() < end)
    waits = pl.DataFrame(
        {
            "mmsi": mmsi[who[ring]],
            "lon": voyages.lon[:, ::5].ravel()[ring],
            "lat": voyages.lat[:, ::5].ravel()[ring],
            "start_t": second(voyages.arrived.ravel()[ring]),
            "end_t": second(voyages.left.ravel()[ring]),
        }
    )
    return gaps, calls.filter(pl.Series(stays)), encounters, draughts, waits


TRUTHS = ("gaps", "calls", "encounters", "draughts")
"""Tables of truth. A stay is `is_visible` where reports span half an hour of it; a meeting is
`is_planted` where it was meant, else two ships waited at one place by chance."""


def ships_for(rows: int, days: int = 90) -> int:
    """An even number of ships that send about `rows` reports in `days` days."""
    each = days * 86_400 / REPORT_S
    return max(2, 2 * round(rows / each / 2))


def write(out: Path, *, rows: int, days: int = 90, seed: int = 1) -> Path:
    """Write positions.parquet and the truth beside it, a few ships at a time.

    Returns:
        The path of the positions.
    """
    out.mkdir(parents=True, exist_ok=True)
    ships = ships_for(rows, days)
    target = out / "positions.parquet"
    truths: dict[str, list[pl.DataFrame]] = {name: [] for name in (*TRUTHS, "waits")}
    writer: pq.ParquetWriter | None = None
    for start in range(0, ships, _CHUNK):
        made = make(
            ships=min(_CHUNK, ships - start),
            days=days,
            seed=seed,
            first_mmsi=FIRST_MMSI + start,
        )
        table = made.positions.to_arrow()
        writer = writer or pq.ParquetWriter(target, table.schema, compression="zstd")
        writer.write_table(table, row_group_size=122_880)
        for name, frames in truths.items():
            frames.append(getattr(made, name))
    assert writer is not None
    writer.close()
    truths["encounters"].append(by_chance(pl.concat(truths["waits"])))
    for name in TRUTHS:
        pl.concat(truths[name]).write_parquet(out / f"truth_{name}.parquet")
    return target


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    written = write(given.out, rows=given.rows, days=given.days, seed=given.seed)
    print(f"{written}: {pq.read_metadata(written).num_rows:,} synthetic positions")


if __name__ == "__main__":
    main()
