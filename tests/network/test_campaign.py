"""The clock counts what lists date and governments announce, and says what is ours of it."""

import datetime as dt

import polars as pl
import pytest

from pipelines.network.campaign import (
    announced,
    dated_entries,
    designation_lag,
    designations_by_month,
    joint_statements,
    lag_summary,
)
from pipelines.network.status import legal_status
from tests.network.test_status import said

DAY = dt.date


def event(on, kind="us_designation_round", parties=None, vessels=None, **more):
    return {
        "event_id": f"{on}-{kind}",
        "event_on": on,
        "precision": "day",
        "kind": kind,
        "actor": "US Treasury (OFAC)",
        "parties_announced": parties,
        "vessels_announced": vessels,
        "is_tally": False,
        **more,
    }


EVENTS = pl.DataFrame(
    [
        event(DAY(2021, 12, 10), parties=10, vessels=0),
        event(DAY(2016, 12, 2), parties=23, vessels=0),
        event(DAY(2018, 2, 23), parties=28, vessels=28),
        event(DAY(2021, 1, 1), parties=86, vessels=0, is_tally=True),
        event(DAY(2016, 9, 1), parties=5, vessels=0, precision="month"),
        event(DAY(2022, 4, 1), "other_designation_round", 13, 0, actor="Japan"),
        event(DAY(2022, 4, 2), "missile_test"),
    ]
)
OURS = pl.DataFrame(
    {
        "authority": ["OFAC", "OFAC", "OFAC", "UNSC"],
        "on": [DAY(2016, 12, 2), DAY(2016, 9, 26), DAY(2021, 12, 10), DAY(2016, 12, 2)],
        "n": [7, 3, 12, 1],
    },
    schema_overrides={"n": pl.Int64},
)
NO_LIST = pl.DataFrame(schema={"authority": pl.String, "on": pl.Date, "n": pl.Int64})


def months(ours=OURS, lists=NO_LIST):
    found = designations_by_month(ours, announced(EVENTS), lists)
    return {(one["authority"], one["month"]): one for one in found.iter_rows(named=True)}


def test_what_was_announced_counts_where_no_list_is_read():
    by = months()
    december = by["OFAC", DAY(2016, 12, 1)]
    assert (december["n"], december["n_in_network"]) == (23, 7)
    assert by["OFAC", DAY(2018, 2, 1)]["n"] == 56
    assert by["JPN", DAY(2022, 4, 1)]["n"] == 13
    # a tally is no round
    assert ("OFAC", DAY(2021, 1, 1)) not in by
    # more of ours than announced: what statements date stands
    assert by["OFAC", DAY(2021, 12, 1)]["n"] == 12


def test_an_announcement_of_a_month_is_held_against_days_nobody_announced():
    # 5 announced for September 2016, 3 of ours on the 26th: the same round
    assert months()["OFAC", DAY(2016, 9, 1)]["n"] == 5
    more = OURS.with_columns(n=pl.when(pl.col("n") == 3).then(9).otherwise("n"))
    assert months(more)["OFAC", DAY(2016, 9, 1)]["n"] == 9


def test_the_lists_own_dates_count_over_the_news():
    lists = pl.DataFrame(
        {"authority": ["OFAC"], "on": [DAY(2016, 12, 2)], "n": [39]}, schema=NO_LIST.schema
    )
    assert months(lists=lists)["OFAC", DAY(2016, 12, 1)]["n"] == 39


def test_dated_entries_are_those_of_the_measures_with_a_day():
    parties = pl.DataFrame(
        {
            "list_source": ["ofac_sdn", "ofac_sdn", "ofac_sdn", "opensanctions_kp_rusi_reports"],
            "is_dprk": [True, False, True, True],
            "listed_on": [DAY(2016, 12, 2), DAY(2016, 12, 2), None, DAY(2016, 12, 2)],
            "name": list("abcd"),
            "schema": ["Person"] * 4,
            "is_bank": [False] * 4,
        }
    )
    assert dated_entries(parties).select("authority", "n").rows() == [("OFAC", 1)]


STATEMENTS = pl.DataFrame(
    [
        said(1, "early", "alleged", "US_STATE", DAY(2017, 1, 1)),
        said(2, "early", "designated", "OFAC", DAY(2018, 1, 1)),
        said(3, "late", "designated", "OFAC", DAY(2018, 1, 1)),
        said(4, "waits", "charged", "DOJ", DAY(2019, 1, 1)),
        said(5, "first", "designated", "OFAC", DAY(2017, 1, 1)),
        said(6, "first", "charged", "DOJ", DAY(2019, 1, 1)),
        said(7, "edition", "alleged", "US_STATE", DAY(2017, 1, 1)),
        said(8, "edition", "designated", "OFAC", DAY(2019, 1, 1), is_edition_date=True),
        said(9, "served", "warrant", "US_COURT", DAY(2017, 1, 1)),
        said(10, "withdrawn", "finding", "FinCEN", DAY(2017, 1, 1)),
        said(11, "jailed", "charged", "DOJ", DAY(2017, 1, 1)),
        said(12, "jailed", "sentenced", "DOJ", DAY(2018, 1, 1)),
        said(13, "ordered", "forfeiture_complaint", "DOJ", DAY(2017, 1, 1)),
        said(14, "ordered", "blocked_by_order", "US_PRESIDENT", DAY(2016, 3, 15)),
        said(15, "press", "reported", "PRESS", DAY(2017, 1, 1)),
        said(16, "one-day", "charged", "DOJ", DAY(2017, 1, 1)),
        said(17, "one-day", "designated", "OFAC", DAY(2017, 1, 1)),
        said(18, "sealed", "charged", "DOJ", DAY(2017, 1, 1), public_on=DAY(2017, 2, 1)),
        said(19, "sealed", "designated", "OFAC", DAY(2017, 2, 1)),
    ],
    schema_overrides={"program": pl.String, "public_on": pl.Date},
)
ENDS = pl.DataFrame(
    [
        {
            "end_id": "e1", "statement_id": "s10", "ended_on": DAY(2018, 1, 1),
            "ended_on_precision": "day", "ended_by": "withdrawn", "authority": "FinCEN",
            "document": "d", "url": "u",
        }
    ]
)  # fmt: skip


def test_lag_runs_from_allegation_to_designation_and_waiting_is_for_the_open():
    as_of = DAY(2020, 1, 1)
    entities = pl.DataFrame({"entity_id": STATEMENTS["about"].unique().sort()}).with_columns(
        name=pl.col("entity_id"), schema=pl.lit("Company")
    )
    found = designation_lag(
        entities, STATEMENTS, legal_status(STATEMENTS, ENDS, as_of=as_of), as_of=as_of
    )
    rows = {row["entity_id"]: row for row in found.iter_rows(named=True)}
    # designated first or the day it became public, served, withdrawn, blocked, press: no lag
    assert set(rows) == {"early", "waits", "edition", "jailed"}
    assert rows["early"]["lag_months"] == pytest.approx(12, abs=0.05)
    assert rows["waits"]["waiting_months"] == pytest.approx(12, abs=0.05)
    assert rows["edition"]["lag_months"] is None  # the edition is later than the listing
    assert rows["edition"]["waiting_months"] is None
    assert (rows["jailed"]["settled_by"], rows["jailed"]["waiting_months"]) == ("sentenced", None)
    summary = lag_summary(found, as_of=as_of).row(0, named=True)
    assert (summary["n"], summary["n_waiting"], summary["n_settled"]) == (1, 1, 1)
    assert summary["median_low"] is None  # one lag has no interval


def test_the_median_lies_between_order_statistics():
    lag = pl.DataFrame(
        {
            "lag_months": [float(one) for one in range(1, 21)],
            "waiting_months": [None] * 20,
            "settled_by": [None] * 20,
        }
    )
    row = lag_summary(lag, as_of=DAY(2020, 1, 1)).row(0, named=True)
    # of 20, between the 6th and the 15th: binomial(20, 1/2) puts 5.8% outside, 4th and 5th 2%
    assert (row["n"], row["median_months"]) == (20, 10.5)
    assert (row["median_low"], row["median_high"]) == (6.0, 15.0)


def test_who_joined_which_and_what_is_no_round():
    endorsers = pl.DataFrame(
        {
            "statement_id": ["a", "a", "a", "b"],
            "statement_on": [DAY(2022, 1, 10)] * 3 + [DAY(2024, 10, 16)],
            "title": ["t"] * 3 + ["u"],
            "kind": ["us_led"] * 3 + ["not_un"],
            "country_iso3": ["USA", "CHN", "JPN", "USA"],
            "joined": ["true", "false", "true", "true"],
            "is_unsc_member_then": [True, True, False, True],
            "url": ["https://x"] * 4,
        }
    )
    one, other = joint_statements(endorsers).rows(named=True)
    assert (one["countries"], one["n_joined"], one["n_members_joined"]) == ("JPN;USA", 2, 1)
    assert one["members_that_did_not"] == "CHN"
    assert (one["is_round"], other["is_round"]) == (True, False)
