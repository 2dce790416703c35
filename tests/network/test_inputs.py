"""What the network reads of the estimates, on rows typed here."""

import datetime as dt

import polars as pl

from pipelines.warehouse import build_table, read_frame, sql_of, write_frame

JAN, FEB, NEXT = dt.date(2016, 1, 1), dt.date(2016, 2, 1), dt.date(2017, 1, 1)


def made(connection, name):
    return connection.execute(sql_of(f"network.{name}")).pl()


def test_a_hosts_year_is_its_mean_workers_and_its_summed_income(connection):
    write_frame(
        connection,
        "staged.network_headcounts",
        pl.DataFrame(
            {
                "host_iso3": ["KWT"],
                "window_start_on": [dt.date(2016, 5, 1)],
                "window_end_on": [dt.date(2016, 7, 1)],
            }
        ),
    )
    write_frame(
        connection,
        "estimates.labor_draws",
        pl.DataFrame(
            {
                "host_iso3": ["KWT", "KWT", "KWT", "QAT"],
                "month": [JAN, FEB, NEXT, JAN],
                "draw": [0, 0, 0, 0],
                "headcount": [4_000.0, 2_000.0, 9.0, 7.0],
                "remitted_usd": [10.0, 30.0, 99.0, 99.0],
            }
        ),
    )
    found = made(connection, "hosts")
    # neither a host nobody counted in, nor a year no count speaks of
    assert found.rows() == [("labor", "KWT", 2016, 0, 3_000.0, 40.0)]


def test_a_streams_year_is_the_sum_of_its_headline(connection):
    write_frame(
        connection,
        "estimates.income_draws",
        pl.DataFrame(
            {
                "stream": ["coal", "coal", "coal", "labor"],
                "measure": [
                    "state_income_usd",
                    "state_income_usd",
                    "gross_income_usd",
                    "state_income_usd",
                ],
                "draw": [0, 0, 0, 0],
                "month": [JAN, FEB, JAN, NEXT],
                "usd": [1.0, 2.0, 50.0, 4.0],
            }
        ),
    )
    assert made(connection, "income").rows() == [("coal", 2016, 0, 3.0), ("labor", 2017, 0, 4.0)]


def test_the_press_and_what_is_held_inside_leave_no_status_or_sum(connection):
    said = {
        "statement_id": ["shown", "hidden"],
        "is_publishable": [True, False],
    }
    write_frame(connection, "network.link_statements", pl.DataFrame(said))
    amount = {
        name: ["x", "y"]
        for name in ("amount_id", "stream", "bound", "scope", "measure", "parties", "link_ids",
                     "dated_by", "held_back", "note")
    }  # fmt: skip
    write_frame(
        connection,
        "network.amounts",
        pl.DataFrame(
            {
                **amount,
                "usd": [1.0, 2.0],
                "statement_id": ["shown", "hidden"],
                "window_start_on": [JAN, JAN],
                "window_end_on": [FEB, FEB],
            }
        ),
    )
    build_table(connection, "published.network_amounts")
    assert read_frame(connection, "published.network_amounts")["amount_id"].to_list() == ["x"]


def test_only_rounds_are_rounds(connection):
    kinds = ["us_designation_round", "us_designation_round", "un_joint_statement",
             "un_joint_statement", "missile_test"]  # fmt: skip
    write_frame(
        connection,
        "staged.campaign_events",
        pl.DataFrame(
            {
                "event_id": list("abcde"),
                "event_on": [JAN] * 5,
                "precision": ["day"] * 5,
                "kind": kinds,
                "actor": ["US", "US", "six states", "MSMT states", "DPRK"],
                "title": ["t"] * 5,
                "quantity": [None] * 5,
                "parties_announced": [1] * 5,
                "vessels_announced": [0] * 5,
                "is_tally": [False, True, False, False, False],
                "source": ["s"] * 5,
                "url": ["https://x"] * 5,
                "note": [None] * 5,
            },
            schema_overrides={"quantity": pl.String, "note": pl.String},
        ),
    )
    build_table(connection, "published.campaign_events")
    table = read_frame(connection, "published.campaign_events").sort("event_id")
    assert table["is_round"].to_list() == [True, False, True, False, False]
