"""Which calls become loadings, how many are missed, and what the ledger is told."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from pipelines.schemas.figures import OBSERVATION_SCHEMA
from pipelines.schemas.gfw import GfwEvents
from pipelines.schemas.types import polars_schema
from pipelines.shipping.cargo import load_priors
from pipelines.shipping.detection import (
    as_observations,
    estimate_detection,
    undetected,
)
from pipelines.shipping.loadings import (
    LOADING_SCHEMA,
    estimate_loadings,
    find_candidates,
    loading_draws,
)
from pipelines.shipping.vessels import VESSEL_SCHEMA

NAMPO, DALIAN, RAJIN = 1, 2, 3
T0 = dt.datetime(2024, 1, 10, tzinfo=dt.UTC).replace(tzinfo=None)  # UTC, as every table here
PRIORS = load_priors()
NO_EVENTS = pl.DataFrame(schema=polars_schema(GfwEvents))

PORTS = pl.DataFrame(
    {
        "port_id": [NAMPO, DALIAN, RAJIN],
        "name": ["Nampo", "Dalian", "Rajin"],
        "locode": ["KPNAM", "CNDAL", "KPRJN"],
        "lat": [38.7, 38.9, 42.2],
        "lon": [125.4, 121.7, 130.3],
        "r_out_km": [4.0, 6.0, 6.0],
        "is_coal_port": [True, False, True],
        "is_transit_port": [False, False, True],
    }
)
CALL = {
    "event_id": pl.String,
    "mmsi": pl.Int64,
    "segment": pl.Int64,
    "port_id": pl.Int64,
    "entered_at": pl.Datetime("us"),
    "left_at": pl.Datetime("us"),
    "dwell_hours": pl.Float64,
    "draught_in_m": pl.Float64,
    "draught_out_m": pl.Float64,
    "is_open": pl.Boolean,
}
GAP = {
    "event_id": pl.String,
    "mmsi": pl.Int64,
    "segment": pl.Int64,
    "off_at": pl.Datetime("us"),
    "on_at": pl.Datetime("us"),
    "gap_hours": pl.Float64,
    "off_lon": pl.Float64,
    "off_lat": pl.Float64,
    "on_lon": pl.Float64,
    "on_lat": pl.Float64,
    "port_id": pl.Int64,
    "is_open": pl.Boolean,
}


def call(
    day: float,
    port: int,
    draught_in: float | None,
    draught_out: float | None,
    *,
    mmsi: int = 445000001,
    hours: float = 24.0,
    is_open: bool = False,
) -> dict[str, object]:
    start = T0 + dt.timedelta(days=day)
    return {
        "event_id": f"call-{mmsi}-{day}",
        "mmsi": mmsi,
        "segment": 0,
        "port_id": port,
        "entered_at": start,
        "left_at": start + dt.timedelta(hours=hours),
        "dwell_hours": hours,
        "draught_in_m": draught_in,
        "draught_out_m": draught_out,
        "is_open": is_open,
    }


def gap(day: float, *, hours: float = 48.0, mmsi: int = 445000001, lat: float = 38.0):
    start = T0 + dt.timedelta(days=day)
    return {
        "event_id": f"gap-{mmsi}-{day}",
        "mmsi": mmsi,
        "segment": 0,
        "off_at": start,
        "on_at": start + dt.timedelta(hours=hours),
        "gap_hours": hours,
        "off_lon": 124.5,
        "off_lat": lat,
        "on_lon": 124.4,
        "on_lat": lat,
        "port_id": None,
        "is_open": False,
    }


def ship(mmsi: int = 445000001, **fields: object) -> dict[str, object]:
    return (
        dict.fromkeys(VESSEL_SCHEMA)
        | {
            "vessel_mmsi": mmsi,
            "name": "EAST SEA",
            "flag_iso2": "KP",
            "is_cargo": True,
            "length_m": 100.0,
            "beam_m": 16.0,
            "design_draught_m": 7.0,
        }
        | fields
    )


def candidates(calls=(), gaps=(), events=None, vessels=None) -> pl.DataFrame:
    return find_candidates(
        pl.DataFrame(list(calls), schema=CALL),
        pl.DataFrame(list(gaps), schema=GAP),
        NO_EVENTS if events is None else events,
        pl.DataFrame([ship()] if vessels is None else vessels, schema=VESSEL_SCHEMA),
        PORTS,
        PRIORS,
    )


@pytest.mark.parametrize(
    ("before", "after", "laden"),
    [(4.0, 6.5, 1.0), (4.0, 4.5, 1.0), (4.0, 4.4, None), (6.5, 4.0, 0.0), (4.0, None, None)],
)
def test_a_hull_that_sinks_is_laden(before, after, laden) -> None:
    found = candidates([call(0, NAMPO, before, after)]).row(0, named=True)
    assert found["p_laden"] == laden
    assert found["evidence"] == "port_call"


def test_only_coal_ports_long_enough_and_closed_count() -> None:
    found = candidates(
        [
            call(0, DALIAN, 4.0, 6.0),
            call(3, NAMPO, 4.0, 6.0, hours=2.0),
            call(6, NAMPO, 4.0, 6.0, is_open=True),
        ]
    )
    assert found.is_empty()


def test_the_next_port_tells_a_draught_that_was_not_typed_at_departure() -> None:
    found = candidates([call(0, NAMPO, 4.0, 4.0), call(3, DALIAN, 6.8, 4.0)])
    assert found.select("draught_out_m", "draught_source", "p_laden").row(0) == (
        6.8,
        "next_call",
        1.0,
    )
    # a month later it is another voyage's draught
    late = candidates([call(0, NAMPO, 4.0, 4.0), call(32, DALIAN, 6.8, 4.0)])
    assert late["draught_source"].to_list() == ["none"]


def test_deeper_after_a_silence_near_a_coal_port_is_a_dark_loading() -> None:
    calls = [call(0, DALIAN, 6.0, 4.0), call(9, DALIAN, 6.6, 4.0)]
    found = candidates(calls, [gap(3), gap(6, hours=12)])
    assert found.height == 1
    row = found.row(0, named=True)
    assert (row["evidence"], row["port_name"], row["p_laden"]) == ("gap", "Nampo", 1.0)
    assert (row["draught_in_m"], row["draught_out_m"]) == (4.0, 6.6)
    assert row["evidence_event_id"] == "gap-445000001-3"  # the longer of the two silences
    # far from any coal port, or no deeper: nothing
    assert candidates(calls, [gap(3, lat=30.0)]).is_empty()
    assert candidates([calls[0], call(9, DALIAN, 4.2, 4.0)], [gap(3)]).is_empty()


def test_a_tanker_is_no_collier_and_an_unknown_ship_may_be() -> None:
    calls = [call(0, NAMPO, 4.0, 6.0)]
    assert candidates(calls, vessels=[ship(is_cargo=False)]).is_empty()
    assert candidates(calls, vessels=[]).height == 1


def visit(event_id: str, **fields: object) -> dict[str, object]:
    return (
        dict.fromkeys(NO_EVENTS.columns)
        | {
            "event_id": event_id,
            "event_type": "port_visit",
            "started_at": T0,
            "ended_at": T0 + dt.timedelta(hours=30),
            "lon": 125.4,
            "lat": 38.7,
            "vessel_mmsi": 445000001,
            "visit_confidence": 4,
        }
        | fields
    )


def test_a_listed_visit_counts_where_positions_saw_none() -> None:
    events = pl.DataFrame([visit("g1"), visit("g2", visit_confidence=2)], schema=NO_EVENTS.schema)
    found = candidates(events=events)
    assert found["evidence"].to_list() == ["gfw_port_visit"]
    assert found["p_laden"].to_list() == [None]
    both = candidates([call(0, NAMPO, 4.0, 6.0)], events=events)
    assert both["evidence"].to_list() == ["port_call"]


def test_a_listed_visit_without_an_mmsi_is_estimated_without_its_ship() -> None:
    events = pl.DataFrame(
        [visit("g1"), visit("g2", vessel_mmsi=None, vessel_name="NAMELESS")],
        schema=NO_EVENTS.schema,
    )
    rows = candidates(events=events)
    table, found = estimate_loadings(rows, PRIORS, draws=40_000, seed=1)
    row = {one["evidence_event_id"]: one for one in table.iter_rows(named=True)}
    assert (row["g1"]["vessel_name"], row["g1"]["method"]) == ("EAST SEA", "load_factor")
    nameless = row["g2"]
    assert (nameless["vessel_mmsi"], nameless["vessel_name"]) == (None, "NAMELESS")
    # no hull is known: the mean of 64 transfers at sea, 552,400 t / 64, laden half of the time
    assert (nameless["method"], nameless["p_laden"]) == ("lot_prior", 0.5)
    assert nameless["cargo_t_mean"] == pytest.approx(8_631, rel=0.03)
    detection, _ = estimate_detection(table, found, PRIORS, seed=1)
    assert detection["n_calls"].to_list() == [2]


def test_loadings_carry_tonnes_and_draws_agree_with_them() -> None:
    rows = candidates([call(0, NAMPO, 4.0, 7.0), call(5, NAMPO, 4.0, None)])
    table, found = estimate_loadings(rows, PRIORS, draws=2_000, seed=1)
    assert table.schema == pl.Schema(LOADING_SCHEMA)
    assert table["method"].to_list() == ["displacement", "load_factor"]
    drawn = loading_draws(table, found)
    means = drawn.group_by("event_id", maintain_order=True).agg(pl.col("cargo_t").mean())
    expected = (table["cargo_t_mean"] * table["p_laden"]).to_list()
    assert means["cargo_t"].to_list() == pytest.approx(expected, rel=0.05)


def test_misses_follow_from_the_share_seen() -> None:
    rng = np.random.default_rng(1)
    seen = np.full((1, 200_000), 40.0)
    none = np.zeros((1, 1))
    # expected misses of a negative binomial: (40 + 1/2) (1 - p) / p
    half = undetected(seen, np.array([[0.5]]), rng, at_least=none)
    assert half.mean() == pytest.approx(40.5, rel=0.02)
    assert undetected(seen, np.array([[1.0]]), rng, at_least=none).max() == 0
    assert undetected(seen, np.array([[0.9]]), rng, at_least=np.array([[20]])).min() >= 20


def fleet(n_seen: int, n_dark: int) -> pl.DataFrame:
    calls, gaps, ships = [], [], []
    for n in range(n_seen + n_dark):
        mmsi = 445000100 + n
        ships.append(ship(mmsi))
        if n < n_seen:
            calls.append(call(0, NAMPO, 4.0, 6.5, mmsi=mmsi))
        else:
            calls += [
                call(-3, DALIAN, 6.0, 4.0, mmsi=mmsi),
                call(6, DALIAN, 6.5, 4.0, mmsi=mmsi),
            ]
            gaps.append(gap(0, mmsi=mmsi))
    return candidates(calls, gaps, vessels=ships)


def test_detection_is_the_share_of_known_loadings_that_were_seen() -> None:
    table, found = estimate_loadings(fleet(30, 10), PRIORS, draws=2_000, seed=1)
    detection, _ = estimate_detection(table, found, PRIORS, seed=1)
    row = detection.row(0, named=True)
    assert (row["n_laden_seen"], row["n_laden_dark"]) == (30, 10)
    assert row["p_detect_q50"] == pytest.approx(31 / 42, abs=0.02)
    # forty are known; how many more there are is uncertain
    assert 40 <= row["n_total_q05"] < row["n_total_q95"]
    assert not row["is_prior_driven"]


def test_more_darkness_means_more_missed_and_wider() -> None:
    def total(dark: int) -> dict[str, float]:
        table, found = estimate_loadings(fleet(20, dark), PRIORS, draws=2_000, seed=1)
        return estimate_detection(table, found, PRIORS, seed=1)[0].row(0, named=True)

    light, heavy = total(2), total(15)
    assert heavy["n_total_q50"] > light["n_total_q50"]
    assert heavy["p_detect_q50"] < light["p_detect_q50"]


def test_the_ledger_gets_bounds_and_counts_and_no_transit_port() -> None:
    rows = candidates(
        [
            call(0, NAMPO, 4.0, 7.0),
            call(0, RAJIN, 4.0, 7.0, mmsi=445000002),
            call(40, NAMPO, 4.0, None),
        ],
        vessels=[ship(), ship(445000002)],
    )
    table, found = estimate_loadings(rows, PRIORS, draws=1_000, seed=1)
    detection, drawn = estimate_detection(table, found, PRIORS, seed=1)
    ledger = as_observations(table, found, detection, drawn, retrieved_at=T0)
    assert ledger.schema == pl.Schema(OBSERVATION_SCHEMA)
    january = ledger.filter(pl.col("window_start_on") == dt.date(2024, 1, 1))
    assert set(january.select("quantity", "kind").rows()) == {
        ("shipments", "count"),
        ("shipments", "lower_bound"),
        ("export_t", "lower_bound"),
    }
    assert set(ledger.select("quantity", "concept", "class", "coverage").rows()) == {
        ("shipments", "shipments", "observer", "part"),
        ("export_t", "tonnes", "observer", "part"),
    }
    proven = january.filter(pl.col("kind") == "lower_bound", pl.col("quantity") == "shipments")
    assert proven["low"].to_list() == [1.0]  # the transit port's call is not among them
    assert proven["locator"].to_list() == ["laden departures from Nampo in 2024-01"]
    # February's only call has no draught: it is counted with a chance, and proves nothing
    february = ledger.filter(pl.col("window_start_on") == dt.date(2024, 2, 1))
    assert february["kind"].to_list() == ["count"]
    counted = ledger.filter(pl.col("kind") == "count")
    assert (counted["low"] <= counted["central"]).all()
    assert (counted["central"] <= counted["high"]).all()


def test_without_events_every_table_is_empty_with_its_columns() -> None:
    rows = candidates(vessels=[])
    table, found = estimate_loadings(rows, PRIORS, draws=100, seed=1)
    detection, drawn = estimate_detection(table, found, PRIORS, seed=1)
    ledger = as_observations(table, found, detection, drawn, retrieved_at=T0)
    assert table.schema == pl.Schema(LOADING_SCHEMA)
    assert ledger.schema == pl.Schema(OBSERVATION_SCHEMA)
    assert table.is_empty()
    assert ledger.is_empty()
    assert loading_draws(table, found).is_empty()
