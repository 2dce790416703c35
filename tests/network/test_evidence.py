"""Statements into probabilities."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from pipelines.network import evidence
from pipelines.network.evidence import (
    EvidenceError,
    calibrate,
    check_grades,
    classify,
    grade_draws,
    link_probabilities,
    power_of_check,
    probability_draws,
    publishable,
    shown_since,
    witnesses,
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
        "stated_on_precision": "day",
        "locator": "page 1",
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
    # nobody contests or infers what nobody states
    unsaid = found.filter(pl.col("link_id") == "unsaid")
    assert unsaid.select("only_inferred", "is_contested").row(0) == (False, False)


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


def test_the_best_class_is_that_of_the_best_statement():
    said = classified(
        statement(1, "x", "inferred", "MODEL"),
        statement(2, "x", "designated", "OFAC"),
        statement(3, "guess", "inferred", "MODEL"),
    )
    links = pl.DataFrame({"link_id": ["x", "guess"]})
    found = link_probabilities(said, links, contested_factor=0.5)
    assert found["best_class"].to_list() == ["designation", "inferred"]
    assert found["only_inferred"].to_list() == [False, True]


def test_of_a_witness_the_best_statement_stands_whatever_came_first():
    said = classified(
        statement(1, "x", "designated", "OFAC", 2016, contested=True),
        statement(2, "x", "designated", "OFAC", 2017),
    )
    found = link_probabilities(said, pl.DataFrame({"link_id": ["x"]}), contested_factor=0.5)
    assert found["probability"].item() == pytest.approx(0.9)
    grades = {"designation": np.full(3, 0.8)}
    assert probability_draws(said, ["x"], grades, np.full(3, 0.5))[0] == pytest.approx([0.8] * 3)


def test_a_party_may_be_shown_from_the_first_day_that_somebody_who_may_named_it():
    said = classified(
        statement(1, "group", "reported", "PRESS", 2016),
        statement(2, "group", "designated", "OFAC", 2018),
        statement(3, "found-firm", "reported", "PRESS", 2015),
        statement(4, "found-firm", "convicted", "DOJ", 2017),
        statement(5, "found-firm", "designated", "OFAC", 2019),
        statement(6, "listed-person", "designated", "UNSC", 2016),
        statement(7, "listed-person", "designated", "OFAC", 2019),
        statement(8, "shown", "designated", "OFAC", 2014),
    )
    parties, ties = shown_since(NOBODY, TIES, said, day="stated_on")
    year = lambda frame: frame["since"].dt.year().to_list()  # noqa: E731
    assert year(parties) == [None, 2016, None, 2017, 2016]
    # a relation waits for both its ends
    assert year(ties) == [2017, None, None, None, None]


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
        # a second confirmation, two years on again, is none
        statement(6, "first", "convicted", "DOJ", 2019),
    )
    found = calibrate(said, GRADES)
    press = found.verdicts.filter(pl.col("class") == "press").row(0, named=True)
    assert (press["n_links"], press["n_confirmed"]) == (2, 1)
    in_2016 = found.table.filter((pl.col("class") == "press") & (pl.col("year") == 2016))
    assert in_2016.select("n_links", "n_confirmed").row(0) == (2, 1)
    # a link stands in the years from its assertion to the last before a higher class spoke, and
    # one that a higher class had stated first stands in none
    assert found.table.select("class", "year", "n_links", "n_confirmed").rows() == [
        ("designation", 2014, 1, 0),
        ("designation", 2015, 1, 0),
        ("designation", 2016, 1, 0),
        ("designation", 2017, 2, 1),
        ("designation", 2018, 2, 1),
        ("press", 2015, 2, 1),
        ("press", 2016, 2, 1),
        ("press", 2017, 1, 0),
        ("press", 2018, 1, 0),
    ]


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


NOBODY = pl.DataFrame(
    {
        "entity_id": ["press-person", "listed-person", "press-firm", "found-firm", "group"],
        "schema": ["Person", "Person", "Company", "Company", "Organization"],
        "topics": [None, None, None, "bank", "labor;unnamed"],
    }
)
TIES = pl.DataFrame(
    {
        "link_id": ["shown", "press-tie", "to-hidden", "from-group", "unsaid"],
        "source_id": ["listed-person", "listed-person", "found-firm", "group", "found-firm"],
        "target_id": ["found-firm", "found-firm", "press-firm", "found-firm", "listed-person"],
    }
)


def test_the_press_alone_names_nobody():
    said = classified(
        statement(1, "press-person", "reported", "PRESS"),
        statement(2, "listed-person", "designated", "OFAC"),
        statement(3, "press-firm", "reported", "PRESS"),
        statement(4, "found-firm", "convicted", "DOJ"),
        statement(5, "found-firm", "reported", "PRESS"),
        statement(6, "group", "reported", "PRESS"),
        statement(7, "shown", "designated", "OFAC"),
        statement(8, "press-tie", "reported", "PRESS"),
        statement(9, "to-hidden", "designated", "OFAC"),
        statement(10, "from-group", "reported", "PRESS"),
        statement(11, "listed-person", "inferred", "MODEL"),
    )
    parties, ties, spoken = publishable(NOBODY, TIES, said)
    shown = parties.filter("is_publishable")["entity_id"].to_list()
    assert shown == ["listed-person", "found-firm", "group"]
    # what may not be shown stays in the tables, unmarked
    assert parties["is_publishable"].to_list() == [False, True, False, True, True]
    assert ties["is_publishable"].to_list() == [True, False, False, True, False]
    assert ties.filter("is_publishable")["link_id"].to_list() == ["shown", "from-group"]
    # of what is shown, the press is heard only on what names nobody, and a model never
    heard = spoken.filter("is_publishable")["statement_id"].to_list()
    assert heard == ["s2", "s4", "s6", "s7", "s10"]


def spoken(*rows):
    """rows: about, authority, day, locator."""
    return pl.DataFrame(
        [
            {
                "about": about,
                "authority": authority,
                "stated_on": dt.date(2017, 8, day),
                "stated_on_precision": "day",
                "is_edition_date": False,
                "locator": locator,
            }
            for about, authority, day, locator in rows
        ]
    )


def test_one_government_on_one_day_is_one_witness():
    found = witnesses(
        spoken(
            ("same", "OFAC", 22, ""), ("same", "DOJ", 22, ""),
            ("apart", "OFAC", 22, ""), ("apart", "DOJ", 23, ""),
            ("foreign", "OFAC", 22, ""), ("foreign", "UNSC", 22, ""),
            # OFAC spoke with DOJ one day and with FinCEN another: all three are one
            ("chain", "DOJ", 1, ""), ("chain", "OFAC", 1, ""),
            ("chain", "OFAC", 9, ""), ("chain", "FinCEN", 9, ""),
        )
    )  # fmt: skip
    count = dict(found.group_by("about").agg(pl.col("witness").n_unique()).iter_rows())
    assert count == {"same": 1, "apart": 2, "foreign": 2, "chain": 1}


def test_an_annex_that_carries_over_the_council_is_no_second_witness():
    found = witnesses(
        spoken(
            ("x", "UNSC", 5, "entry KPi.001"), ("x", "EU", 16, "entry XIII.A:1"),
            ("y", "UNSC", 5, "entry KPi.002"), ("y", "EU", 16, "entry XV.A:2"),
        )
    )  # fmt: skip
    count = dict(found.group_by("about").agg(pl.col("witness").n_unique()).iter_rows())
    assert count == {"x": 1, "y": 2}


def test_the_check_says_how_much_it_can_refute():
    # 2 assertions, all taken up, truth 1: both confirmed for sure; the lower end of 2 of 2 is
    # Beta(2.5, 0.5) at 5% = 0.409 < 0.5, so it refutes nothing; of 10 of 10 it is 0.829
    assert power_of_check(0.5, 2, 1.0, off=0.5) == 0.0
    assert power_of_check(0.5, 10, 1.0, off=0.5) == pytest.approx(1.0)
    # where one in fifty is ever taken up, nothing is refuted however many there are
    assert power_of_check(0.5, 500, 0.02) == pytest.approx(0.0, abs=1e-12)


def test_embedded_grades_are_judged_and_say_so():
    rows = []
    for number in range(4):
        rows.append(statement(number, f"l{number}", "reported", "PRESS", 2015))
    verdicts = calibrate(classified(*rows), GRADES).verdicts
    assert verdicts["standing"].unique().to_list() == ["judged"]
    assert verdicts["power_too_high"].to_list() == [0.0] * verdicts.height


def test_a_confirmed_share_leaves_a_twentieth_at_each_end():
    rows = pl.DataFrame({"n_links": [4, 4, 4, 0], "n_confirmed": [1, 0, 4, 0]})
    told = evidence._jeffreys(rows)
    assert told["confirmed_share"].to_list() == [0.25, 0.0, 1.0, None]
    # one of four by sums: the density is sqrt(x) (1 - x)^2.5, from Jeffreys' half of each
    middle = (np.arange(1_000_000) + 0.5) / 1_000_000
    mass = np.cumsum(middle**0.5 * (1 - middle) ** 2.5)
    ends = np.interp([0.05, 0.95], mass / mass[-1], middle)
    assert told.row(0)[-2:] == pytest.approx(ends, abs=1e-4)
    # nothing found may be nothing, all found may be all
    assert (told["confirmed_share_low"][1], told["confirmed_share_high"][2]) == (0.0, 1.0)
