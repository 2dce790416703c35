"""Values of the selects behind the report's pages, on rows typed here."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

import pytest

from pipelines.publish.site.build import VIEWS, select_of
from pipelines.warehouse import bound
from tests.publish.filling import fill_release


@pytest.fixture
def given(connection):
    """Fill a table of the release with rows that say only what matters."""
    return partial(fill_release, connection)


@pytest.fixture
def told(connection):
    """Some columns of a select of the report, in its order of rows."""

    def run(name: str, columns: str, **params: Any) -> list[tuple[Any, ...]]:
        for view in sorted(VIEWS.glob("*.sql")):
            if "income_annual" in {row[0] for row in connection.execute("show tables").fetchall()}:
                connection.execute(f"create or replace view {view.stem} as {view.read_text()}")
        sql = select_of(name)
        found = connection.execute(sql, bound(sql, params)).pl()
        return found.select(columns.split()).rows()

    return run


def window(first: str, last: str) -> dict[str, Any]:
    return {
        "window_start_on": dt.date.fromisoformat(first),
        "window_end_on": dt.date.fromisoformat(last),
    }


YEAR = window("2020-01-01", "2020-12-31")


def income(stream: str, year: int, q50: float = 1.0, **more: Any) -> dict[str, Any]:
    """A whole year of a stream's headline."""
    told = {"stream": stream, "measure": "state_income_usd", "year": year, "q50": q50}
    return told | {"is_partial_year": False, "model": "ours"} | more


STREAMS = (
    {"stream": "coal", "title": "Coal", "sort_order": 1},
    {"stream": "labor", "title": "Labor", "sort_order": 2},
)


def test_a_figure_of_a_month_is_one_shorter_than_a_year_that_touches_it(given, told):
    january, march = dt.date(2020, 1, 1), dt.date(2020, 3, 1)
    given(
        "income_monthly",
        *(
            {"stream": stream, "measure": measure, "month": month}
            for stream, month in (
                ("coal", january),
                ("coal", march),
                ("labor", dt.date(2020, 2, 1)),
            )
            for measure in ("net_usd", "state_income_usd")
        ),
        {"stream": "coal", "measure": "net_usd", "month": dt.date(2019, 3, 1)},
    )
    figure = {"stream": "coal", "is_used": True}
    given(
        "figures",
        {"observation_id": "quarter", **figure, **window("2020-01-01", "2020-03-31")},
        {"observation_id": "month", **figure, **window("2020-03-01", "2020-03-31")},
        {"observation_id": "unused", **figure, **window("2020-03-01", "2020-03-31"),
         "is_used": False},
        {"observation_id": "touches", **figure, **window("2019-12-01", "2020-01-01")},
        {"observation_id": "too early", **figure, **window("2019-12-01", "2019-12-31")},
        {"observation_id": "next", **figure, **window("2020-04-01", "2020-04-30")},
        {"observation_id": "year", **figure, **YEAR},
        {"observation_id": "labor", **figure, **window("2020-03-01", "2020-03-31"),
         "stream": "labor"},
    )  # fmt: skip
    assert told("figures_of_months", "place observation_id", stream="coal", year=2020) == [
        ("2020-01", "touches"),
        ("2020-01", "quarter"),
        ("2020-03", "month"),
        ("2020-03", "quarter"),
        ("2020-03", "unused"),
    ]


def test_a_dot_lies_outside_only_where_all_it_says_does(given, told):
    given(
        "income_annual",
        income("coal", 2020, q05=10.0, q95=20.0),
        income("coal", 2020, q05=1.0, q95=2.0, measure="net_usd"),
        income("labor", 2020, q05=0.0, q95=1e9),
    )
    given(
        "stream_measures",
        {"stream": "coal", "measure": "net_usd", "label": "kept", "is_state_income": True},
        {"stream": "labor", "measure": "gross_usd", "label": "pay", "is_state_income": True},
    )
    whole = {"stream": "coal", "unit": "USD", "coverage": "whole", "kind": "exact", **YEAR}
    given(
        "figures",
        {"observation_id": "a", **whole, "central": 15.0, "concept": "net_usd"},
        {"observation_id": "b", **whole, "central": 9.0, "concept": "gross_usd"},
        {"observation_id": "c", **whole, "central": 21.0},
        {"observation_id": "d", **whole, "low": 18.0, "high": 30.0},
        {"observation_id": "e", **whole, "low": 12.0, "central": 25.0, "high": 40.0},
        {"observation_id": "f", **whole, "low": 21.0, "kind": "lower_bound"},
        {"observation_id": "g", **whole, "low": 20.0, "central": 30.0},
        {"observation_id": "tonnes", **whole, "unit": "t"},
        {"observation_id": "part", **whole, "coverage": "part"},
        {"observation_id": "plan", **whole, "kind": "plan"},
        {"observation_id": "short", **whole, **window("2020-01-01", "2020-06-30")},
        {"observation_id": "long", **whole, **window("2020-01-01", "2021-06-30")},
        {"observation_id": "labor", **whole, "stream": "labor", "central": 1.0},
    )
    columns = "observation_id low_usd high_usd is_outside is_headline_money"
    assert told("dots", columns, stream="coal") == [
        ("a", 15.0, 15.0, False, True),
        ("b", 9.0, 9.0, True, False),
        ("c", 21.0, 21.0, True, False),
        # its low end lies inside: below the interval only what is meant counts
        ("d", 18.0, 30.0, False, False),
        ("e", 12.0, 40.0, False, False),
        ("f", 21.0, None, True, False),
        ("g", 20.0, 30.0, False, False),
    ]


def test_a_plain_rule_beats_only_on_the_same_figures(given, told):
    given("income_annual", income("coal", 2020), income("labor", 2020))
    given("streams", *STREAMS)
    score = {"stream": "coal", "test": "forward", "era": "all", "n": 5, "verdict": "holds"}
    given(
        "backtest_scores",
        {"model": "ours", "wis": 2.0, "quantity": "q1", **score},
        {"model": "plain", "wis": 1.0, "quantity": "q1", **score},
        {"model": "plainer", "wis": 0.5, "quantity": "q1", **score, "n": 4},
        {"model": "ours", "wis": 2.0, "quantity": "q2", **score},
        {"model": "plain", "wis": 3.0, "quantity": "q2", **score},
        {"model": "ours", "wis": 2.0, "quantity": "q3", **score, "verdict": "too few to judge"},
        {"model": "plain", "wis": 1.0, "quantity": "q3", **score},
        {"model": "plain", "wis": 0.1, "quantity": "q1", **score, "stream": "labor"},
        {"model": "plain", "wis": 0.1, "quantity": "q1", **score, "test": "leave_class_out"},
        {"model": "plain", "wis": 0.1, "quantity": "q1", **score, "era": "ban"},
    )
    assert told("beaten", "title quantity model wis our_wis") == [("Coal", "q1", "plain", 1.0, 2.0)]


def test_verdicts_count_the_tests_of_the_model_behind_the_headline(given, told):
    given("income_annual", income("coal", 2020), income("labor", 2020, model="other"))
    given("streams", *STREAMS)
    ways = (
        "too few to judge", "holds", "meets the bar", "too narrow", "too narrow", "too narrow",
        "too wide", "too wide", "misses the bar", "wider than needed", "misses the bar",
        "misses the bar",
    )  # fmt: skip
    given(
        "backtest_scores",
        *(
            {"stream": "coal", "era": "all", "model": "ours", "test": str(i), "verdict": verdict}
            for i, verdict in enumerate(ways)
        ),
        {"stream": "coal", "era": "all", "model": "plain", "verdict": "holds"},
        {"stream": "labor", "era": "all", "model": "ours", "verdict": "holds"},
    )
    columns = "title era n_tests n_too_few n_hold n_too_narrow n_too_wide n_miss"
    assert told("verdicts", columns) == [("Coal", "all", 12, 1, 2, 3, 2, 4)]


def test_a_root_is_named_by_its_own_origin(given, told):
    given(
        "origins",
        {"origin_id": "a-desk", "root_id": "body", "name": "A desk of it"},
        {"origin_id": "body", "root_id": "body", "name": "The body"},
        {"origin_id": "echo", "root_id": "gone", "name": "An echo"},
        {"origin_id": "press", "root_id": "press", "name": "A paper"},
    )
    of = {"stream": "coal", "year": 2020}
    given(
        "influence",
        {"what": "root", "name": "body", "shift_in_widths": 0.1, **of},
        {"what": "root", "name": "gone", "shift_in_widths": 0.3, **of},
        {"what": "root", "name": "unlisted", **of},
        {"what": "class", "name": "press", "shift_in_widths": 0.2, **of},
        {"what": "figure", "name": "f1", "shift_in_widths": 0.9, **of},
        {"what": "root", "name": "body", "shift_in_widths": 0.4, **of, "year": 2019},
        {"what": "root", "name": "body", "shift_in_widths": 0.4, **of, "stream": "labor"},
    )
    assert told("roots_of_year", "what words", stream="coal", year=2020) == [
        ("class", "press"),
        ("root", "An echo"),
        ("root", "The body"),
        ("root", "unlisted"),
    ]


def test_a_years_figures_touch_it_and_others_it_leans_on_do_not(given, told):
    figure = {"stream": "coal", "is_used": True}
    given(
        "figures",
        {"observation_id": "in", **figure, **YEAR},
        {"observation_id": "over", **figure, **window("2019-12-01", "2021-01-31")},
        {"observation_id": "unused", **figure, **YEAR, "is_used": False},
        {"observation_id": "before", **figure, **window("2019-01-01", "2019-12-31")},
        {"observation_id": "after", **figure, **window("2021-01-01", "2021-12-31")},
        {"observation_id": "labor", **figure, **YEAR, "stream": "labor"},
    )
    of = {"stream": "coal", "year": 2020, "what": "figure"}
    given(
        "influence",
        {"name": "over", "shift_in_widths": 0.5, "shift_usd": 5.0, **of},
        {"name": "in", "shift_in_widths": 0.25, "shift_usd": 2.0, **of},
        {"name": "in", "shift_in_widths": 9.0, **of, "year": 2019},
        {"name": "in", "shift_in_widths": 9.0, **of, "what": "root"},
        {"name": "in", "shift_in_widths": 9.0, **of, "stream": "labor"},
        {"name": "before", "shift_in_widths": 0.125, "shift_usd": 1.0, **of},
        {"name": "after", "shift_in_widths": 0.75, "shift_usd": 7.0, **of},
        {"name": "after", "shift_in_widths": 9.0, **of, "year": 2021},
        {"name": "after", "shift_in_widths": 9.0, **of, "what": "root"},
    )
    columns = "observation_id shift_usd"
    assert told("figures_of_year", columns, stream="coal", year=2020) == [
        ("over", 5.0),
        ("in", 2.0),
        ("unused", None),
    ]
    assert told("figures_from_other_years", columns, stream="coal", year=2020) == [
        ("after", 7.0),
        ("before", 1.0),
    ]


def test_a_year_of_pressure_sums_its_months(given, told):
    counted = (
        "designations", "missile_test_events", "nuclear_tests", "un_resolutions",
        "us_designation_rounds", "enforcement_actions", "joint_statements",
    )  # fmt: skip
    given(
        "campaign_monthly",
        *(
            {"month": dt.date(year, month, 1), **{name: i for i, name in enumerate(counted, 1)}}
            for year, months in ((2005, 12), (2006, 12), (2007, 2))
            for month in range(1, months + 1)
        ),
    )
    given(
        "income_annual",
        income("total", 2006, q50=7.0, mcse_q50=0.5),
        income("total", 2006, q50=8.0, measure="gross_income_usd"),
        income("coal", 2006, q50=9.0),
    )
    columns = f"year {' '.join(counted)} income_q50 mcse_income_q50 is_partial"
    assert told("pressure_years", columns) == [
        (2006, 12, 24, 36, 48, 60, 72, 84, 7.0, 0.5, False),
        (2007, 2, 4, 6, 8, 10, 12, 14, None, None, True),
    ]


def test_a_streams_measures_say_which_is_the_headline(given, told):
    given(
        "income_annual",
        income("coal", 2020, measure="net_usd"),
        income("coal", 2020, measure="cif_usd"),
        income("coal", 2020),
        income("coal", 2019, measure="net_usd"),
        income("total", 2020),
        income("total", 2020, measure="gross_income_usd"),
    )
    given(
        "stream_measures",
        {"stream": "coal", "measure": "net_usd", "label": "kept", "is_state_income": True},
        {"stream": "coal", "measure": "cif_usd", "label": "paid", "is_state_income": False},
        {"stream": "labor", "measure": "net_usd", "label": "sent", "is_state_income": True},
    )
    assert told("measures_of_year", "measure label", stream="coal", year=2020) == [
        ("cif_usd", "paid"),
        ("net_usd", "kept (the headline)"),
    ]
    assert told("measures_of_year", "label", stream="total", year=2020) == [
        ("what buyers and employers pay",),
        ("what reaches the DPRK side (the headline)",),
    ]


def test_dollars_of_the_newest_index_and_the_share_of_the_highest_whole_year(given, told):
    given(
        "income_annual",
        income("coal", 2018, q50=50.0),
        income("coal", 2019, q50=100.0),
        income("coal", 2020, q50=400.0, is_partial_year=True),
        income("coal", 2019, q50=1e3, measure="net_usd"),
        income("labor", 2019, q50=1e3),
    )
    given(
        "price_index",
        {"series_id": "x", "year": 2018, "index_1982_84": 200.0},
        {"series_id": "x", "year": 2019, "index_1982_84": 250.0},
    )
    columns = "year share_of_highest real_factor base_year real_q50"
    assert told("annual", columns, stream="coal") == [
        (2018, 0.5, 1.25, 2019, 62.5),
        (2019, 1.0, 1.0, 2019, 100.0),
        (2020, 4.0, None, 2019, None),
    ]


def test_the_answer_is_each_streams_last_whole_year(given, told):
    given(
        "income_annual",
        income("coal", 2019),
        income("coal", 2020),
        income("coal", 2020, measure="gross_income_usd"),
        income("coal", 2020, measure="net_usd"),
        income("coal", 2021, is_partial_year=True),
        income("total", 2019),
    )
    given("streams", *STREAMS, {"stream": "total", "title": "All", "sort_order": 9})
    assert told("answer", "title year measure is_total") == [
        ("Coal", 2020, "state_income_usd", False),
        ("Coal", 2020, "gross_income_usd", False),
        ("All", 2019, "state_income_usd", True),
    ]


def test_a_prior_is_tried_half_and_twice_as_strong_in_three_years(given, told):
    given("streams", *STREAMS)
    of = {"stream": "coal", "prior": "walk", "sensitivity": 0.25}
    given(
        "prior_sensitivity",
        *(
            {"year": year, "alpha": alpha, "median_ratio": ratio, **of}
            for year in (2018, 2019, 2021)
            for alpha, ratio in ((0.5, 0.75), (1.0, 5.0), (2.0, 1.5))
        ),
    )
    assert told("priors_that_hold", "year title half_ratio twice_ratio") == [
        (2021, "Coal", 0.75, 1.5),
        (2019, "Coal", 0.75, 1.5),
    ]


def test_readings_are_of_the_last_whole_year_and_the_error_is_of_all_of_them(given, told):
    given("streams", *STREAMS)
    given(
        "income_annual",
        income("coal", 2019, mcse_q50=0.125),
        income("coal", 2020, mcse_q50=0.5),
        income("coal", 2020, mcse_q50=0.75, measure="net_usd"),
        income("coal", 2021, is_partial_year=True),
        income("labor", 2020, mcse_q50=0.25),
    )
    given(
        "readings",
        *(
            {"stream": "coal", "year": year, "reading": reading}
            for year in (2019, 2020, 2021)
            for reading in ("all", "floors only")
        ),
    )
    assert told("readings_now", "title year reading mcse_q50") == [
        ("Coal", 2020, "all", 0.5),
        ("Coal", 2020, "floors only", None),
    ]


def test_marks_of_the_total_are_every_streams_once(given, told):
    def halt(stream: str, kind: str, day: int) -> dict[str, Any]:
        start = dt.date(2020, 1, day)
        return {"stream": stream, "halt_id": f"{stream}{day}", "kind": kind, "start_on": start}

    given(
        "halts",
        halt("labor", "border_shut", 1),
        halt("coal", "border_shut", 1),
        halt("coal", "ban", 2),
        halt("coal", "busy", 3),
        halt("coal", "clearance", 4),
        halt("coal", "own", 5),
        halt("labor", "permits_end", 6),
    )
    columns = "halt_id is_stretch"
    assert told("marks", columns, stream="total") == [
        ("coal1", True),
        ("coal2", False),
        ("labor6", False),
    ]
    assert told("marks", columns, stream="coal") == [
        ("coal1", True),
        ("coal2", False),
        ("coal5", False),
    ]


def test_a_bank_is_told_once_with_all_its_years(given, told):
    given(
        "bank_exposure",
        {"bank_id": "b1", "bank_name": "One", "year": 2016, "documented_usd": 2.0, "n_fronts": 1,
         "documented_scheme_usd": 5.0, "has_finding": False},
        {"bank_id": "b1", "bank_name": "One", "year": 2018, "documented_usd": 3.0, "n_fronts": 4,
         "documented_scheme_usd": 6.0, "has_finding": True},
        {"bank_id": "b2", "bank_name": "Two", "year": 2017, "documented_usd": 9.0,
         "has_finding": False},
    )  # fmt: skip
    columns = "bank_name has_finding first_year last_year documented_usd shared_usd n_fronts"
    assert told("banks_named", columns) == [
        ("One", True, 2016, 2018, 5.0, 11.0, 4),
        ("Two", False, 2017, 2017, 9.0, None, None),
    ]


def test_moves_are_those_of_the_newest_release_beyond_noise(given, told):
    given("streams", *STREAMS)
    given("releases", {"sequence": 1}, {"sequence": 2})
    of = {"stream": "coal", "measure": "net_usd", "year": 2020, "is_noise": False}
    given(
        "changes",
        {"sequence": 2, "moved_usd": 1.0, **of},
        {"sequence": 2, "moved_usd": -3.0, **of, "year": 2019},
        {"sequence": 2, "moved_usd": 9.0, **of, "is_noise": True},
        {"sequence": 1, "moved_usd": 9.0, **of},
    )
    assert told("moves", "title year moved_usd") == [("Coal", 2019, -3.0), ("Coal", 2020, 1.0)]


def test_a_years_months_are_those_of_its_headline(given, told):
    january = dt.date(2020, 1, 1)
    given(
        "income_monthly",
        {"stream": "coal", "measure": "state_income_usd", "month": january, "q50": 3.0},
        {"stream": "coal", "measure": "net_usd", "month": january, "q50": 4.0},
        {"stream": "labor", "measure": "state_income_usd", "month": january, "q50": 5.0},
        {"stream": "coal", "measure": "state_income_usd", "month": dt.date(2019, 1, 1)},
    )
    assert told("months_of_year", "place q50", stream="coal", year=2020) == [("2020-01", 3.0)]


def test_scores_are_current_where_all_are_and_embedded_where_any_is(given, told):
    given("streams", *STREAMS)
    given(
        "backtest_scores",
        {"stream": "coal", "test": "a", "is_current": True, "is_embedded": False},
        {"stream": "coal", "test": "b", "is_current": False, "is_embedded": True},
        {"stream": "labor", "test": "a", "is_current": True, "is_embedded": False},
    )
    assert told("scored", "title is_embedded is_current") == [
        ("Coal", True, False),
        ("Labor", False, True),
    ]


def test_sources_are_counted_by_how_they_answered(given, told):
    asked = {"asked_at": dt.datetime(2024, 5, 1), "is_stale": False, "is_embedded": False}  # noqa: DTZ001
    given(
        "sources_status",
        {"source": "a", **asked, "is_answered": True, "rows_kept": 5, "rows_quarantined": 1},
        {"source": "b", **asked, "is_answered": False, "rows_kept": 0, "rows_quarantined": 2},
        {"source": "c", **asked, "is_answered": False, "rows_kept": 7, "is_stale": True},
        {"source": "d", "is_answered": False, "rows_kept": 0, "is_embedded": True},
        {"source": "e", "is_stale": True, "rows_kept": 1, "is_embedded": True},
        {"source": "f", "is_embedded": True, "rows_kept": 1},
        {"source": "g", "is_embedded": True, "rows_kept": 1},
    )
    columns = "n_sources n_asked n_silent n_stale n_empty n_embedded n_refused"
    assert told("sources_told", columns) == [(7, 3, 2, 2, 1, 4, 3)]


def test_a_claim_of_a_calendar_year_has_the_error_of_that_year(given, told):
    given("streams", *STREAMS)
    given(
        "income_annual",
        income("coal", 2020, mcse_q50=0.5),
        income("coal", 2021, mcse_q50=0.25),
        income("coal", 2020, mcse_q50=0.75, measure="net_usd"),
        income("labor", 2020, mcse_q50=0.125),
    )
    of = {"stream": "coal", "measure": "state_income_usd"}
    given(
        "claims",
        {"claim_id": "a", **of, **YEAR},
        {"claim_id": "b", **of, **window("2020-01-01", "2020-06-30")},
        {"claim_id": "c", **of, **window("2019-06-01", "2020-12-31")},
    )
    assert told("claims_all", "claim_id title mcse_q50") == [
        ("a", "Coal", 0.5),
        ("b", "Coal", None),
        ("c", "Coal", None),
    ]


def test_a_country_is_told_with_the_statements_it_joined(given, told):
    def stood(country: str, joined: str, member: bool, day: int) -> dict[str, Any]:
        return {"country_iso3": country, "joined": joined, "is_unsc_member_then": member,
                "statement_on": dt.date(2024, 1, day)}  # fmt: skip

    given(
        "statement_endorsers",
        stood("AAA", "true", True, 1), stood("AAA", "true", False, 2),
        stood("AAA", "false", True, 3), stood("AAA", "unknown", True, 4),
        stood("BBB", "true", False, 1), stood("CCC", "false", True, 1),
    )  # fmt: skip
    given("joint_statements", {"statement_id": "s1"}, {"statement_id": "s2"})
    columns = "country_iso3 n_joined n_joined_as_member n_as_member last_joined_on"
    assert told("endorsers", columns) == [
        ("AAA", 2, 1, 3, dt.date(2024, 1, 2)),
        ("BBB", 1, 0, 0, dt.date(2024, 1, 1)),
    ]
    assert told("joint_told", "n_statements n_countries") == [(2, 2)]


def test_events_leave_tests_and_exercises_apart(given, told):
    given(
        "campaign_events",
        *(
            {"event_id": kind, "kind": kind, "event_on": dt.date(2024, 1, day)}
            for day, kind in enumerate(("missile_test", "exercise", "un_resolution", "other"), 1)
        ),
    )
    assert told("events", "event_id") == [("other",), ("un_resolution",)]


def test_banks_of_china_are_counted_by_size_and_finding(given, told):
    given(
        "chinese_banks",
        {"row_id": "1", "bank_id": "a", "tier": "rural_commercial", "has_finding": True},
        {"row_id": "2", "bank_id": "b", "tier": "cooperative", "has_finding": False},
        {"row_id": "3", "bank_id": "c", "tier": "city_commercial", "has_finding": False},
        {"row_id": "4", "bank_id": "d", "tier": "global", "has_finding": False},
        {"row_id": "5", "tier": "rural_commercial", "has_finding": True},
        {"row_id": "6", "tier": "cooperative"},
        {"row_id": "7", "tier": "city_commercial"},
    )
    columns = "n_named n_small_or_medium n_small n_with_finding n_unnamed_groups"
    assert told("chinese_told", columns) == [(4, 3, 2, 1, 3)]


def test_a_statement_has_the_precision_of_its_event(given, told):
    day, next_day = dt.date(2024, 1, 1), dt.date(2024, 1, 2)
    given(
        "joint_statements",
        {"statement_id": "a", "statement_on": day, "title": "One"},
        {"statement_id": "b", "statement_on": next_day, "title": "Two"},
    )
    given(
        "campaign_events",
        {"event_id": "1", "event_on": day, "title": "One", "precision": "day"},
        {"event_id": "2", "event_on": day, "title": "Two", "precision": "month"},
        {"event_id": "3", "event_on": next_day, "title": "One", "precision": "month"},
    )
    assert told("joint", "statement_id precision") == [("b", None), ("a", "day")]


def test_sensitivity_is_told_of_four_years(given, told):
    given("streams", *STREAMS)
    given(
        "sensitivity",
        *(
            {"stream": "coal", "year": year, "input": name, "variance_share": share}
            for year in (2017, 2018, 2021)
            for name, share in (("price", 0.25), ("tonnage", 0.75))
        ),
    )
    assert told("sensitivity_now", "year title input") == [
        (2021, "Coal", "tonnage"),
        (2021, "Coal", "price"),
        (2018, "Coal", "tonnage"),
        (2018, "Coal", "price"),
    ]


def test_sources_come_in_the_order_of_worry(given, told):
    fine = {"is_answered": True, "is_stale": False, "rows_kept": 1, "is_embedded": False}
    given(
        "sources_status",
        {"source": "a", **fine},
        {"source": "b", **fine, "rows_kept": 0, "is_embedded": True},
        {"source": "c", **fine, "rows_kept": 0},
        {"source": "d", **fine, "is_stale": True},
        {"source": "e", **fine, "is_answered": False},
        {"source": "f", **fine, "is_answered": None},
    )
    assert told("sources", "source worry") == [
        ("e", 1), ("d", 2), ("c", 3), ("a", 4), ("b", 4), ("f", 4),
    ]  # fmt: skip


def test_every_score_says_whether_its_model_is_the_headlines(given, told):
    given("streams", *STREAMS)
    given("income_annual", income("coal", 2020))
    given(
        "backtest_scores",
        {"stream": "coal", "model": "ours", "wis": 2.0},
        {"stream": "coal", "model": "plain", "wis": 1.0},
        {"stream": "labor", "model": "ours", "wis": 1.0},
    )
    assert told("tests_all", "title model is_headline") == [
        ("Coal", "plain", False),
        ("Coal", "ours", True),
        ("Labor", "ours", False),
    ]


def test_a_hidden_figure_stands_beside_what_the_headlines_model_said(given, told):
    given("streams", *STREAMS)
    given("income_annual", income("coal", 2020))
    of = {"stream": "coal", "test": "forward", "fold": "2019"}
    given(
        "backtest_cases",
        {"observation_id": "f1", "model": "ours", "q50": 3.0, **of},
        {"observation_id": "f1", "model": "plain", "q50": 9.0, **of},
        {"observation_id": "gone", "model": "ours", "q50": 4.0, **of},
        {"observation_id": "f1", "model": "ours", "q50": 5.0, **of, "stream": "labor"},
    )
    given("figures", {"observation_id": "f1", "unit": "USD", **YEAR}, {"observation_id": "f2"})
    assert told("cases", "observation_id q50 unit") == [("f1", 3.0, "USD"), ("gone", 4.0, None)]


def test_earlier_releases_are_told_of_the_last_whole_year_with_todays_error(given, told):
    given("streams", *STREAMS)
    given(
        "income_annual",
        income("coal", 2019, mcse_q50=9.0),
        income("coal", 2020, mcse_q50=0.5),
        income("coal", 2020, mcse_q50=0.75, measure="net_usd"),
        income("coal", 2021, mcse_q50=7.0, is_partial_year=True),
        income("labor", 2020, mcse_q50=0.25),
    )
    given(
        "release_headlines",
        *(
            {"stream": "coal", "sequence": sequence, "year": year, "q50": float(sequence)}
            for sequence in (1, 2)
            for year in (2019, 2020, 2021)
        ),
    )
    assert told("headline_by_release", "title sequence year q50 mcse_q50") == [
        ("Coal", 1, 2020, 1.0, 0.5),
        ("Coal", 2, 2020, 2.0, 0.5),
    ]


def test_a_root_has_the_name_of_itself_or_of_its_most_used_origin(given, told):
    given(
        "origins",
        {"origin_id": "a", "root_id": "a", "name": "Root", "n_used": 1, "n_statements": 1,
         "first_observation_id": "f1"},
        {"origin_id": "b", "root_id": "a", "name": "Branch", "n_used": 5, "n_statements": 5},
        {"origin_id": "c", "root_id": "z", "name": "Seldom", "n_used": 0, "n_statements": 9},
        {"origin_id": "d", "root_id": "z", "name": "Often", "n_used": 2, "n_statements": 2},
    )  # fmt: skip
    given("figures", {"observation_id": "f1", "stream": "coal"})
    assert told("origins_all", "name n_of_root root_name first_stream") == [
        ("Branch", 2, "Root", None),
        ("Often", 2, "Often", None),
        ("Root", 2, "Root", "coal"),
        ("Seldom", 2, "Often", None),
    ]
