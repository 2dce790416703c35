"""The hand-kept labor figures hold together: plans, hosts, origins, sizes, none lost."""

import polars as pl
import pytest

from tests.streams.hand_kept import figures_of, ids, read

STREAMS = ("labor", "it_workers")

YEARS_WITH_A_HEADCOUNT = {
    "CHN": {2013, 2016, 2017, 2019, 2022, 2023},
    "RUS": {2010, 2013, 2015, 2016, 2017, 2018, 2019, 2020, 2021, 2022, 2023, 2024, 2025},
}
# numbers typed from the page each was read on, apart from the table
READ_OFF_THE_PAGE = {
    "LAB-0011": (58_000, 58_000),  # National Intelligence Service, October 2015
    "LAB-0400": (130e6, 150e6),  # the same briefing
    "LAB-0022": (50_000, 80_000),  # US Secretary of State, June 2017
    "LAB-0182": (30_023, 30_023),  # Russia, work permits of December 2017
    "LAB-0401": (11_490, 11_490),  # Russia, work permits of December 2018
    "LAB-0405": (500, 500),  # Russian embassy, July 2021
    "LAB-0028": (100_000, 100_000),  # UN Panel of Experts, March 2024
    "LAB-0068": (500e6, 500e6),  # the same report
    "LAB-0403": (15_000, 15_000),  # National Intelligence Service, April 2025
    "LAB-0407": (800e6, 800e6),  # British ambassador, March 2019
    "ITW-0007": (5_000, 5_000),  # UN Panel of Experts, April 2020, pay a month
    "ITW-0008": (1_700, 1_700),  # the same report, handed to the state
    "ITW-0035": (1_000, 2_000),  # Multilateral Sanctions Monitoring Team, October 2025
}
# numbers never given to a figure; every other one up to the last stays in the table
NEVER_GIVEN = {
    "LAB": {55, 57, 63, 70, 100, 183, 203, *range(347, 388), *range(390, 400)},
    "ITW": {34, *range(48, 100)},
}
# beyond every published claim: more is a digit too many
LARGEST = {
    ("headcount", "persons"): 200_000,
    ("gross_wage", "USD/month"): 20_000,
    ("gross_wage", "CNY/month"): 6_000,
    ("worker_take_home", "USD/month"): 1_500,
    ("worker_take_home", "CNY/month"): 3_000,
    ("earnings_usd", "USD"): 2.5e9,
}


@pytest.fixture(scope="module")
def figures() -> pl.DataFrame:
    return figures_of(*STREAMS)


def test_shares_lie_between_none_and_all(figures: pl.DataFrame) -> None:
    shares = figures.filter(pl.col("unit") == "share")
    assert ids(shares.filter(pl.max_horizontal("low", "central", "high") > 1)) == []


def test_zero_people_and_only_zero_is_a_structural_zero(figures: pl.DataFrame) -> None:
    is_zero = pl.col("central") == 0
    assert (
        ids(figures.filter(is_zero.fill_null(False) != (pl.col("kind") == "structural_zero"))) == []
    )


def test_a_plan_is_never_usable_and_nothing_else_is_called_one(figures: pl.DataFrame) -> None:
    assert (
        ids(
            figures.filter(
                (pl.col("kind") == "plan") != (pl.col("code") == "plan").fill_null(False)
            )
        )
        == []
    )


@pytest.mark.parametrize("host", sorted(YEARS_WITH_A_HEADCOUNT))
def test_main_hosts_have_a_usable_headcount(figures: pl.DataFrame, host: str) -> None:
    usable = figures.filter(
        pl.col("held_back").is_null(),
        pl.col("stream") == "labor",
        pl.col("quantity") == "headcount",
        pl.col("counterpart_iso3") == host,
    )
    years = set(usable["window_start_on"].dt.year()) | set(usable["window_end_on"].dt.year())
    assert YEARS_WITH_A_HEADCOUNT[host] - years == set()


def test_entries_into_china_are_never_read_as_a_headcount(figures: pl.DataFrame) -> None:
    tourism = figures.filter(pl.col("origin_id") == "cnta")
    assert tourism.height > 0
    assert set(tourism["quantity"]) == {"border_entries"}


def test_stated_by_opens_with_the_name_of_the_origin(figures: pl.DataFrame) -> None:
    named = figures.join(read("origins.csv", *STREAMS).select("origin_id", "name"), on="origin_id")
    opens = pl.col("stated_by").str.starts_with(pl.col("name") + "; read in ")
    assert ids(named.filter(~opens.fill_null(False))) == []


def test_every_origin_produced_something_and_has_a_name_of_its_own(figures: pl.DataFrame) -> None:
    origins = read("origins.csv", *STREAMS)
    assert set(origins["origin_id"]) - set(figures["origin_id"]) == set()
    # one body may speak on several days, so the day belongs to the name
    assert origins.select("name", "first_stated_on").is_unique().all()


def test_each_figure_was_read_where_its_source_is(figures: pl.DataFrame) -> None:
    placed = figures.join(
        read("figure_sources.csv", *STREAMS).select("source_id", "url"), on="source_id"
    )
    elsewhere = placed.filter(pl.col("read_at").ne_missing(pl.col("url")))
    assert ids(elsewhere) == []


def test_one_statement_by_one_origin_is_usable_once(figures: pl.DataFrame) -> None:
    said = [
        *["stream", "origin_id", "quantity", "counterpart_iso3", "sector", "unit"],
        *["window_start_on", "window_end_on", "low", "central", "high"],
    ]
    usable = figures.filter(pl.col("held_back").is_null())
    assert ids(usable.filter(usable.select(said).is_duplicated())) == []


def test_a_repeat_is_about_as_large_as_what_it_repeats(figures: pl.DataFrame) -> None:
    sized = figures.select(
        "observation_id",
        "target",
        smallest=pl.coalesce("low", "central", "high"),
        largest=pl.coalesce("high", "central", "low"),
    )
    pairs = sized.join(sized, left_on="target", right_on="observation_id", suffix="_first")
    assert pairs.height > 0
    # bounds printed differently still overlap, a tenth allowed for rounding
    apart = (pl.col("smallest") > 1.1 * pl.col("largest_first")) | (
        pl.col("smallest_first") > 1.1 * pl.col("largest")
    )
    assert ids(pairs.filter(apart)) == []


def test_money_over_several_years_is_no_whole(figures: pl.DataFrame) -> None:
    """One case, or a running total that is held back."""
    several_years = figures.filter(pl.col("unit") == "USD_cumulative")
    assert several_years.height == 9
    held = several_years.filter(pl.col("code").is_not_null())
    assert set(held["code"]) == {"cumulative", "not_earnings"}
    assert set(several_years.filter(pl.col("code").is_null())["coverage"]) == {"channel"}


def test_a_figure_on_two_hosts_is_not_given_to_one(figures: pl.DataFrame) -> None:
    both = pl.col("note").str.contains("China and Russia together").fill_null(False)
    assert figures.filter(both).height > 0
    assert ids(figures.filter(both & (pl.col("counterpart_iso3") != "XCR"))) == []


def test_nothing_is_stated_before_it_happens(figures: pl.DataFrame) -> None:
    start = pl.col("window_start_on").dt.to_string("%Y-%m-%d")
    known = pl.col("stated_on")
    # dates are given to the year, month or day: compare as far as they go
    early = known < start.str.slice(0, known.str.len_chars())
    assert ids(figures.filter(early.fill_null(False) & (pl.col("kind") != "plan"))) == []


@pytest.mark.parametrize("observation_id", sorted(READ_OFF_THE_PAGE))
def test_the_table_holds_what_was_read(figures: pl.DataFrame, observation_id: str) -> None:
    row = figures.filter(
        pl.col("observation_id") == observation_id, pl.col("held_back").is_null()
    ).select(pl.coalesce("low", "central"), pl.coalesce("high", "central").alias("top"))
    assert row.rows() == [READ_OFF_THE_PAGE[observation_id]]


def test_no_figure_has_a_digit_too_many(figures: pl.DataFrame) -> None:
    top = pl.DataFrame(
        [(*key, largest) for key, largest in LARGEST.items()],
        schema=["quantity", "unit", "largest"],
        orient="row",
    )
    sized = figures.join(top, on=["quantity", "unit"])
    assert set(sized["quantity"]) == {quantity for quantity, _ in LARGEST}
    assert ids(sized.filter(pl.max_horizontal("low", "central", "high") > pl.col("largest"))) == []


@pytest.mark.parametrize("series", sorted(NEVER_GIVEN))
def test_no_numbered_figure_is_lost(figures: pl.DataFrame, series: str) -> None:
    numbers = {int(i[4:]) for i in ids(figures) if i.startswith(series)}
    assert set(range(1, max(numbers) + 1)) - numbers == NEVER_GIVEN[series]


def test_what_was_not_realised_is_a_plan(figures: pl.DataFrame) -> None:
    says_so = pl.col("note").str.contains("not realised").fill_null(False)
    assert figures.filter(says_so).height > 0
    assert ids(figures.filter(says_so & (pl.col("kind") != "plan"))) == []
