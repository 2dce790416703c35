"""What the labor model reads of a made-up ledger, held against values worked out by hand."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from pipelines.paths import STREAMS_DIR
from pipelines.streams import people
from pipelines.streams.labor.figures import draws_frame, evidence
from pipelines.streams.labor.model import HOSTS, SHUT
from tests.streams.people_ledger import RATES, ledger, priors, row

HALTS = pl.read_csv(STREAMS_DIR / "labor" / "halts.csv", try_parse_dates=True)


def read(*rows, through=dt.date(2024, 12, 1)):
    return evidence(ledger(*rows), priors("labor"), through=through, halts=HALTS, rates=RATES)


def test_a_line_through_knots_is_averaged_exactly():
    # a line that climbs from 0 to 1 over the first half-year, then falls back
    weights = people.line(np.array([0.0, 0.5, 0.0]), np.array([1.0, 0.5, 2.0]), 3)
    assert weights @ np.array([0.0, 1.0, 0.0]) == pytest.approx([0.5, 0.5, 0.5])
    assert weights.sum(axis=1) == pytest.approx([1, 1, 1])
    assert people.line(np.array([1.5]), np.array([1.5]), 3)[0] == pytest.approx([0, 0.5, 0.5], 1e-5)


def test_money_comes_in_dollars_a_month_and_a_year():
    one = read(
        row("yuan", "gross_wage", 2_000, 2015, unit="CNY/month"),
        row("quota", "fee", 6_000, 2015, unit="USD/worker/year", counterpart_iso3="RUS"),
        row("sum", "earnings_usd", 3e6, 2015, unit="USD_cumulative", concept="unsaid",
            window_end_on=dt.date(2016, 12, 31), counterpart_iso3="WLD"),
        row("late", "fee", 50_000, 2023, unit="RUB/month", counterpart_iso3="RUS"),
    )  # fmt: skip
    paid = one.data["per_worker"]
    # rows stand by id: the quota before the yuan; two yuan a dollar
    assert np.exp(paid["value"]) == pytest.approx([500, 1_000])
    assert paid["concept"].tolist() == [[0, 0, 1, 0], [1, 0, 0, 0]]
    # two years' money as a year's
    assert np.exp(one.data["total"]["value"]) == pytest.approx([3e6 * 365.25 / 731])
    # a source that does not say may mean any of three
    assert one.data["total"]["concept"].tolist() == [[1, 1, 1]]
    late = one.rows.filter(observation_id="late")
    assert late["site"][0] is None
    assert late["reason_not_used"][0] == "no reference rate of its currency in its window"


def test_bounds_ranges_and_hindsight_widen_a_figure():
    one = read(
        row("a-floor", "headcount", None, 2016, kind="lower_bound", low=10_000),
        row("b-range", "headcount", None, 2016, kind="interval", low=10_000, high=40_000),
        row("c-old", "headcount", 12_345, 2012, stated_year=2020),
        row("d-late", "headcount", 12_345, 2021),
    )
    rows = one.data["headcount"]
    base, room = priors("labor")["error.headcount"][0], priors("labor")["room_above_floor"][0]
    # half a normal above the floor; the one digit printed is worth 1/(2 sqrt 3)
    assert rows["value"][0] == pytest.approx(np.log(10_000) + room * np.sqrt(2 / np.pi))
    assert rows["error"][0] ** 2 == pytest.approx(
        base**2 + 1 / 12 + room**2 * (1 - 2 / np.pi), rel=1e-6
    )
    assert rows["value"][1] == pytest.approx(np.log(20_000))
    assert rows["error"][1] ** 2 == pytest.approx(base**2 + (np.log(4) / 2.5632) ** 2, rel=1e-3)
    # no register counts those who should be gone
    guess = priors("labor")["error.no_register"][0]
    assert rows["error"][3] ** 2 == pytest.approx(base**2 + guess**2, rel=1e-4)
    # eight years of hindsight count as four
    assert rows["error"][2] ** 2 == pytest.approx(base**2 + 0.4**2, rel=1e-4)


def test_parts_towns_flows_and_ratios_enter_as_what_they_are():
    one = read(
        row("some", "headcount", 900, 2016, sector="logging", coverage="part"),
        row("LAB-0101", "headcount", 80_000, 2022, coverage="part"),
        row("angola", "headcount", 1_000, 2014, counterpart_iso3="AGO"),
        row("visas", "permits", 4_000, 2016, coverage="channel"),
        row("cap", "headcount", None, 2016, kind="upper_bound", high=9_000, coverage="part"),
        row("gone", "repatriated", 23_000, 2018, counterpart_iso3="WLD", coverage="part"),
        row("quarter", "border_entries", 100, 2024, counterpart_iso3="RUS", root_id="guard",
            window_end_on=dt.date(2024, 3, 31)),
        row("whole", "border_entries", 9_000, 2024, counterpart_iso3="RUS", root_id="guard"),
        row("shut", "border_entries", 70, 2021, counterpart_iso3="RUS"),
        row("index", "headcount", 60, 2019, unit="pct_of_2017-08", counterpart_iso3="WLD"),
        row("plan", "headcount", 50_000, 2016, kind="plan"),
    )  # fmt: skip
    sites = dict(one.rows.select("observation_id", "site").iter_rows())
    assert sites == {
        "some": "part",
        "LAB-0101": "place",
        "angola": "part",
        "visas": "part",
        "cap": None,
        "gone": "sent_home",
        "quarter": None,
        "whole": "arrivals",
        "shut": None,
        "index": "ratio",
        "plan": None,
    }
    # whoever counts a town does not state the host
    told = one.rows.filter(pl.col("component").is_not_null())["observation_id"].to_list()
    assert told == ["whole"]
    reasons = dict(one.rows.select("observation_id", "reason_not_used").iter_rows())
    assert reasons["quarter"] == "inside a longer flow of the same root"
    assert reasons["plan"] == "a zero under a ban and a plan are not measurements"
    # hosts' reports together left China out
    assert one.data["sent_home"]["hosts"].tolist() == [[0.0] + [1.0] * 7]
    assert np.exp(one.data["ratio"]["value"]) == pytest.approx([0.6])


def test_only_the_shut_border_has_steps_that_fall():
    regime = read(row("a", "headcount", 20_000, 2015)).data["regime"]
    # half-years from January 2009: the first of 2020 to the first of 2023
    assert np.flatnonzero((regime == SHUT).all(axis=0)).tolist() == list(range(22, 29))
    assert (regime == SHUT).sum() == 7 * len(HOSTS)


def test_draws_add_up_by_host_and_month():
    months = [dt.date(2020, 1, 1), dt.date(2020, 2, 1)]
    shape = (1, len(HOSTS), 2)
    by_host = {"people": np.full(shape, 10.0), "wage": np.full(shape, 300.0)}
    by_host |= {
        "gross_wages_usd": np.full(shape, 2_400.0),
        "state_take_usd": np.full(shape, 1_200.0),
    }
    by_host |= {"remitted_usd": np.full(shape, 600.0)}
    frame = draws_frame(by_host, months)
    assert frame.height == 2 * len(HOSTS)
    assert frame.row(1, named=True) == {
        "draw": 0, "month": months[1], "host_iso3": "CHN", "headcount": 10.0,
        "wage_usd_per_month": 300.0, "state_share": 0.5, "gross_wages_usd": 2_400.0,
        "state_take_usd": 1_200.0, "remitted_usd": 600.0,
    }  # fmt: skip
    world = people.series(by_host, HOSTS, {"worker_take_home WLD", "state_share CHN"})
    assert world["worker_take_home WLD"][0] == pytest.approx([150, 150])
    assert world["state_share CHN"][0] == pytest.approx([0.5, 0.5])
