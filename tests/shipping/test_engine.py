"""The engine's events do not depend on how the work is cut, and a second writing agrees."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.schemas.shipping import EVENTS, POSITIONS_SCHEMA, empty_events
from pipelines.shipping import engine, places
from pipelines.shipping import score as ais_score
from pipelines.shipping import synthetic as ais_generator
from pipelines.shipping.backends import EngineError
from tests.fixtures import ais_oracle

START = ais_generator.START_T
PORTS = ais_generator.synthetic_ports()


def finished(
    cuts: Sequence[tuple[Path, int | None, int]],
    ports: pl.DataFrame = PORTS,
    held: list[int] | None = None,
    **options: Any,
) -> dict[str, pl.DataFrame]:
    """Events of partitions (file, from_t, until_t) run one after another.

    ``held`` gets the rows of the state after each.
    """
    state = None
    settled: dict[str, list[pl.DataFrame]] = {name: [] for name in engine.EVENT_PARTS}
    last = None
    for file, from_t, until_t in cuts:
        last = engine.run(
            [file],
            ports,
            state=state,
            from_t=from_t,
            until_t=until_t,
            **options,
        )
        state = last.state
        if held is not None:
            held.append(sum(frame.height for frame in state.tables.values()))
        for name, frame in last.settled.items():
            settled[name].append(frame)
    assert last is not None
    events = engine.finish(
        {name: pl.concat(frames) for name, frames in settled.items()},
        last,
        places=lambda points: places.measure(points, ports, cache_dir=None),
    )
    return {name: EVENTS[name].validate(frame, lazy=True) for name, frame in events.items()}


def assert_same(left: dict[str, pl.DataFrame], right: dict[str, pl.DataFrame]) -> None:
    """Every event table equal, row by row."""
    assert list(left) == list(right)
    for name in left:
        assert_frame_equal(left[name], right[name], abs_tol=0, rel_tol=0)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pl.DataFrame, int]:
    """Eight ships over 24 days with every fault, some sharing an MMSI."""
    made = ais_generator.make(ships=8, days=24, seed=11, shared_share=0.5)
    file = tmp_path_factory.mktemp("fleet") / "positions.parquet"
    made.positions.write_parquet(file, row_group_size=5_000)
    return file, made.positions, START + 24 * 86_400


@pytest.fixture(scope="module")
def whole(fleet: tuple[Path, pl.DataFrame, int]) -> dict[str, pl.DataFrame]:
    """Events of the fleet in one go."""
    return finished([(fleet[0], None, fleet[2])])


def test_fleet_has_every_kind_of_event(whole: dict[str, pl.DataFrame]) -> None:
    # eight ships are too few to hear one another for long: their silences prove no gap
    assert [name for name, frame in whole.items() if not frame.height] == ["gaps"]
    assert whole["tracks"]["is_noise"].any()
    assert (whole["tracks"]["n_pieces"] > 5).any()


def test_oracle_agrees_row_by_row(
    fleet: tuple[Path, pl.DataFrame, int], whole: dict[str, pl.DataFrame]
) -> None:
    expected = ais_oracle.events(fleet[1], PORTS)
    found = ais_oracle.shape_like_oracle(whole)
    for name in expected:
        assert_frame_equal(found[name], expected[name], check_exact=True)


@given(data=st.data())
@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_cut_into_partitions_gives_the_same_events(
    data: st.DataObject, fleet: tuple[Path, pl.DataFrame, int], whole: dict[str, pl.DataFrame]
) -> None:
    file, positions, end = fleet
    anywhere = st.integers(START, end)
    # cuts at a report's own second and beside it are the hard ones
    at_report = st.sampled_from(positions["t"].unique().to_list()).flatmap(
        lambda t: st.sampled_from([t - 1, t, t + 1])
    )
    cuts = sorted(data.draw(st.lists(anywhere | at_report, min_size=1, max_size=5)))
    starts: list[int | None] = [None, *cuts]
    ends = [*cuts, end]
    partitions = [(file, one, two) for one, two in zip(starts, ends, strict=True)]
    assert_same(finished(partitions), whole)


def test_days_give_the_same_events_and_a_state_that_does_not_grow(
    fleet: tuple[Path, pl.DataFrame, int], whole: dict[str, pl.DataFrame]
) -> None:
    file, _, end = fleet
    held: list[int] = []
    days = [(file, day, day + 86_400) for day in range(START, end, 86_400)]
    assert_same(finished(days, held=held), whole)
    assert max(held[-8:]) <= 2 * max(held[4:12])


@pytest.mark.parametrize(("buckets", "workers"), [(1, 1), (3, 2), (7, 3)])
def test_buckets_and_threads_do_not_matter(
    buckets: int,
    workers: int,
    fleet: tuple[Path, pl.DataFrame, int],
    whole: dict[str, pl.DataFrame],
) -> None:
    file, _, end = fleet
    assert_same(finished([(file, None, end)], buckets=buckets, workers=workers), whole)


@pytest.mark.parametrize("slots", [1, 40])
def test_spans_of_slots_do_not_matter(
    slots: int,
    fleet: tuple[Path, pl.DataFrame, int],
    whole: dict[str, pl.DataFrame],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file, _, end = fleet
    monkeypatch.setattr(engine, "SLOTS_AT_ONCE", slots)
    monkeypatch.setattr(engine, "SLOTS_HELD", 3 * slots)
    middle = START + 12 * 86_400 + 4_321
    assert whole["encounters"].height
    if slots > 1:  # one slot at a time is slow: once is enough
        assert_same(finished([(file, None, middle), (file, middle, end)]), whole)
    half = pl.read_parquet(file).filter(pl.col("t") < START + 3 * 86_400)
    few = file.with_name("few.parquet")
    half.write_parquet(few)
    found = finished([(few, None, START + 3 * 86_400)])
    monkeypatch.undo()
    assert_same(found, finished([(few, None, START + 3 * 86_400)]))


@pytest.mark.parametrize("contact_m", [200, 500, 2_000])
def test_ships_in_contact_are_never_passed_over(contact_m: int) -> None:
    rng = np.random.default_rng(contact_m)
    pairs = 20_000
    degrees = contact_m / 111_195.08
    lat = rng.uniform(-84, 84, pairs)
    # on both sides of the antimeridian as often as anywhere else
    lon = np.where(np.arange(pairs) % 2, rng.uniform(-180, 180, pairs), 180.0)
    turn = rng.uniform(0, 2 * np.pi, pairs)
    far = degrees * rng.uniform(0.9, 1, pairs)
    east = lon + far * np.sin(turn) / np.cos(np.radians(lat))
    slots = pl.DataFrame(
        {
            "mmsi": np.arange(2 * pairs),
            "slot": np.tile(np.arange(pairs), 2),
            "lon": np.concatenate([lon, (east + 180) % 360 - 180]),
            "lat": np.concatenate([lat, lat + far * np.cos(turn)]),
        }
    )
    # in the same places, but at slots when nobody else is there
    alone = slots.with_columns(slot=pl.col("mmsi") + pairs)
    kept = engine._beside_others(pl.concat([slots, alone]), degrees)
    assert_frame_equal(kept, slots)


def test_order_of_the_rows_does_not_matter(
    fleet: tuple[Path, pl.DataFrame, int], whole: dict[str, pl.DataFrame], tmp_path: Path
) -> None:
    _, positions, end = fleet
    shuffled = tmp_path / "shuffled.parquet"
    positions.sample(fraction=1, shuffle=True, seed=3).write_parquet(shuffled)
    run = engine.run([shuffled], PORTS, until_t=end)
    assert run.sorted_first >= 1  # rows out of order were noticed, not trusted
    assert run.streamed == 0
    assert_same(finished([(shuffled, None, end)]), whole)


def test_order_of_ties_does_not_matter(
    fleet: tuple[Path, pl.DataFrame, int], whole: dict[str, pl.DataFrame], tmp_path: Path
) -> None:
    _, positions, end = fleet
    turned = tmp_path / "turned.parquet"
    positions.reverse().sort("mmsi", "t", maintain_order=True).write_parquet(turned)
    run = engine.run([turned], PORTS, until_t=end)
    assert run.sorted_first == 0
    assert_same(finished([(turned, None, end)]), whole)


def test_rows_in_are_rows_kept_and_rows_repeated_or_out_of_range(
    fleet: tuple[Path, pl.DataFrame, int], whole: dict[str, pl.DataFrame]
) -> None:
    file, positions, end = fleet
    run = engine.run([file], PORTS, until_t=end)
    valid = positions.filter(pl.col("lat") <= 90)
    assert run.rows_in == positions.height
    assert run.rows_kept == valid.select("mmsi", "t").n_unique()
    assert whole["tracks"]["n_positions"].sum() == run.rows_kept


def test_end_of_the_data_is_found_without_the_footers_help(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        [(299, t, 122.0, 36.0, 9.0, None, None) for t in (5, 77, 900)],
        schema=POSITIONS_SCHEMA,
        orient="row",
    )
    for is_told in (True, False):
        frame.write_parquet(tmp_path / "some.parquet", statistics=is_told)
        frame.head(2).write_parquet(tmp_path / "more.parquet", row_group_size=1)
        files = [tmp_path / "more.parquet", tmp_path / "some.parquet"]
        assert engine.run(files, ais_generator.synthetic_ports()).state.until_t == 901


def test_truth_is_found(tmp_path: Path) -> None:
    made = ais_generator.make(ships=24, days=45, seed=5, shared_share=0.0)
    file = tmp_path / "positions.parquet"
    made.positions.write_parquet(file)
    events = finished([(file, None, START + 45 * 86_400)])
    truth = {name: getattr(made, name) for name in ais_generator.TRUTHS}
    truth["encounters"] = pl.concat([made.encounters, ais_generator.by_chance(made.waits)])
    scores = {row["stage"]: row for row in ais_score.score(events, truth).iter_rows(named=True)}
    assert scores["encounters"]["true"] >= 4
    for stage, least in (("silences", 0.98), ("port calls", 0.98), ("encounters", 0.95)):
        assert scores[stage]["recall"] >= least, scores[stage]
        assert scores[stage]["precision"] >= least, scores[stage]
    assert scores["draught in and out"]["recall"] >= 0.9


def test_partition_before_the_state_is_refused(fleet: tuple[Path, pl.DataFrame, int]) -> None:
    file, _, _ = fleet
    state = engine.run([file], PORTS, until_t=START + 86_400).state
    with pytest.raises(EngineError, match="run the history again"):
        engine.run([file], PORTS, state=state, from_t=START, until_t=START + 2 * 86_400)


def test_no_positions_give_empty_tables(tmp_path: Path) -> None:
    file = tmp_path / "none.parquet"
    pl.DataFrame(schema=POSITIONS_SCHEMA).write_parquet(file)
    events = finished([(file, None, START)])
    for name in EVENTS:
        assert events[name].schema == empty_events(name).schema
        assert events[name].is_empty()


# small tracks by hand --------------------------------------------------------------------------

KM = 1 / 111.19508
HARBOUR = pl.DataFrame(
    {"port_id": [5], "lon": [124.0], "lat": [38.0], "r_in_km": [3.0], "r_out_km": [4.0]}
)


def events_of(
    rows: list[tuple], tmp_path: Path, ports: pl.DataFrame = HARBOUR
) -> dict[str, pl.DataFrame]:
    """Events of (mmsi, t, lon, lat, sog_kn, draught_m) rows; also checked against the oracle."""
    frame = pl.DataFrame(
        [
            (mmsi, t, float(lon), float(lat), sog, None, draught)
            for mmsi, t, lon, lat, sog, draught in rows
        ],
        schema=POSITIONS_SCHEMA,
        orient="row",
    )
    file = tmp_path / "rows.parquet"
    frame.write_parquet(file)
    events = finished([(file, None, max(row[1] for row in rows) + 1)], ports)
    expected = ais_oracle.events(frame, ports)
    for name, found in ais_oracle.shape_like_oracle(events).items():
        assert_frame_equal(found, expected[name], check_exact=True)
    return events


@pytest.mark.parametrize(("seconds", "expected"), [(21_599, 0), (21_600, 0), (21_601, 1)])
def test_gap_is_longer_than_six_hours(seconds: int, expected: int, tmp_path: Path) -> None:
    rows = [(299, t, 122, 36, 10.0, None) for t in (0, 600, 600 + seconds, 1200 + seconds)]
    gaps = events_of(rows, tmp_path)["absences"]
    assert gaps.height == expected
    if expected:
        assert gaps["gap_hours"].item() == pytest.approx(seconds / 3600)
        assert gaps["distance_km"].item() == 0


def test_gap_speed_is_distance_over_silence(tmp_path: Path) -> None:
    # one degree of latitude, 60 nautical miles, in ten hours
    rows = [(299, t, 122, lat, 10.0, None) for t, lat in ((0, 36), (600, 36), (36_600, 37))]
    gap = events_of(rows, tmp_path)["absences"].row(0, named=True)
    assert gap["implied_speed_kn"] == pytest.approx(6.004, abs=0.002)
    assert gap["off_port_id"] == 5
    assert gap["off_port_km"] == pytest.approx(286, abs=2)


def _stay(hours: float, km: float, *, sog: float = 0.0) -> list[tuple]:
    """From 20 km north into a stay `km` north of the harbour and out again."""
    away = [(299, 600 * i, 124, 38 + (20 - 4 * i) * KM, 12.0, 4.0) for i in range(4)]
    start = 3_000
    count = int(hours * 6) + 1
    stay = [(299, start + 600 * i, 124, 38 + km * KM, sog, 4.0) for i in range(count)]
    end = stay[-1][1]
    out = [(299, end + 600 * i, 124, 38 + (4 + 4 * i) * KM, 12.0, 7.0) for i in range(1, 5)]
    return away + stay + out


@pytest.mark.parametrize(("km", "expected"), [(2.99, 1), (3.01, 0), (3.9, 0)])
def test_port_is_entered_inside_three_km(km: float, expected: int, tmp_path: Path) -> None:
    assert events_of(_stay(6, km), tmp_path)["port_calls"].height == expected


def test_port_is_left_beyond_four_km_only(tmp_path: Path) -> None:
    rows = _stay(2, 1)
    first_out = next(i for i, row in enumerate(rows) if i > 6 and row[3] > 38 + 3.5 * KM)
    # between the circles and back again: still one call
    between = [(299, rows[first_out][1] - 300, 124, 38 + 3.9 * KM, 1.0, 4.0)]
    calls = events_of(rows[:first_out] + between + rows[first_out:], tmp_path)["port_calls"]
    assert calls.height == 1
    assert calls["left_at"].dt.epoch("s").item() == between[0][1]


@pytest.mark.parametrize(("hours", "expected"), [(2 / 6, 0), (3 / 6, 1)])
def test_call_lasts_half_an_hour(hours: float, expected: int, tmp_path: Path) -> None:
    assert events_of(_stay(hours, 1), tmp_path)["port_calls"].height == expected


def test_draught_in_is_before_and_out_is_after_the_call(tmp_path: Path) -> None:
    change = events_of(_stay(6, 1), tmp_path)["draught_changes"].row(0, named=True)
    assert (change["draught_in_m"], change["draught_out_m"]) == (4.0, 7.0)
    assert change["draught_change_m"] == 3.0
    assert change["operation"] == "loaded"


@pytest.mark.parametrize(
    ("part", "sog", "confidence"),
    [
        (slice(None), 0.0, 4),
        (slice(4, None), 0.0, 3),
        (slice(4, -4), 0.0, 2),
        (slice(None), 5.0, 1),
    ],
)
def test_confidence_counts_entry_exit_and_stop(
    part: slice, sog: float, confidence: int, tmp_path: Path
) -> None:
    calls = events_of(_stay(6, 1, sog=sog)[part], tmp_path)["port_calls"]
    assert calls["confidence"].to_list() == [confidence]


def test_nearest_of_two_close_ports_wins(tmp_path: Path) -> None:
    ports = pl.concat([HARBOUR, HARBOUR.with_columns(port_id=pl.lit(6, pl.Int64), lat=38 + 5 * KM)])
    for km, port in ((2.4, 5), (2.6, 6)):
        rows = [(299, 600 * i, 124, 38 + km * KM, 0.0, None) for i in range(7)]
        assert events_of(rows, tmp_path, ports)["port_calls"]["port_id"].to_list() == [port]


def _pair(metres: float, minutes: int, lon: float = 122.0) -> list[tuple]:
    """Two ships `metres` apart for `minutes`, sailing in from and out to the far sides."""
    rows = []
    for mmsi, side in ((298, -1), (299, 1)):
        for i in range(-6, minutes // 10 + 7):
            far = max(0, -i, i - minutes // 10) * 3 * KM
            x = lon + side * (metres / 2000 * KM + far) / np.cos(np.radians(36))
            x = (x + 180) % 360 - 180
            rows.append((mmsi, 600_000 + 600 * i, x, 36.0, 0.5, None))
    return rows


@pytest.mark.parametrize(
    ("metres", "minutes", "expected"),
    [(490, 120, 1), (510, 120, 0), (490, 110, 0), (490, 240, 1)],
)
def test_encounter_is_near_and_long(
    metres: float, minutes: int, expected: int, tmp_path: Path
) -> None:
    # the last slot needs a slow leg after it
    found = events_of(_pair(metres, minutes + 10), tmp_path)["encounters"]
    assert found.height == expected
    if expected:
        assert found["mean_distance_m"].item() == pytest.approx(metres, abs=2)


def test_meetings_are_kept_in_the_order_of_their_ships(tmp_path: Path) -> None:
    rows = [
        (mmsi - 2 * number, t, lon, lat, sog, None, draught)
        for number in range(20)
        for mmsi, t, lon, lat, sog, draught in _pair(300, 190, lon=122.0 + number)
    ]
    file = tmp_path / "rows.parquet"
    pl.DataFrame(rows, schema=POSITIONS_SCHEMA, orient="row").write_parquet(file)
    found = engine.run([file], PORTS, until_t=600_000 + 86_400, buckets=3, workers=2)
    # 298 and 299 meet, 296 and 297, and so on down to 260 and 261
    ships = found.settled["meetings"].select("mmsi_a", "mmsi_b").rows()
    assert ships == [(one, one + 1) for one in range(260, 300, 2)]


def test_encounter_across_the_antimeridian(tmp_path: Path) -> None:
    found = events_of(_pair(300, 190, lon=180.0), tmp_path)["encounters"]
    assert found.height == 1
    assert found["mean_distance_m"].item() == pytest.approx(300, abs=2)


def test_ship_sailing_across_the_antimeridian_is_one_track(tmp_path: Path) -> None:
    rows = [(299, 600 * i, (179.9 + 0.03 * i + 180) % 360 - 180, 10, 10.0, None) for i in range(12)]
    assert events_of(rows, tmp_path)["tracks"].height == 1


def test_two_ships_on_one_mmsi_are_two_tracks(tmp_path: Path) -> None:
    one = [(299, 600 * i, 122, 36 + 0.02 * i, 8.0, 4.0) for i in range(20)]
    other = [(299, 600 * i + 250, 130, 40 - 0.02 * i, 8.0, 9.0) for i in range(20)]
    events = events_of(sorted(one + other, key=lambda row: row[1]), tmp_path)
    assert events["tracks"]["n_positions"].to_list() == [20, 20]
    assert events["absences"].is_empty()


def test_impossible_place_is_set_aside(tmp_path: Path) -> None:
    rows = [(299, 600 * i, 122, 36 + 0.02 * i, 8.0, None) for i in range(20)]
    rows[10] = (299, 6_000, 125, 30, 8.0, None)
    tracks = events_of(rows, tmp_path)["tracks"]
    assert sorted(zip(tracks["n_positions"], tracks["is_noise"], strict=True)) == [
        (1, True),
        (19, False),
    ]


@pytest.mark.parametrize("copies", [2, 3, 7])
def test_repeats_of_any_number_count_once(copies: int, tmp_path: Path) -> None:
    rows = [
        (299, 600 * (i // copies), 122, 36 + 1e-4 * (i % copies), 0.0, None)
        for i in range(10 * copies)
    ]
    tracks = events_of(rows, tmp_path)["tracks"]
    assert tracks["n_positions"].to_list() == [10]


def test_open_gap_lasts_until_the_end_of_the_data(tmp_path: Path) -> None:
    rows = [(299, 600 * i, 122, 36, 8.0, None) for i in range(5)]
    rows.append((300, 100_000, 120, 30, 8.0, None))
    gaps = events_of(rows, tmp_path)["absences"]
    assert gaps["is_open"].to_list() == [True]
    assert gaps["on_at"].to_list() == [None]
    assert gaps["gap_hours"].item() == pytest.approx((100_001 - 2_400) / 3600)
