"""Values of published tables that join, choose or count, on rows typed here."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

import pytest

from pipelines.warehouse import build_table
from tests.publish.filling import fill


@pytest.fixture
def given(connection):
    """Fill a table with rows that say only what matters."""
    return partial(fill, connection)


@pytest.fixture
def published(connection):
    """Build a published table and read some of its columns, as it orders its rows."""

    def build(name: str, columns: str) -> list[tuple[Any, ...]]:
        build_table(connection, f"published.{name}")
        return connection.execute(f"select {columns} from published.{name}").fetchall()

    return build


def at(hour: int) -> dt.datetime:
    return dt.datetime(2024, 5, 1, hour, tzinfo=dt.UTC).replace(tzinfo=None)


@pytest.fixture
def ships(given):
    """Two ships, and two ports of which one is a coal port."""
    given(
        "shipping.vessels",
        {"vessel_mmsi": 1, "vessel_imo": "1000001", "name": "Made-up One", "flag_iso2": "KP"},
        {"vessel_mmsi": 2, "vessel_imo": "1000002", "name": "Made-up Two", "flag_iso2": "CN"},
    )
    given(
        "staged.ports",
        {"port_id": 1, "name": "Mine", "is_coal_port": True},
        {"port_id": 2, "name": "Mill", "is_coal_port": False},
    )


def test_a_meeting_names_each_ship_on_its_own_side(ships, given, published):
    given(
        "shipping.encounters",
        {"event_id": "b", "mmsi_a": 2, "mmsi_b": 1, "started_at": at(5), "speed_a_kn": 0.5},
        {"event_id": "a", "mmsi_a": 1, "mmsi_b": 9, "started_at": at(6), "speed_b_kn": 1.5},
    )
    columns = "event_id, vessel_name_a, vessel_imo_a, vessel_name_b, speed_a_kn, speed_b_kn"
    # a ship that told no name is kept
    assert published("encounters", columns) == [
        ("b", "Made-up Two", "1000002", "Made-up One", 0.5, None),
        ("a", "Made-up One", "1000001", None, None, 1.5),
    ]


def test_a_silence_names_the_ports_it_began_and_ended_near(ships, given, published):
    given(
        "shipping.gaps",
        {"event_id": "a", "mmsi": 1, "off_at": at(1), "off_port_id": 1, "on_port_id": 2},
        {"event_id": "b", "mmsi": 9, "off_at": at(2), "off_port_id": 2, "is_open": True},
    )
    columns = "event_id, vessel_name, off_port_name, on_port_name, is_open"
    assert published("gaps", columns) == [
        ("a", "Made-up One", "Mine", "Mill", None),
        ("b", None, "Mill", None, True),
    ]


def test_a_port_call_says_whose_port_it_was_and_what_the_ship_drew(ships, given, published):
    given(
        "shipping.port_calls",
        {"event_id": "a", "mmsi": 1, "port_id": 1, "entered_at": at(1), "draught_in_m": 4.0,
         "draught_out_m": 7.0},
        {"event_id": "b", "mmsi": 9, "port_id": 2, "entered_at": at(2)},
    )  # fmt: skip
    columns = "event_id, vessel_flag_iso2, port_name, is_coal_port, draught_in_m, draught_out_m"
    assert published("port_calls", columns) == [
        ("a", "KP", "Mine", True, 4.0, 7.0),
        ("b", None, "Mill", False, None, None),
    ]


def test_a_loading_tells_of_a_list_only_what_a_number_matched(given, published):
    given(
        "shipping.loadings",
        *(
            {"event_id": str(hour), "departed_at": at(hour), "list_match": match}
            for hour, match in enumerate(("imo_exact", "mmsi_exact", "name_close", None))
        ),
    )
    assert published("loadings", "event_id, list_match") == [
        ("0", "imo_exact"),
        ("1", "mmsi_exact"),
        ("2", None),
        ("3", None),
    ]


def test_a_halt_stands_beside_its_source_of_the_same_stream(given, published):
    day = dt.date(2020, 1, 1)
    given(
        "staged.halts",
        {"stream": "coal", "halt_id": "h1", "start_on": day, "source_id": "s1"},
        {"stream": "coal", "halt_id": "h2", "start_on": day, "source_id": "s2"},
    )
    given(
        "staged.figure_sources",
        {"stream": "coal", "source_id": "s1", "title": "Of coal"},
        {"stream": "labor", "source_id": "s1", "title": "Of labor"},
    )
    assert published("halts", "halt_id, source_title") == [("h1", "Of coal"), ("h2", None)]


def test_a_reporter_without_a_code_keeps_its_number(given, published):
    given(
        "facts.miscoding",
        {"reporter_code": 156, "year": 2016, "p_miscoded": 0.25},
        {"reporter_code": 998, "year": 2015, "p_miscoded": 0.5},
    )
    given("staged.country_codes", {"code": 156, "iso3": "CHN"}, {"code": 410, "iso3": "KOR"})
    assert published("partner_miscoding", "reporter_iso3, year, p_miscoded") == [
        ("CHN", 2016, 0.25),
        ("M49-998", 2015, 0.5),
    ]


def test_a_meaning_keeps_its_weight_beside_the_title_of_its_figure(given, published):
    given(
        "estimates.seems_to_mean",
        {"stream": "coal", "observation_id": "f1", "concept": "asked", "weight": 0.25},
        {"stream": "coal", "observation_id": "f1", "concept": "paid", "weight": 0.75},
        {"stream": "coal", "observation_id": "f2", "concept": "paid", "weight": 1.0},
    )
    given("published.figures", {"observation_id": "f1", "source_title": "A report"})
    columns = "observation_id, source_title, concept, weight"
    assert published("seems_to_mean", columns) == [
        ("f1", "A report", "paid", 0.75),
        ("f1", "A report", "asked", 0.25),
        ("f2", None, "paid", 1.0),
    ]


def test_the_assumption_of_a_feed_is_a_prior_like_any_other(given, published):
    given(
        "staged.priors",
        {"stream": "coal", "parameter": "walk", "source": "judgement: quiet years"},
        {"stream": "coal", "parameter": "level", "source": "a report, and judgement"},
    )
    given("staged.feed_priors", {"stream": "coal", "parameter": "feed", "source": "judgement"})
    assert published("priors", "parameter, is_judgement") == [
        ("feed", True),
        ("level", False),
        ("walk", True),
    ]


def test_refused_cells_are_counted_from_one_in_each_source(given, published):
    given(
        "staged.quarantine",
        {"source": "b", "file": "x", "line": 9, "column": "a", "rule": "r"},
        {"source": "a", "file": "x", "line": 7, "column": "c", "rule": "r"},
        {"source": "a", "file": "x", "line": 7, "column": "b", "rule": "r"},
    )
    assert published("quarantine", 'source, row, "column"') == [
        ("a", 1, "b"),
        ("a", 2, "c"),
        ("b", 1, "a"),
    ]


@pytest.mark.parametrize(
    ("kind", "actor", "is_tally", "is_round"),
    [
        ("us_designation_round", "OFAC", False, True),
        ("other_designation_round", "EU", False, True),
        ("un_joint_statement", "eleven states", False, True),
        # counted again elsewhere, told by the states that watch, or no round at all
        ("us_designation_round", "OFAC", True, False),
        ("un_joint_statement", "MSMT states", False, False),
        ("missile_test", "DPRK", False, False),
    ],
)
def test_a_round_is_an_act_of_its_own_by_others_than_the_watchers(
    given, published, kind, actor, is_tally, is_round
):
    given(
        "staged.campaign_events",
        {"event_id": "e", "kind": kind, "actor": actor, "is_tally": is_tally},
    )
    assert published("campaign_events", "is_round") == [(is_round,)]


def test_the_campaigns_income_is_that_of_all_streams_by_month(connection, given):
    month = dt.date(2020, 1, 1)
    given(
        "estimates.total_draws",
        *(
            {"measure": measure, "draw": draw, "month": month, "usd": usd * (1.0 + draw)}
            for measure, usd in (("state_income_usd", 10.0), ("gross_income_usd", 7.0))
            for draw in range(5)
        ),
    )
    build_table(connection, "network.income_monthly")
    # 10, 20, 30, 40, 50: the 5% point lies a fifth of the way from 10 to 20
    assert connection.execute("from network.income_monthly").fetchall() == [
        (month, pytest.approx(12.0), 30.0, pytest.approx(48.0))
    ]


def test_the_widest_component_of_a_year_comes_first(given, published):
    given(
        "estimates.components",
        {"stream": "coal", "year": 2020, "component": "price", "variance_share": 0.25},
        {"stream": "coal", "year": 2020, "component": "tonnage", "variance_share": 0.75},
    )
    assert published("sensitivity", "input, variance_share") == [("tonnage", 0.75), ("price", 0.25)]


def test_a_headline_is_told_in_millions_of_the_years_that_are_whole(given, published):
    year = {"measure": "state_income_usd", "q05": 1.5e9, "q95": 2.25e9, "is_partial_year": False}
    given(
        "published.income_annual",
        {"stream": "total", "year": 2020, "mean": 1.75e9, "streams": "coal", **year},
        {"stream": "total", "year": 2021, "mean": 9.0, **year, "is_partial_year": True},
        {"stream": "total", "year": 2020, **year, "measure": "gross_income_usd"},
        {"stream": "coal", "year": 2020, "mean": 1.8e9, **year},
        {"stream": "coal", "year": 2021, "mean": 9.0, **year, "is_partial_year": True},
        {"stream": "coal", "year": 2020, **year, "measure": "gross_income_usd"},
    )
    assert published("headline_total_annual", "year, total_mean_usd, range_90_usd_m, streams") == [
        (2020, 1.75e9, "1,500 to 2,250", "coal")
    ]
    assert published("headline_annual", "stream, year, stream_mean_usd, range_90_usd_m") == [
        ("coal", 2020, 1.8e9, "1,500 to 2,250")
    ]


def test_a_figure_is_used_where_ledger_and_model_both_do_and_else_says_why(given, published):
    of = {"stream": "coal", "source_id": "s1"}
    given(
        "facts.observations",
        {"observation_id": "f1", **of, "is_usable": True},
        {"observation_id": "f2", **of, "is_usable": True},
        {"observation_id": "f3", **of, "is_usable": True},
        {"observation_id": "f4", **of, "is_usable": False, "reason_not_used": "a plan"},
        {"observation_id": "f5", "stream": "labor", "source_id": "s1", "is_usable": True},
    )
    given(
        "staged.figure_sources",
        {"stream": "coal", "source_id": "s1", "title": "Of coal"},
        {"stream": "coal", "source_id": "s2", "title": "Another"},
    )
    given(
        "estimates.observation_use",
        {"stream": "coal", "observation_id": "f1", "is_used": True, "influence": 0.5},
        {"stream": "coal", "observation_id": "f2", "is_used": False, "reason_not_used": "echo"},
        {"stream": "coal", "observation_id": "f4", "is_used": True},
        {"stream": "coal", "observation_id": "f5", "is_used": True},
    )
    given(
        "staged.figure_overlays",
        {"stream": "coal", "observation_id": "f2", "how": "replaces"},
        {"stream": "coal", "observation_id": "f5", "how": "adds"},
    )
    unread = "no model of this stream reads this quantity"
    columns = "observation_id, is_used, reason_not_used, source_title, influence, correction"
    assert published("figures", columns) == [
        ("f1", True, None, "Of coal", 0.5, None),
        ("f2", False, "echo", "Of coal", None, "replaces"),
        ("f3", False, unread, "Of coal", None, None),
        ("f4", False, "a plan", "Of coal", None, None),
        ("f5", False, unread, None, None, None),
    ]


def test_the_total_comes_after_all_streams_and_begins_with_the_first(given, published):
    given(
        "estimates.streams",
        {"stream": "labor", "first_month": dt.date(2015, 1, 1), "sort_order": 4},
        {"stream": "coal", "first_month": dt.date(2016, 1, 1), "sort_order": 1},
    )
    assert published("streams", "stream, first_month, sort_order") == [
        ("coal", dt.date(2016, 1, 1), 1),
        ("labor", dt.date(2015, 1, 1), 4),
        ("total", dt.date(2015, 1, 1), 5),
    ]
