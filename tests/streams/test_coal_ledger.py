"""The hand-kept coal figures hold together: units, zeros, money, years, sums of months."""

import re
from datetime import date

import polars as pl
import pytest

from pipelines.paths import STREAMS_DIR
from tests.streams.hand_kept import figures_of, ids, read

# what a kind may be stated in
UNITS_OF_KIND = {
    "exact": {"t", "USD"},
    "interval": {"t", "USD", "USD/t"},
    "lower_bound": {"t", "USD"},
    "upper_bound": {"t", "USD", "USD/t"},
    "count": {"count"},
    "ratio": {"share"},
    "price": {"USD/t", "CNY/t"},
    "usd_total": {"USD"},
    "structural_zero": {"t"},
    "plan": {"t", "USD"},
}


@pytest.fixture(scope="module")
def figures() -> pl.DataFrame:
    return figures_of("coal")


def test_every_source_has_a_public_address() -> None:
    sources = read("figure_sources.csv", "coal")
    assert sources["title"].null_count() == 0
    assert sources["url"].str.contains(r"^https?://[^/\s]+\.[a-z]+/").all()


def test_every_figure_says_who_where_and_when(figures: pl.DataFrame) -> None:
    needed = ["stated_by", "source_id", "locator", "read_at", "retrieved_at", "sector"]
    assert figures.select(needed).null_count().row(0) == (0,) * len(needed)
    assert figures["read_at"].str.contains(r"^https?://\S+$").all()
    assert figures["counterpart_iso3"].str.contains(r"^[A-Z]{3}$").all()
    dated = figures["stated_on"].drop_nulls()
    assert dated.str.contains(r"^20\d\d(-\d\d(-\d\d)?)?$").all()


def test_no_window_begins_before_2009(figures: pl.DataFrame) -> None:
    assert (figures["window_start_on"] >= date(2009, 1, 1)).all()


def test_unit_follows_kind(figures: pl.DataFrame) -> None:
    assert set(figures["kind"]) <= set(UNITS_OF_KIND)
    wrong = [
        row["observation_id"]
        for row in figures.iter_rows(named=True)
        if row["unit"] not in UNITS_OF_KIND[row["kind"]]
    ]
    assert wrong == []


def test_zero_tonnes_is_a_declaration_and_nothing_else_is(figures: pl.DataFrame) -> None:
    zero = figures.filter((pl.col("quantity") == "export_t") & (pl.col("central") == 0))
    assert set(zero["kind"]) == {"structural_zero"}
    declared = figures.filter(pl.col("kind") == "structural_zero")
    assert declared["central"].eq(0).all()
    # China's suspension came first, the ban after it: no declared zero before either
    assert (declared["window_start_on"] >= date(2017, 2, 19)).all()


def test_only_customs_declare_a_dollar_value(figures: pl.DataFrame) -> None:
    """An assessed dollar total may hide an assumed price; a declared value does not."""
    bodies = read("origins.csv", "coal").select("origin_id", "kind_of_body")
    dollars = figures.filter(pl.col("quantity") == "export_usd").join(bodies, on="origin_id")
    declared = dollars.filter(pl.col("kind") == "exact")
    assert set(declared["kind_of_body"]) == {"customs"}
    assessed = dollars.filter(pl.col("kind") == "usd_total")
    assert "customs" not in set(assessed["kind_of_body"])


def test_one_origin_never_says_the_same_thing_twice(figures: pl.DataFrame) -> None:
    """Two usable exact rows of one origin, scope and window would count one figure twice."""
    scope = [
        "origin_id",
        "quantity",
        "counterpart_iso3",
        "sector",
        "window_start_on",
        "window_end_on",
    ]
    usable = figures.filter(pl.col("held_back").is_null() & (pl.col("kind") == "exact"))
    # two ships of one month are two statements
    usable = usable.filter(pl.col("quantity") != "cargo_t_per_shipment")
    twice = usable.filter(pl.struct(scope).is_duplicated())
    assert ids(twice) == []


def test_limits_reference_prices_and_transit_never_pass_for_exports(
    figures: pl.DataFrame,
) -> None:
    limits = figures.filter(pl.col("quantity").is_in(["cap_t", "cap_usd"]))
    assert set(limits["kind"]) == {"plan"}
    assert set(limits["code"]) == {"cap"}
    reference = figures.filter(~pl.col("sector").str.contains("^(HS27|coal|mixed|transit)"))
    assert reference.height == 70
    assert reference["quantity"].str.starts_with("reference_price_").all()
    other_goods = figures.filter(pl.col("sector").is_in(["mixed", "transit"]))
    # money for other goods as well is a ceiling, and only where it says so
    free = other_goods.filter(pl.col("held_back").is_null())
    assert set(free["coverage"]) == {"more"}
    assert set(figures.filter(pl.col("coverage") == "more")["sector"]) == {"mixed"}


@pytest.mark.parametrize("year", range(2009, 2018))
def test_every_year_before_the_ban_has_usable_tonnes_and_money(
    figures: pl.DataFrame, year: int
) -> None:
    usable = figures.filter(
        pl.col("held_back").is_null()
        & pl.col("counterpart_iso3").is_in(["CHN", "WLD"])
        & (pl.col("window_start_on").dt.year() == year)
        & (pl.col("window_end_on").dt.year() == year)
    )
    assert "export_t" in set(usable["quantity"])
    assert set(usable["quantity"]) & {"export_usd", "price_usd_per_t"}


def test_committee_months_sum_to_the_stated_total(figures: pl.DataFrame) -> None:
    """Nine months of 2017: the total held back as cumulative is the sum of its months."""
    committee = figures.filter(
        (pl.col("origin_id") == "un-1718-committee")
        & (pl.col("window_start_on") >= date(2017, 1, 1))
        & pl.col("central").is_not_null()
    )
    for quantity, places in (("export_t", 0), ("export_usd", -3)):
        of = committee.filter(pl.col("quantity") == quantity)
        months = of.filter(pl.col("held_back").is_null())["central"].sum()
        (total,) = of.filter(pl.col("code") == "cumulative")["central"]
        assert round(months, places) == pytest.approx(total, abs=10**-places)


def test_no_local_path_stands_in_the_tables() -> None:
    for path in sorted((STREAMS_DIR / "coal").glob("*.csv")):
        assert not re.search(r"/work|shared/|/home/|file://", path.read_text("utf-8")), path.name


def test_a_customs_office_speaks_for_its_own_country(figures: pl.DataFrame) -> None:
    country = {"gacc-customs": "CHN", "psa-customs": "PHL", "dosm-customs": "MYS"}
    bodies = read("origins.csv", "coal").filter(pl.col("kind_of_body") == "customs")
    assert set(bodies["origin_id"]) == set(country)
    spoken = figures.select("origin_id", "counterpart_iso3").unique()
    assert {
        (origin, counterpart) for origin, counterpart in spoken.iter_rows() if origin in country
    } == set(country.items())
