"""Silence is judged against what was heard of others at that place in that time."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import polars as pl
import pytest

from pipelines.schemas.shipping import POSITIONS_SCHEMA
from pipelines.shipping import engine, places
from pipelines.shipping import synthetic as ais_generator
from pipelines.shipping.days import build_day, stale_days
from pipelines.shipping.history import update_events
from pipelines.shipping.landing import land_file

HOUR = 3600
PORTS = pl.DataFrame(
    {"port_id": [5], "lat": [38.0], "lon": [124.0], "r_in_km": [3.0], "r_out_km": [4.0]}
)


def _events(
    rows: list[tuple], folder: Path, ports: pl.DataFrame = PORTS
) -> dict[str, pl.DataFrame]:
    """Events of rows (mmsi, t, lon, lat, draught)."""
    frame = pl.DataFrame(
        [(mmsi, t, lon, lat, 1.0, None, draught) for mmsi, t, lon, lat, draught in sorted(rows)],
        schema=POSITIONS_SCHEMA,
        orient="row",
    )
    file = folder / "rows.parquet"
    frame.write_parquet(file)
    last = engine.run([file], PORTS, until_t=max(row[1] for row in rows) + 1)
    return engine.finish(
        last.settled, last, places=lambda points: places.measure(points, PORTS, cache_dir=None)
    )


def _every(mmsi: int, first: int, last: int, lon: float = 122.2, lat: float = 36.2) -> list[tuple]:
    """Reports every ten minutes from one second to another, both included."""
    return [(mmsi, t, lon, lat, 5.0) for t in range(first, last + 1, 600)]


def _silent_ship(hours: float) -> list[tuple]:
    """A ship that reports for two hours, is silent, and reports again where it was."""
    back = int((2 + hours) * HOUR)
    return _every(299000001, 0, 2 * HOUR) + _every(299000001, back, back + 2 * HOUR)


def test_nobody_heard_is_an_outage_and_no_gap(tmp_path: Path) -> None:
    events = _events(_silent_ship(48), tmp_path)
    assert events["gaps"].is_empty()
    absence = events["absences"].row(0, named=True)
    assert (absence["gap_hours"], absence["off_heard_hours"], absence["is_gap"]) == (48, 0, False)


@pytest.mark.parametrize(("heard_hours", "expected"), [(5, 0), (6, 0), (7, 1), (40, 1)])
def test_a_gap_needs_more_than_six_hours_of_others(
    heard_hours: int, expected: int, tmp_path: Path
) -> None:
    # silent from 02:00 on; the other ship is heard from 10:00, well inside the silence
    other = _every(299000002, 10 * HOUR, (10 + heard_hours) * HOUR - 600)
    gaps = _events(_silent_ship(48) + other, tmp_path)["gaps"]
    assert gaps.height == expected
    if expected:
        found = gaps.row(0, named=True)
        assert found["off_heard_hours"] == found["on_heard_hours"] == heard_hours
        assert found["off_ships_heard"] == 2


@pytest.mark.parametrize(("degrees", "expected"), [(0.45, 1), (1.2, 0), (20.0, 0)])
def test_others_count_only_near_where_it_fell_silent(
    degrees: float, expected: int, tmp_path: Path
) -> None:
    other = _every(299000002, 0, 52 * HOUR, lon=122.2 + degrees)
    assert _events(_silent_ship(48) + other, tmp_path)["gaps"].height == expected


def test_the_ship_itself_is_no_other(tmp_path: Path) -> None:
    # its own reports fill the first and the last hour of the silence: they prove nothing
    rows = _every(299000001, 0, 2 * HOUR + 1200) + _every(299000001, 10 * HOUR + 1800, 12 * HOUR)
    absence = _events(rows, tmp_path)["absences"].row(0, named=True)
    assert absence["off_heard_hours"] == 0
    # a second ship in the same hours does: 40 minutes of the first, 30 of the last
    beside = _every(299000002, 2 * HOUR, 2 * HOUR + 1800) + _every(299000002, 10 * HOUR, 11 * HOUR)
    absence = _events(rows + beside, tmp_path)["absences"].row(0, named=True)
    assert absence["off_heard_hours"] == pytest.approx(40 / 60 + 30 / 60)


def test_reception_counts_ships_and_hours_by_cell_and_day(tmp_path: Path) -> None:
    rows = _every(299000001, 0, 26 * HOUR) + _every(299000002, 3 * HOUR, 5 * HOUR)
    rows += _every(299000003, 0, HOUR, lon=-0.1, lat=-0.1)
    found = _events(rows, tmp_path)["reception"]
    assert found.rows() == [
        (-0.5, -0.5, dt.date(1970, 1, 1), 1, 2, 0),
        (36.0, 122.0, dt.date(1970, 1, 1), 2, 24, 3),
        (36.0, 122.0, dt.date(1970, 1, 2), 1, 3, 0),
    ]


def _cell(lon: float, lat: float) -> tuple[int, int]:
    return math.floor(lat * 2), math.floor(lon * 2)


def _heard_by_hand(rows: list[tuple], ship: int, place: tuple, off: int, end: int) -> float:
    """Hours of a silence in which others were heard round a place, counted hour by hour."""
    row, column = _cell(*place)
    around = {(row + up, column + right) for up in (-1, 0, 1) for right in (-1, 0, 1)}
    heard: dict[int, dict[tuple, set[int]]] = {}
    for mmsi, t, lon, lat in rows:
        if off // HOUR <= t // HOUR <= end // HOUR and _cell(lon, lat) in around:
            heard.setdefault(t // HOUR, {}).setdefault(_cell(lon, lat), set()).add(mmsi)
    seconds = 0
    for hour in range(off // HOUR, end // HOUR + 1):
        ships = heard.get(hour, {}).values()
        at_an_end = hour in (off // HOUR, end // HOUR)
        if any(len(one) > 1 for one in ships) if at_an_end else any(ships):
            seconds += min(end, (hour + 1) * HOUR) - max(off, hour * HOUR)
    return seconds / HOUR


def test_hours_heard_agree_with_a_count_by_hand(tmp_path: Path) -> None:
    made = ais_generator.make(ships=30, days=12, seed=11, shared_share=0.2)
    file = tmp_path / "positions.parquet"
    made.positions.write_parquet(file, row_group_size=5_000)
    ports = ais_generator.synthetic_ports()
    end = ais_generator.START_T + 12 * 86_400
    last = engine.run([file], ports, until_t=end)
    absences = engine.finish(
        last.settled, last, places=lambda points: places.measure(points, ports, cache_dir=None)
    )["absences"]
    valid = made.positions.filter((pl.col("lon").abs() <= 180) & (pl.col("lat").abs() <= 90))
    rows = valid.select("mmsi", "t", "lon", "lat").rows()
    kinds = set()
    for one in absences.iter_rows(named=True):
        off = int(one["off_at"].replace(tzinfo=dt.UTC).timestamp())
        until = end if one["is_open"] else int(one["on_at"].replace(tzinfo=dt.UTC).timestamp())
        by_hand = _heard_by_hand(rows, one["mmsi"], (one["off_lon"], one["off_lat"]), off, until)
        assert one["off_heard_hours"] == pytest.approx(by_hand)
        assert one["is_gap"] == (by_hand > 6)
        kinds.add(one["is_gap"])
    assert kinds == {True, False}


def test_a_call_and_a_meeting_cut_by_an_outage_say_so(tmp_path: Path) -> None:
    # into port, then nobody is heard for two days; the ship is next seen far out at sea
    lie = [(299000001, 600 * n, 124.0, 38 + (20 - 4 * n) / 111.195, 4.0) for n in range(4)]
    lie += [(299000001, t, 124.0, 38.0, 4.0) for t in range(2400, 4 * HOUR, 600)]
    out = [(299000001, t, 122.2, 36.2, 7.0) for t in range(52 * HOUR, 54 * HOUR, 600)]
    meet = _every(299000002, 0, 4 * HOUR) + _every(299000003, 0, 4 * HOUR, lat=36.202)
    later = _every(299000002, 52 * HOUR, 56 * HOUR) + _every(299000003, 52 * HOUR, 53 * HOUR)
    events = _events(lie + out + meet + later, tmp_path)
    call = events["port_calls"].row(0, named=True)
    assert (call["is_start_cut"], call["is_end_cut"]) == (False, True)
    # the draught is read as ever
    assert events["draught_changes"]["operation"].to_list() == ["loaded"]
    first = events["encounters"].row(0, named=True)
    assert (first["is_start_cut"], first["is_end_cut"]) == (False, True)
    # with others heard throughout, the same silence is the ship's own and cuts nothing
    watch = _every(299000009, 0, 56 * HOUR, lon=124.3, lat=38.3)
    watch += _every(299000008, 0, 56 * HOUR, lon=122.4, lat=36.4)
    events = _events(lie + out + meet + later + watch, tmp_path)
    assert not events["port_calls"]["is_end_cut"].any()
    assert not events["encounters"]["is_end_cut"].any()
    assert events["gaps"].height >= 3


def test_two_months_with_an_outage_hold_no_gap(
    shared_dir: Path, tmp_path: Path, land_mask_dir: Path
) -> None:
    landed, positions = tmp_path / "landed", tmp_path / "positions"
    report = land_file(
        shared_dir / "cases" / "ais_two_months.csv",
        landed,
        received_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        cache_dir=land_mask_dir,
    )
    assert report.rows_kept == 960
    for day in stale_days(landed, positions):
        build_day(landed, positions, day)
    # days with positions are days with data; the two months between are not
    assert list(report.days) == ["2024-01-10", "2024-03-10"]
    assert len(list(positions.glob("day=*"))) == 2
    found = update_events(
        positions,
        tmp_path / "history",
        PORTS,
        places=lambda points: places.measure(points, PORTS, cache_dir=land_mask_dir),
    )
    assert found.events is not None
    assert found.events["gaps"].is_empty()
    silent = found.events["absences"]
    assert silent.height == 10
    assert not silent["is_gap"].any()
    assert (silent["gap_hours"] > 59 * 24 * 0.99).all()
