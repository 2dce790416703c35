"""Identity: numbers, flags, changes of name, matches with lists and how sure they are."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.shipping.landing import STATIC_COLUMNS
from pipelines.shipping.vessels import VESSEL_SCHEMA, build_vessels


def statics(*rows: dict[str, object]) -> pl.DataFrame:
    base: dict[str, object] = dict.fromkeys(STATIC_COLUMNS)
    base |= {"mmsi": 445000001, "imo_number": 9074729, "is_imo_valid": True, "name": "EAST SEA"}
    base |= {"reports": 10, "first_t": 0, "last_t": 60, "ship_type": "70", "draught_max_m": 6.0}
    base |= {"length_m": 100.0, "width_m": 16.0}
    return pl.DataFrame([base | row for row in rows], schema=STATIC_COLUMNS)


def listed(*rows: dict[str, object]) -> pl.DataFrame:
    base = {
        "schema": "Vessel",
        "name": "EAST SEA",
        "imo_number": None,
        "imo_kind": None,
        "mmsi": None,
        "flag": None,
        "deadweight_t": None,
        "list_source": "ofac_sdn",
        "list_id": "1",
    }
    kinds = {name: pl.Float64 if name == "deadweight_t" else pl.String for name in base}
    return pl.DataFrame([base | row for row in rows], schema=kinds)


def test_flag_comes_from_the_mmsi_and_size_from_what_was_sent_most() -> None:
    ship = build_vessels(statics({}, {"length_m": 999.0, "reports": 2, "first_t": 5})).row(
        0, named=True
    )
    assert (ship["flag_iso2"], ship["length_m"], ship["beam_m"]) == ("KP", 100.0, 16.0)
    assert (ship["vessel_imo"], ship["is_cargo"], ship["has_identity_change"]) == (
        "9074729",
        True,
        False,
    )


def test_names_are_kept_in_order_and_a_change_is_told() -> None:
    ship = build_vessels(
        statics({"name": "NEW MOON", "first_t": 100, "reports": 50}, {"imo_number": 9187629})
    ).row(0, named=True)
    assert ship["name_history"] == "EAST SEA | NEW MOON"
    assert ship["name"] == "NEW MOON"
    assert (ship["n_names"], ship["n_imos"], ship["has_identity_change"]) == (2, 2, True)


@pytest.mark.parametrize(
    ("row", "want"),
    [
        ({"imo_number": "9074729", "imo_kind": "ship", "name": "X"}, "imo_exact"),
        ({"imo_number": "9074729", "imo_kind": "company", "name": "X"}, None),
        ({"mmsi": "445000001", "name": "X"}, "mmsi_exact"),
        ({"flag": "Korea, North", "name": "East-Sea"}, "name_and_flag_candidate"),
        ({"flag": "Panama"}, None),
        ({"flag": None}, None),
        ({"schema": "Company", "imo_number": "9074729"}, None),
    ],
)
def test_match_classes_never_merge(row, want) -> None:
    found = build_vessels(statics({}), listed(row)).row(0, named=True)
    assert found["list_match"] == want


def test_the_surest_match_wins_and_only_an_imo_lends_its_deadweight() -> None:
    found = build_vessels(
        statics({}),
        listed(
            {"mmsi": "445000001", "list_id": "2", "deadweight_t": 1.0},
            {"imo_number": "9074729", "list_id": "3", "deadweight_t": 9_000.0},
        ),
    ).row(0, named=True)
    assert (found["list_match"], found["list_id"], found["dwt_t"]) == ("imo_exact", "3", 9_000)
    weak = build_vessels(statics({}), listed({"mmsi": "445000001", "deadweight_t": 1.0}))
    assert weak["dwt_t"].to_list() == [None]


def test_a_forged_imo_number_is_told_and_not_used() -> None:
    ship = build_vessels(statics({"imo_number": 9074720, "is_imo_valid": False})).row(0, named=True)
    assert (ship["vessel_imo"], ship["is_imo_valid"]) == (None, False)


def test_no_ships_have_the_same_columns() -> None:
    assert build_vessels(statics().clear()).schema == pl.Schema(VESSEL_SCHEMA)
    assert build_vessels(statics({})).schema == pl.Schema(VESSEL_SCHEMA)
