"""Statements into probabilities."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from pipelines.network.evidence import (
    EvidenceError,
    apply_corrections,
    calibrate,
    check_grades,
    classify,
    grade_draws,
    link_probabilities,
    probability_draws,
    unpublishable_persons,
)

GRADES = pl.DataFrame(
    {
        "class": ["court", "designation", "press", "inferred"],
        "rank": [6, 5, 2, 1],
        "pairs": [
            "convicted:DOJ",
            "designated:OFAC;designated:UNSC",
            "reported:PRESS",
            "inferred:MODEL",
        ],
        "grade": [0.97, 0.9, 0.5, 0.1],
        "grade_low": [0.93, 0.8, 0.3, 0.02],
        "grade_high": [0.99, 0.96, 0.7, 0.25],
    }
)


def statement(number, about, kind, authority, year=2017, *, contested=False, edition=False):
    return {
        "statement_id": f"s{number}",
        "about": about,
        "kind": kind,
        "authority": authority,
        "stated_on": dt.date(year, 1, 1),
        "is_contested": contested,
        "is_edition_date": edition,
    }


def classified(*rows):
    return classify(pl.DataFrame(list(rows)), GRADES)


def test_two_bodies_are_two_origins_and_one_body_repeating_itself_is_one():
    said = classified(
        statement(1, "twice", "designated", "OFAC"),
        statement(2, "twice", "designated", "OFAC", 2018),
        statement(3, "both", "designated", "OFAC"),
        statement(4, "both", "reported", "PRESS"),
    )
    links = pl.DataFrame({"link_id": ["twice", "both", "unsaid"]})
    found = link_probabilities(said, links, contested_factor=0.5)
    by = dict(zip(found["link_id"], found["probability"], strict=True))
    assert by["twice"] == pytest.approx(0.9)
    assert by["both"] == pytest.approx(1 - 0.1 * 0.5)
    assert by["unsaid"] == 0
    assert dict(zip(found["link_id"], found["n_origins"], strict=True))["twice"] == 1


def test_a_reply_by_the_accused_asserts_nothing():
    said = classified(
        statement(1, "link", "reply", "COMPANY"), statement(2, "link", "reported", "PRESS")
    )
    found = link_probabilities(said, pl.DataFrame({"link_id": ["link"]}), contested_factor=0.5)
    assert found["probability"].item() == pytest.approx(0.5)


def test_many_origins_never_make_certainty():
    said = classified(
        statement(1, "x", "convicted", "DOJ"),
        statement(2, "x", "designated", "OFAC"),
        statement(3, "x", "designated", "UNSC"),
    )
    found = link_probabilities(said, pl.DataFrame({"link_id": ["x"]}), contested_factor=0.5)
    assert found["probability"].item() == 0.99


def test_an_unknown_kind_stops_instead_of_getting_a_default():
    with pytest.raises(EvidenceError, match=r"s1.*'charged' by 'OFAC'"):
        classified(statement(1, "x", "charged", "OFAC"))


def test_one_grade_per_draw_is_shared_by_all_statements_of_a_class():
    said = classified(
        statement(1, "a", "designated", "OFAC"), statement(2, "b", "designated", "UNSC")
    )
    grades = grade_draws(GRADES, 500, np.random.default_rng(1))
    p = probability_draws(said, ["a", "b"], grades, np.ones(500))
    assert np.allclose(p[0], p[1])
    low, high = np.quantile(p[0], [0.1, 0.9])
    assert 0.7 < low < 0.9 < high < 0.99


def test_calibration_counts_only_what_a_higher_class_said_later():
    said = classified(
        statement(1, "first", "reported", "PRESS", 2015),
        statement(2, "first", "designated", "OFAC", 2017),  # confirmed two years on
        statement(3, "never", "reported", "PRESS", 2015),
        statement(4, "after", "designated", "OFAC", 2014),  # press came second: not confirmed
        statement(5, "after", "reported", "PRESS", 2016),
    )
    found = calibrate(said, GRADES)
    press = found.verdicts.filter(pl.col("class") == "press").row(0, named=True)
    assert (press["n_links"], press["n_confirmed"]) == (2, 1)
    in_2016 = found.table.filter((pl.col("class") == "press") & (pl.col("year") == 2016))
    assert in_2016.select("n_links", "n_confirmed").row(0) == (2, 1)


def test_dates_of_a_list_edition_do_not_enter_calibration():
    said = classified(
        statement(1, "x", "reported", "PRESS", 2015),
        statement(2, "x", "designated", "OFAC", 2019, edition=True),
    )
    found = calibrate(said, GRADES).verdicts.filter(pl.col("class") == "press")
    assert found["n_confirmed"].item() == 0


def test_a_grade_below_what_was_confirmed_is_refused():
    rows = []
    for number in range(30):
        rows.append(statement(2 * number, f"l{number}", "reported", "PRESS", 2015))
        rows.append(statement(2 * number + 1, f"l{number}", "designated", "OFAC", 2017))
    wrong = check_grades(calibrate(classified(*rows), GRADES).verdicts)
    assert any("class press" in text and "raise the grade" in text for text in wrong)


def test_a_higher_class_may_not_be_graded_lower():
    upside = GRADES.with_columns(
        grade=pl.when(pl.col("class") == "press").then(0.95).otherwise(pl.col("grade")),
        grade_high=pl.when(pl.col("class") == "press").then(0.97).otherwise(pl.col("grade_high")),
    )
    said = classify(pl.DataFrame([statement(1, "x", "designated", "OFAC")]), upside)
    assert any("rank 5" in text for text in check_grades(calibrate(said, upside).verdicts))


def test_a_correction_that_no_longer_fits_stops_the_run():
    frame = pl.DataFrame({"statement_id": ["s1"], "kind": ["designated"]})
    fix = {
        "correction_id": "c1",
        "table_name": "link_statements",
        "row_id": "s1",
        "column_name": "kind",
        "expected": "designated",
        "corrected": "finding",
    }
    once = apply_corrections(
        frame, pl.DataFrame([fix]), table="link_statements", key="statement_id"
    )
    assert once["kind"].item() == "finding"
    with pytest.raises(EvidenceError, match="expected 'designated', found 'finding'"):
        apply_corrections(once, pl.DataFrame([fix]), table="link_statements", key="statement_id")


def test_a_person_only_the_press_names_is_held_back():
    people = pl.DataFrame({"entity_id": ["p1", "p2"], "schema": ["Person", "Person"]})
    said = classified(
        statement(1, "p1", "reported", "PRESS"), statement(2, "p2", "designated", "OFAC")
    )
    assert unpublishable_persons(people, said)["entity_id"].to_list() == ["p1"]
