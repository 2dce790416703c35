"""The pass in NumPy keeps every row that the pass in SQL keeps, however a file is cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.schemas.shipping import POSITIONS_SCHEMA
from pipelines.shipping import synthetic as ais_generator
from pipelines.shipping.backends import DuckDBBackend
from pipelines.shipping.port_grid import BETWEEN, SEA, UNSURE, port_grid, port_map
from pipelines.shipping.sieve import LEGS_SCHEMA, OutOfOrder, parts_of, sieve
from pipelines.shipping.thresholds import Thresholds

PORTS = ais_generator.synthetic_ports()
PARAMETERS = Thresholds().parameters()


@pytest.fixture(scope="module")
def positions() -> pl.DataFrame:
    """Four ships over ten days with every fault."""
    return ais_generator.make(ships=4, days=10, seed=3, shared_share=0.5).positions


def _sieved(
    frame: pl.DataFrame, folder: Path, rows: int, ports: pl.DataFrame = PORTS
) -> pl.DataFrame:
    file = folder / f"{rows}.parquet"
    frame.write_parquet(file, row_group_size=rows)
    found = sieve(parts_of([file]), port_map(ports), PARAMETERS)
    assert found.rows_in == frame.height
    return found.legs


def _by_sql(frame: pl.DataFrame, folder: Path, ports: pl.DataFrame) -> pl.DataFrame:
    file = folder / "sql.parquet"
    frame.write_parquet(file)
    cells, candidates = port_grid(ports)
    with DuckDBBackend() as backend:
        backend.put("port_cells", cells)
        backend.put("port_candidates", candidates)
        backend.positions([file], [])
        backend.view("neighbours", PARAMETERS)
        backend.view("legs", PARAMETERS)
        return backend.frame("legs", PARAMETERS)


@pytest.mark.parametrize("rows", [1, 2, 3, 50, 977])
def test_row_groups_lose_no_row(positions: pl.DataFrame, tmp_path: Path, rows: int) -> None:
    few = positions.head(3_000)
    whole, cut = _sieved(few, tmp_path, few.height), _sieved(few, tmp_path, rows)
    # a group does not know the draught said before it, and keeps the next one said
    same = [name for name in cut.columns if name != "is_adrift"]
    assert whole.join(cut, on=same, how="anti", nulls_equal=True).is_empty()
    assert cut.height - whole.height <= few.height / rows


def test_every_row_of_the_sql_pass_is_kept(positions: pl.DataFrame, tmp_path: Path) -> None:
    # an empty draught is no change to the one pass, and the next one said is one to the other
    positions = positions.with_columns(
        pl.col("draught_m").forward_fill().backward_fill().over("mmsi")
    )
    # and it keeps every row of a cell that two ports share, which the other settles more finely,
    # and every stop of a stay, of which the first tells all
    apart = PORTS.head(15)
    kept = _sieved(positions, tmp_path, 5_000, apart)
    wanted = _by_sql(positions, tmp_path, apart)
    same = ["mmsi", "t", "lon", "lat", "draught_m", "is_stopped", "is_last", "prev_t"]
    missing = wanted.select(same).join(kept, on=same, how="anti", nulls_equal=True)
    assert missing.filter(~pl.col("is_stopped")).is_empty()
    assert missing.height < 0.02 * wanted.height
    assert kept.height < 1.5 * wanted.height  # and not many more


def _voyage(legs: list[tuple[float, float]]) -> pl.DataFrame:
    """A ship every ten minutes at a distance north of the first port (km) and a speed (knots)."""
    lon, lat = PORTS.row(0, named=True)["lon"], PORTS.row(0, named=True)["lat"]
    rows = [
        (299, 600 * i, lon, lat + km / 111.195, knots, None, None)
        for i, (km, knots) in enumerate(legs)
    ]
    return pl.DataFrame(rows, schema=POSITIONS_SCHEMA, orient="row")


@pytest.mark.parametrize("rows", [100, 4])
def test_a_stay_keeps_its_first_stop_alone(rows: int, tmp_path: Path) -> None:
    stay = [(1.0, 3.0), (1.0, 0.0), (1.0, 3.0), (1.0, 0.0), (1.0, 3.0), (1.0, 0.0)]
    away = [(9.0, 5.0), (9.9, 9.0)]
    kept = _sieved(_voyage([*stay, *away, *stay]), tmp_path, rows, PORTS.head(1))
    stops = kept.filter("is_stopped")["t"] // 600
    # the last row of all is kept for being the last; a block knows nothing of the one before
    assert {1, 9} <= set(stops)
    assert rows < 100 or stops.to_list() == [1, 9, 13]


@pytest.mark.parametrize(("first_km", "expected"), [(2.0, {0, 1, 7}), (3.5, set(range(8)))])
def test_drifting_between_the_circles_of_a_port_it_is_in_is_no_drift(
    first_km: float, expected: set[int], tmp_path: Path
) -> None:
    # 3.5 km off: inside the outer circle of 4 km alone, in port only who came from within 3 km
    frame = _voyage([(first_km, 5.0), *[(3.5, 5.0)] * 7])
    kept = _sieved(frame, tmp_path, 100, PORTS.head(1))
    assert set(kept["t"] // 600) == expected


def _adrift(frame: pl.DataFrame, folder: Path) -> set[int]:
    legs = _sieved(frame, folder, 100, PORTS.head(1))
    return set(legs.filter("is_adrift")["t"] // 600)


def test_who_drifts_on_outside_every_port_changes_no_state(tmp_path: Path) -> None:
    # out at sea: under way, slow five times; the last row of all is kept for being the last
    assert _adrift(_voyage([(20.0, 9.0), (22.0, 9.0), *[(22.0, 0.5)] * 6]), tmp_path) == set(
        range(2, 7)
    )
    # between the circles: known to be no stay only of who was seen outside before
    assert _adrift(_voyage([(9.0, 9.0), *[(3.5, 0.5)] * 5]), tmp_path) == {2, 3, 4}
    assert _adrift(_voyage([(3.5, 9.0), *[(3.5, 0.5)] * 5]), tmp_path) == set()


def test_a_silence_or_a_new_draught_while_adrift_may_change_a_state(tmp_path: Path) -> None:
    frame = _voyage([(20.0, 0.5)] * 9)
    later = frame.with_columns(
        t=pl.col("t") + pl.when(pl.int_range(9) > 4).then(18_000).otherwise(0)
    )
    assert _adrift(later, tmp_path) == {1, 2, 3, 4, 36, 37}
    deeper = frame.with_columns(draught_m=pl.Series([7.0, None, 7, 7, 8, 8, None, 8, 8]))
    assert _adrift(deeper, tmp_path) == {1, 2, 3, 5, 6, 7}


def test_a_draught_that_another_track_named_is_told_again(tmp_path: Path) -> None:
    # two ships on one MMSI: 9 m is new to the first, though the last position named it
    frame = _voyage([(20.0, 9.0), (900.0, 9.0), *[(20.0, 0.5)] * 5])
    frame = frame.with_columns(draught_m=pl.Series([7.0, 9, None, 9, 9, 9, 9]))
    assert _adrift(frame, tmp_path) == {4, 5}


def test_a_leg_no_ship_can_sail_begins_a_stretch(tmp_path: Path) -> None:
    far = _voyage([(20.0, 9.0), (21.0, 9.0), (500.0, 9.0), (501.0, 9.0), (22.0, 9.0), (23.0, 9.0)])
    for rows in (100, 1, 2):
        kept = _sieved(far, tmp_path, rows, PORTS.head(1))
        starts = {n: from_n for n, from_n in kept.select("n", "from_n").rows()}
        assert starts.items() <= {1: 1, 2: 1, 3: 3, 4: 3, 5: 5, 6: 5}.items()
        assert {1, 3, 5} <= starts.keys()


def test_sieve_numbers_the_reports_of_all_ships(positions: pl.DataFrame, tmp_path: Path) -> None:
    kept = _sieved(positions, tmp_path, 1_000)
    valid = positions.filter(pl.col("lat") <= 90).unique(["mmsi", "t"]).sort("mmsi", "t")
    expected = valid.with_row_index("n", offset=1).select("mmsi", "t", pl.col("n").cast(pl.Int64))
    assert_frame_equal(
        kept.select("mmsi", "t", "n"), kept.select("mmsi", "t").join(expected, on=["mmsi", "t"])
    )


@pytest.mark.parametrize("rows", [1, 100])
def test_invalid_places_alone_leave_nothing(rows: int, tmp_path: Path) -> None:
    frame = pl.DataFrame(
        [(299, t, 181.0, 91.0, None, None, None) for t in range(5)],
        schema=POSITIONS_SCHEMA,
        orient="row",
    )
    assert _sieved(frame, tmp_path, rows).schema == pl.Schema(LEGS_SCHEMA)
    assert _sieved(frame, tmp_path, rows).is_empty()


def _reports(rows: list[tuple[int, float, float]]) -> pl.DataFrame:
    """One ship's reports (t, lon, lat), nothing else said."""
    return pl.DataFrame(
        [(299000001, t, lon, lat, None, None, None) for t, lon, lat in rows],
        schema=POSITIONS_SCHEMA,
        orient="row",
    )


@pytest.mark.parametrize("rows", [1, 2, 3, 50])
def test_what_is_no_place_takes_no_report_s_second(rows: int, tmp_path: Path) -> None:
    # three seconds with a place; the second of them has two reports, and one before that has none
    first = [(0, 10.0, 38.0), (30, 10.0, 95.0)]
    second = [(60, 10.0, 95.0), (60, 10.0005, 38.0), (60, 10.001, 38.0)]
    legs = _sieved(_reports([*first, *second, (120, 10.0, 38.0)]), tmp_path, rows)
    assert legs["n"].max() == 3


def test_a_ship_is_heard_where_it_was_and_not_where_it_cannot_be(tmp_path: Path) -> None:
    # 91 degrees would lie in the last row of cells too
    nowhere = [(0, float("nan"), 38.0), (30, 10.2, 91.0)]
    file = tmp_path / "rows.parquet"
    _reports([*nowhere, (60, 10.2, 89.9), (90, 10.2, 91.0)]).write_parquet(file)
    heard = sieve(parts_of([file]), port_map(PORTS), PARAMETERS).heard
    # row 359 of 720 columns, column 380, the first hour
    assert heard.rows() == [(299000001, 258_860, 0)]


@pytest.mark.parametrize("rows", [1, 2, 100])
def test_rows_out_of_order_are_refused(rows: int, tmp_path: Path) -> None:
    times = {299: [0, 600, 300], 300: [0]}
    frame = pl.DataFrame(
        [(mmsi, t, 1.0, 1.0, None, None, None) for mmsi, ts in times.items() for t in ts],
        schema=POSITIONS_SCHEMA,
        orient="row",
    )
    with pytest.raises(OutOfOrder, match="order of time"):
        _sieved(frame, tmp_path, rows)
    apart = pl.concat([frame.head(2), frame.tail(1), frame.head(2).with_columns(t=pl.col("t") + 9)])
    with pytest.raises(OutOfOrder, match="more than one place"):
        _sieved(apart, tmp_path, rows)


def _by_day(positions: pl.DataFrame, folder: Path) -> list[Path]:
    """A file a day, as landed files are kept; each in two, cut between ships."""
    files = []
    for day, rows in sorted(positions.group_by(pl.col("t") // 86_400, maintain_order=True)):
        cut = rows["mmsi"].median()
        for number, is_mine in enumerate((pl.col("mmsi") < cut, pl.col("mmsi") >= cut)):
            files.append(folder / f"{day[0]}-{number}.parquet")
            rows.filter(is_mine).sort("mmsi", "t", maintain_order=True).write_parquet(
                files[-1], row_group_size=700
            )
    return files


def test_days_in_files_of_their_own_are_read_as_one(positions: pl.DataFrame, tmp_path: Path):
    positions = positions.filter(pl.col("lat") <= 90)
    whole = _sieved(positions, tmp_path, positions.height)
    days = sieve(parts_of(_by_day(positions, tmp_path)), port_map(PORTS), PARAMETERS)
    assert days.rows_in == positions.height
    assert_frame_equal(days.legs, whole)


def test_days_in_the_wrong_order_are_refused(positions: pl.DataFrame, tmp_path: Path):
    files = _by_day(positions, tmp_path)
    with pytest.raises(OutOfOrder, match="order of time"):
        sieve(parts_of(files[::-1]), port_map(PORTS), PARAMETERS)


def test_more_than_may_be_held_is_left_to_the_pass_that_sorts(positions, tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.shipping.sieve.MOST_MERGED", positions.height // 2)
    with pytest.raises(OutOfOrder, match="several files"):
        sieve(parts_of(_by_day(positions, tmp_path)), port_map(PORTS), PARAMETERS)


def test_map_agrees_with_the_nearest_port_of_random_places() -> None:
    rng = np.random.default_rng(1)
    near = PORTS.sample(40_000, with_replacement=True, seed=1)
    lon = near["lon"].to_numpy() + rng.uniform(-0.08, 0.08, near.height)
    lat = near["lat"].to_numpy() + rng.uniform(-0.06, 0.06, near.height)
    codes = port_map(PORTS).codes(lon, lat)
    east = (lon[:, None] - PORTS["lon"].to_numpy()) * np.cos(np.radians(PORTS["lat"].to_numpy()))
    apart_km = np.hypot(east, lat[:, None] - PORTS["lat"].to_numpy()) * 111.19508
    nearest, distance = apart_km.argmin(axis=1), apart_km.min(axis=1)
    inside = codes > 0
    assert (nearest[inside] + 1 == codes[inside]).all()
    assert (distance[inside] <= 3).all()
    assert (distance[codes == SEA] > 4).all()
    between = distance[codes == BETWEEN]
    assert ((between > 3) & (between <= 4)).all()
    assert (codes == UNSURE).mean() < 0.01


@pytest.mark.parametrize("lon", [-180.0, 20.0, 179.99])
def test_map_measures_across_the_antimeridian(lon: float) -> None:
    port = PORTS.head(1).with_columns(lon=pl.lit(lon), lat=pl.lit(60.0))
    rng = np.random.default_rng(2)
    east, north = rng.uniform(-0.12, 0.12, 20_000), rng.uniform(-0.06, 0.06, 20_000)
    codes = port_map(port).codes((lon + east + 180) % 360 - 180, 60 + north)
    # a degree of longitude is half as long at 60 north
    apart_km = np.hypot(east * 0.5, north) * 111.19508
    expected = np.where(apart_km <= 3, 1, np.where(apart_km <= 4, BETWEEN, SEA))
    assert (codes == expected).all()
