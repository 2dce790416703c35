"""Global Fishing Watch events, with the looseness of their real responses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.quarantine import SourceDrift
from pipelines.schemas.gfw import GfwEvents
from pipelines.schemas.types import polars_schema
from pipelines.sources.gfw_events import read
from pipelines.sources.gfw_events.events import (
    EVENT_COLUMNS,
    older_versions,
    parse_gfw_events,
)


def event(**fields: Any) -> dict[str, Any]:
    return {
        "id": "abc",
        "type": "port_visit",
        "start": "2023-01-01T00:00:00.000Z",
        "end": "2023-01-02T12:00:00.000Z",
        "position": {"lat": "38.7", "lon": 125.4},
        "vessel": {"id": "v1", "name": "EAST SEA", "ssvid": "445000001", "flag": "PRK"},
        "port_visit": {
            "confidence": "4",
            "durationHrs": "36",
            "startAnchorage": {
                "anchorageId": "s2",
                "name": "NAMPO",
                "flag": "PRK",
                "atDock": "false",
            },
        },
    } | fields


def parse(tmp_path: Path, document: object):
    file = tmp_path / "events.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return parse_gfw_events(file, file="events.json")


@pytest.mark.parametrize(
    "wrap",
    [lambda one: one, lambda one: [one], lambda one: {"total": 1, "limit": 1, "entries": [one]}],
)
def test_numbers_as_strings_are_numbers_in_any_envelope(tmp_path, wrap) -> None:
    split = parse(tmp_path, wrap(event()))
    assert split.rows_in == split.kept.height == 1
    row = split.kept.row(0, named=True)
    assert (row["lat"], row["lon"], row["visit_confidence"], row["visit_hours"]) == (
        38.7,
        125.4,
        4,
        36,
    )
    assert row["is_at_dock"] is False
    assert (row["vessel_mmsi"], row["anchorage_name"]) == (445000001, "NAMPO")
    assert (row["ended_at"] - row["started_at"]).total_seconds() == 36 * 3600


def test_a_visit_s_details_are_read_under_either_spelling(tmp_path) -> None:
    one = event()
    one["portVisit"] = one.pop("port_visit")
    row = parse(tmp_path, {"entries": [one]}).kept.row(0, named=True)
    assert (row["visit_confidence"], row["anchorage_name"]) == (4, "NAMPO")


def test_an_open_event_has_no_end_and_an_encounter_counts_once(tmp_path) -> None:
    other = {"id": "v2", "name": "=cmd()", "ssvid": "412000001", "flag": None}
    meeting = {"encounter": {"vessel": other, "medianDistanceKilometers": "0.03"}}
    split = parse(
        tmp_path,
        {
            "entries": [
                event(id="m.1", type="encounter", end="", **meeting),
                event(id="m.2", type="ENCOUNTER", end="", **meeting),
                event(id="m", type="loitering"),
            ]
        },
    )
    assert split.kept["event_type"].to_list() == ["encounter", "loitering"]
    assert split.kept["ended_at"][0] is None
    assert split.kept["other_name"][0] == "=cmd()"
    assert split.quarantined["rule"].to_list() == ["listed_per_vessel"]


def answer(version: str, *events: dict[str, Any]) -> dict[str, Any]:
    """As the service answers: the data sets it drew from, with their versions."""
    kinds = ("port-visits", "encounters", "loitering", "gaps")
    names = [f"public-global-{kind}-events:{version}" for kind in kinds]
    return {"metadata": {"datasets": names}, "total": len(events), "entries": list(events)}


def test_an_event_names_the_data_set_and_version_it_is_of(tmp_path) -> None:
    events = [event(), event(id="g", type="GAP"), event(id="f", type="fishing")]
    kept = parse(tmp_path, answer("v4.0", *events)).kept
    assert dict(kept.select("event_type", "dataset").iter_rows()) == {
        "port_visit": "public-global-port-visits-events:v4.0",
        "gap": "public-global-gaps-events:v4.0",
        "fishing": None,
    }
    assert parse(tmp_path, [event()]).kept["dataset"].to_list() == [None]


def test_of_two_versions_that_tell_one_ship_s_time_the_newer_counts(tmp_path) -> None:
    day = {"start": "2023-02-01T00:00:00Z", "end": "2023-02-02T00:00:00Z"}
    other = {"vessel": {"id": "v2", "ssvid": "445000002"}}
    old = answer("v3.0", event(id="old"), event(id="alone", **day), event(id="ship", **other))
    new = answer("v4.0", event(id="new", start="2023-01-01T06:00:00Z"))
    frames = [
        parse(tmp_path, page).kept.with_columns(file=pl.lit(name))
        for name, page in (("old", old), ("new", new))
    ]
    assert older_versions(pl.concat(frames))["event_id"].to_list() == ["old"]
    # one version alone, however often, is never set aside
    assert older_versions(pl.concat([frames[0], frames[0]])).is_empty()


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"id": ""}, "not_an_event"),
        ({"type": "teleport"}, "unknown_event_type"),
        ({"start": "yesterday"}, "start_unreadable"),
        ({"end": "2022-12-31T00:00:00Z"}, "ends_before_start"),
        ({"position": {"lat": 91, "lon": 0}}, "position_unreadable"),
        ({"position": {"lat": "NaN", "lon": 0}}, "position_unreadable"),
        ({"vessel": {}}, "vessel_missing"),
    ],
)
def test_a_refused_event_names_its_rule(tmp_path, fields, rule) -> None:
    split = parse(tmp_path, [event(), event(**({"id": "other"} | fields))])
    assert split.kept.height == 1
    assert split.quarantined["rule"].to_list() == [rule]
    assert split.quarantined["line"].to_list() == [2]


def test_broken_json_says_which_file(tmp_path) -> None:
    file = tmp_path / "x.json"
    file.write_text('{"entries": [', encoding="utf-8")
    with pytest.raises(ValueError, match=r"x\.json is not readable as JSON"):
        parse_gfw_events(file, file="x.json")


def test_broken_json_names_the_dropped_file_and_no_copy_of_it() -> None:
    with pytest.raises(SourceDrift) as told:
        read.parse(b'{"entries": [', "may.json")
    assert str(told.value) == (
        "gfw_events: may.json is not readable as JSON: Invalid Input Error: Malformed JSON in file "
        '"may.json", at byte 14 in record/value 2: unexpected end of data.; fetch it again'
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(fields=st.dictionaries(st.sampled_from(list(event())), JSON, max_size=4))
def test_no_content_of_a_field_loses_the_record(tmp_path, fields) -> None:
    text = (
        json.dumps([event(**fields), event(id="second")], allow_nan=False, default=str)
        if not _has_nan(fields)
        else json.dumps([event(), event(id="second")])
    )
    file = tmp_path / "fuzz.json"
    file.write_text(text, encoding="utf-8", errors="replace")
    split = parse_gfw_events(file, file="fuzz.json")
    assert split.rows_in == 2 == split.kept.height + split.quarantined["line"].n_unique()


def _has_nan(value: object) -> bool:
    return "NaN" in (text := json.dumps(value)) or "Infinity" in text


def test_events_have_the_columns_of_their_contract(tmp_path) -> None:
    kept = parse(tmp_path, [event()]).kept
    assert kept.columns == EVENT_COLUMNS
    assert kept.schema == pl.Schema(polars_schema(GfwEvents))


def test_the_real_event_reads(shared_dir) -> None:
    split = parse_gfw_events(
        shared_dir / "real" / "gfw" / "event_item.json", file="event_item.json"
    )
    row = split.kept.row(0, named=True)
    assert split.rows_in == 1
    assert (row["event_type"], row["vessel_name"], row["other_mmsi"]) == (
        "fishing",
        "NORTHERN VIKING",
        888111223,
    )
    assert row["ended_at"] is None
    assert row["gap_distance_km"] == pytest.approx(55.51093364869512)
    assert (row["on_lon"], row["is_intentional"], row["visit_confidence"]) == (
        65.5813966667,
        True,
        2,
    )
