"""The clock counts what lists date and governments announce, and says what is ours of it."""

import datetime as dt

import duckdb
import polars as pl
import pytest

from pipelines.network.campaign import dated_entries, lag_summary
from pipelines.network.status import designations, legal_status
from pipelines.warehouse import bound, sql_of, write_frame
from tests.network.test_status import said

DAY = dt.date
LATE = DAY(2026, 1, 1)


def selected(table, *, as_of, lent=None, **tables):
    """What `sql/network/<table>.sql` selects of tables, by name, and of frames lent to it."""
    sql = sql_of(f"network.{table}")
    with duckdb.connect() as connection:
        for name, frame in tables.items():
            schema = (
                "staged" if name in ("campaign_events", "un_statement_endorsers") else "network"
            )
            write_frame(connection, f"{schema}.{name}", frame)
        for name, frame in (lent or {}).items():
            connection.register(name, frame)
        return connection.execute(sql, bound(sql, {"as_of": as_of})).pl()


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
        event(DAY(2022, 4, 1), "other_designation_round", 13, None, actor="Japan"),
        event(DAY(2022, 4, 2), "missile_test"),
    ]
)


def designated(authority, on, parties, **more):
    return [
        {
            "about": f"{authority}-{on}-{place}",
            "authority": authority,
            "designated_on": on,
            "schema": "Company",
            "is_bank": False,
            "country_iso2": "KP",
            "program": None,
            **more,
        }
        for place in range(parties)
    ]


OURS = [
    *designated("OFAC", DAY(2016, 12, 2), 7),
    *designated("OFAC", DAY(2016, 9, 26), 3),
    *designated("OFAC", DAY(2021, 12, 10), 12),
    *designated("UNSC", DAY(2016, 12, 2), 1),
]
NO_LIST = pl.DataFrame(schema={"authority": pl.String, "listed_on": pl.Date, "n": pl.Int64})
ENDORSERS = pl.DataFrame(
    {
        "statement_id": ["a", "a", "a", "b"],
        "statement_on": [DAY(2022, 1, 10)] * 3 + [DAY(2024, 10, 16)],
        "title": ["t"] * 3 + ["u"],
        "kind": ["us_led"] * 3 + ["not_un"],
        "country_iso3": ["USA", "CHN", "JPN", "USA"],
        "joined": ["true", "false", "true", "true"],
        "is_unsc_member_then": [True, True, False, True],
        "url": ["https://x", "https://y", "https://z", "https://x"],
    }
)


def months(ours=OURS, lists=NO_LIST, events=EVENTS, as_of=LATE):
    found = selected(
        "campaign_monthly",
        as_of=as_of,
        lent={
            "our_designations": pl.DataFrame(ours, schema_overrides={"program": pl.String}),
            "dated_entries": lists,
            "income": pl.DataFrame(
                {"month": [DAY(2022, 1, 1)], "q05": [1.0], "q50": [2.0], "q95": [3.0]}
            ),
        },
        campaign_events=events,
        un_statement_endorsers=ENDORSERS,
    )
    return {one["month"]: one for one in found.iter_rows(named=True)}


def test_what_was_announced_counts_where_no_list_is_read():
    by = months()
    december = by[DAY(2016, 12, 1)]
    assert (december["designations_us"], december["designations_us_in_network"]) == (23, 7)
    # the Council's one is counted once under its own name and once in all
    assert (december["designations_un"], december["designations_un_in_network"]) == (1, 1)
    assert (december["designations"], december["designations_in_network"]) == (24, 8)
    assert by[DAY(2018, 2, 1)]["designations_us"] == 56
    assert by[DAY(2022, 4, 1)]["designations_japan"] == 13
    # a tally is no round
    assert by[DAY(2021, 1, 1)]["designations"] == 0
    # nor is one by a body whose announcements are not counted
    swiss = event(DAY(2022, 2, 1), "other_designation_round", 9, 0, actor="Switzerland")
    # nor what is no round of designations, whoever did it
    trial = event(DAY(2022, 2, 2), "enforcement_action", 7, 0, actor="Japan")
    more = months(events=pl.concat([EVENTS, pl.DataFrame([swiss, trial])]))
    assert more[DAY(2022, 2, 1)]["designations"] == 0
    # more of ours than announced: what statements date stands
    assert by[DAY(2021, 12, 1)]["designations_us"] == 12


def test_an_announcement_of_a_month_is_held_against_days_nobody_announced():
    # 5 announced for September 2016, 3 of ours on the 26th: the same round
    assert months()[DAY(2016, 9, 1)]["designations_us"] == 5
    more = months([*OURS, *designated("OFAC", DAY(2016, 9, 27), 6)])[DAY(2016, 9, 1)]
    assert (more["designations_us"], more["designations_us_in_network"]) == (9, 9)


def test_the_lists_own_dates_count_over_the_news():
    lists = pl.DataFrame(
        {"authority": ["OFAC"], "listed_on": [DAY(2016, 12, 2)], "n": [39]}, schema=NO_LIST.schema
    )
    assert months(lists=lists)[DAY(2016, 12, 1)]["designations_us"] == 39


def test_every_month_between_the_first_and_the_last_has_a_row():
    by = months()
    # from September 2016 to April 2022; a joint statement of 2024 alone opens no month
    assert (min(by), max(by), len(by)) == (DAY(2016, 9, 1), DAY(2022, 4, 1), 68)
    assert by[DAY(2017, 3, 1)]["designations"] == 0
    # twelve months to November 2017: none but the 24 of December 2016
    assert by[DAY(2017, 11, 1)]["designations_12m"] == 24
    assert by[DAY(2017, 12, 1)]["designations_12m"] == 0
    assert by[DAY(2016, 12, 1)]["designations_12m"] == 29
    assert [by[DAY(2022, 1, 1)][f"income_usd_{q}"] for q in ("q05", "q50", "q95")] == [1, 2, 3]
    assert by[DAY(2022, 2, 1)]["income_usd_q50"] is None


def test_a_month_counts_events_countries_and_kinds_of_parties():
    kinds = {
        "missile_test": "missile_test_events",
        "nuclear_test": "nuclear_tests",
        "satellite_launch": "satellite_launches",
        "un_resolution": "un_resolutions",
        "unsc_meeting": "unsc_meetings",
        "us_designation_round": "us_designation_rounds",
        "other_designation_round": "other_designation_rounds",
        "enforcement_action": "enforcement_actions",
        "un_joint_statement": "joint_statements",
    }
    day = DAY(2022, 1, 5)
    events = pl.DataFrame(
        [event(day, kind) for place, kind in enumerate(kinds) for _ in range(place + 1)]
        + [event(day, "missile_test", is_tally=True), event(day, "nuclear_test", precision="year")],
        schema_overrides={"parties_announced": pl.Int64, "vessels_announced": pl.Int64},
    )
    ours = [
        *designated("UNSC", day, 1, schema="Person"),
        *designated("EU", day, 2, schema="Vessel"),
        *designated("ROK", day, 3, is_bank=True),
        *designated("JPN", day, 4),
        *designated("UK", day, 5),
    ]
    listed = pl.DataFrame(
        {
            "authority": ["OFAC", "UNSC", "EU", "ROK", "JPN", "UK"],
            "listed_on": [DAY(2022, 1, 31)] * 6,
            "n": [10, 20, 30, 40, 50, 60],
        }
    )
    row = months(ours, lists=listed, events=events)[DAY(2022, 1, 1)]
    assert [row[name] for name in kinds.values()] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert row["joint_statement_countries"] == 2  # China did not join
    bodies = ("us", "un", "eu", "rok", "japan", "uk")
    # what the lists date to the last day, and ours of the fifth
    assert [row[f"designations_{one}"] for one in bodies] == [10, 21, 32, 43, 54, 65]
    assert (row["designations"], row["designations_in_network"]) == (225, 15)
    assert [row[f"designations_{one}_in_network"] for one in bodies] == [0, 1, 2, 3, 4, 5]
    told = [row[f"designated_{one}"] for one in ("persons", "vessels", "banks")]
    assert told == [1, 2, 3]


def test_what_happens_after_the_day_is_not_known_yet():
    by = months(as_of=DAY(2022, 1, 9))
    assert max(by) == DAY(2022, 1, 1)
    assert by[DAY(2022, 1, 1)]["joint_statement_countries"] == 0
    assert months(as_of=DAY(2022, 1, 10))[DAY(2022, 1, 1)]["joint_statement_countries"] == 2


def test_our_designations_are_the_first_of_each_body_dated_to_a_month_at_least():
    ledger = legal_status(
        pl.DataFrame(
            [
                said(1, "firm", "designated", "OFAC", DAY(2018, 1, 1), program="DPRK4"),
                said(2, "firm", "designated", "OFAC", DAY(2017, 6, 1)),
                said(3, "firm", "designated", "UNSC", DAY(2019, 1, 1)),
                said(9, "firm", "designated", "OFAC", DAY(2019, 2, 1), program="DPRK9"),
                said(4, "firm", "charged", "DOJ", DAY(2016, 1, 1)),
                said(5, "hidden", "designated", "OFAC", DAY(2017, 1, 1)),
                said(6, "firm", "designated", "EU", DAY(2016, 1, 1), stated_on_precision="year"),
                said(7, "firm", "designated", "JPN", DAY(2016, 1, 1), is_edition_date=True),
                said(8, "bank", "identified", "OFAC", DAY(2016, 3, 1), stated_on_precision="month"),
            ],
            schema_overrides={"program": pl.String, "public_on": pl.Date},
        ),
        ENDS.head(0),
        as_of=DAY(2020, 1, 1),
    )
    parties = pl.DataFrame(
        {
            "entity_id": ["firm", "hidden", "bank"],
            "is_publishable": [True, False, True],
            "schema": ["Company"] * 3,
            "is_bank": [False, False, True],
            "country_iso2": ["CN", "CN", "KP"],
        }
    )
    found = selected(
        "our_designations", as_of=DAY(2020, 1, 1), legal_status=ledger, entities=parties
    )
    assert sorted(
        found.select("about", "authority", "designated_on", "is_bank", "program").rows()
    ) == [
        ("bank", "OFAC", DAY(2016, 3, 1), True, None),
        # the program of the first that states one
        ("firm", "OFAC", DAY(2017, 6, 1), False, "DPRK4"),
        ("firm", "UNSC", DAY(2019, 1, 1), False, None),
    ]


def test_a_listing_under_two_programs_counts_under_each():
    ours = [
        *designated("OFAC", DAY(2016, 12, 2), 2, program="DPRK2; DPRK4;DPRK4"),
        *designated("OFAC", DAY(2016, 12, 30), 1, program="DPRK4", country_iso2=None),
        *designated("UNSC", DAY(2016, 12, 2), 1),
    ]
    lent = {"our_designations": pl.DataFrame(ours, schema_overrides={"program": pl.String})}
    found = selected("campaign_designations", as_of=DAY(2020, 1, 1), lent=lent)
    month = DAY(2016, 12, 1)
    assert found.rows() == [
        (month, "OFAC", "DPRK2", "Company", "KP", 2),
        (month, "OFAC", "DPRK4", "Company", "KP", 2),
        (month, "OFAC", "DPRK4", "Company", "unknown", 1),
        (month, "UNSC", "not stated", "Company", "KP", 1),
    ]


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
        said(20, "unheard", "alleged", "US_STATE", DAY(2017, 1, 1)),
        said(21, "hidden", "alleged", "US_STATE", DAY(2017, 1, 1)),
        said(22, "doubted", "alleged", "US_STATE", DAY(2017, 1, 1), is_contested=True),
        said(23, "later", "alleged", "US_STATE", DAY(2020, 1, 2)),
        said(24, "early", "charged", "DOJ", DAY(2017, 3, 1)),
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


def lag_of(as_of, statements=STATEMENTS):
    ledger = legal_status(statements, ENDS, as_of=as_of)
    parties = pl.DataFrame({"entity_id": statements["about"].unique().sort()}).with_columns(
        name=pl.col("entity_id"),
        schema=pl.lit("Company"),
        is_publishable=pl.col("entity_id") != "hidden",
    )
    return selected(
        "designation_lag",
        as_of=as_of,
        entities=parties.join(designations(ledger), on="entity_id", how="left"),
        link_statements=statements.with_columns(is_publishable=pl.col("statement_id") != "s20"),
        legal_status=ledger,
    )


def test_lag_runs_from_allegation_to_designation_and_waiting_is_for_the_open():
    as_of = DAY(2020, 1, 1)
    found = lag_of(as_of)
    rows = {row["entity_id"]: row for row in found.iter_rows(named=True)}
    # designated first or the day it became public, served, withdrawn, blocked, press: no lag
    assert set(rows) == {"early", "waits", "edition", "jailed"}
    assert rows["early"]["lag_months"] == pytest.approx(12, abs=0.05)
    assert (rows["early"]["alleged_by"], rows["early"]["alleged_as"]) == ("US_STATE", "alleged")
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
    found = selected("joint_statements", as_of=DAY(2024, 10, 16), un_statement_endorsers=ENDORSERS)
    one, other = found.rows(named=True)
    assert (one["countries"], one["n_joined"], one["n_members_joined"]) == ("JPN;USA", 2, 1)
    assert (one["members_that_joined"], one["members_that_did_not"]) == ("USA", "CHN")
    assert (other["members_that_did_not"], one["n_unknown"], one["url"]) == ("", 0, "https://y")
    assert (one["is_round"], other["is_round"]) == (True, False)
    before = selected("joint_statements", as_of=DAY(2024, 10, 15), un_statement_endorsers=ENDORSERS)
    assert before["statement_id"].to_list() == ["a"]
