"""What the figures say they measure: read off by hand, and held against each other."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipelines.paths import REFERENCE_DIR, STREAMS_DIR, stream_folders
from pipelines.schemas.figures import FIGURE_COLUMNS

STREAMS = tuple(stream_folders())


def read(table: str) -> pl.DataFrame:
    """A table of all streams, cells as text, with the stream of its folder."""
    return pl.concat(
        pl.read_csv(STREAMS_DIR / stream / f"{table}.csv", infer_schema=False).with_columns(
            stream=pl.lit(stream)
        )
        for stream in STREAMS
        if (STREAMS_DIR / stream / f"{table}.csv").is_file()
    )


@pytest.fixture(scope="module")
def figures() -> pl.DataFrame:
    return (
        read("figures")
        .with_columns(
            pl.col("low", "central", "high", "assumed_price_usd_per_t", "persons").cast(pl.Float64),
            pl.col("window_start_on", "window_end_on").str.to_date(),
            pl.col("stated_year").cast(pl.Int64),
        )
        .with_columns(
            value=pl.coalesce("central", (pl.col("low") * pl.col("high")).sqrt(), "low", "high"),
            is_free=pl.col("held_back").is_null() & ~pl.col("kind").is_in(["plan"]),
        )
        .join(read("origins").select("stream", "origin_id", "root_id"), on=["stream", "origin_id"])
    )


def ids(rows: pl.DataFrame) -> list[str]:
    return rows["observation_id"].to_list()


# typed from the notes and titles of each row's source
JUDGED = {
    # observation: concept, coverage, class, declared, held back
    "coal-0058": ("tonnes", "whole", "customs", "declared", None),  # China 2016
    "coal-0060": ("cif_usd", "whole", "customs", "declared", None),
    "coal-0140": ("tonnes", "whole", "customs", "declared", None),  # restates customs
    "coal-0092": ("unsaid", "whole", "desk", "declared", None),  # tonnes x the Panel's price
    "coal-0099": ("tonnes", "whole", "official", "declared", None),
    "coal-0148": ("shipments", "part", "observer", "smuggled", None),  # 23 after the ban
    "coal-0163": ("unsaid", "whole", "desk", "smuggled", None),
    "coal-0164": ("tonnes", "channel", "desk", "smuggled", None),  # ship to ship
    "coal-0168": ("tonnes", "whole", "desk", "smuggled", None),  # January to April 2019
    "coal-0169": ("tonnes", "whole", "desk", "smuggled", "remainder"),
    "coal-0170": ("shipments", "channel", "observer", "smuggled", None),  # Hangzhou Bay
    "coal-0173": ("vessel_calls", "channel", "observer", "smuggled", None),  # one berth
    "coal-0185": ("price", "whole", "desk", "smuggled", None),  # 80 to 100
    "coal-0188": ("shipments", "channel", "observer", "smuggled", None),  # Chinese barges
    "coal-0190": ("tonnes", "part", "observer", "smuggled", None),  # traced
    "coal-0195": ("tonnes", "part", "observer", "smuggled", None),  # traced
    "coal-0210": ("tonnes", "part", "interested", "smuggled", None),
    "coal-0218": ("unsaid", "more", "desk", "smuggled", None),  # iron ore too
    "coal-0264": ("tonnes", "whole", "desk", "smuggled", None),
    "coal-0291": ("price", "whole", "press", "smuggled", None),  # Reuters, May 2018
    "LAB-0011": ("headcount", "whole", "desk", None, None),  # intelligence to parliament
    "LAB-0101": ("headcount", "part", "press", None, None),  # Dandong
    "LAB-0102": ("headcount", "part", "official", None, None),  # Dandong
    "LAB-0106": ("headcount", "part", "press", None, None),  # Dandong
    "LAB-0107": ("headcount", "part", "press", None, None),  # Dandong
    "LAB-0182": ("headcount", "whole", "official", None, None),  # permits
    "LAB-0388": ("headcount", "whole", "desk", None, None),
    "LAB-0402": ("headcount", "part", "observer", None, None),  # three provinces
    "LAB-0065": ("unsaid", "whole", "desk", None, None),
    "LAB-0071": ("remitted_usd", "part", "desk", None, None),  # remitted by restaurants
    "LAB-0074": ("unsaid", "part", "desk", None, "not_earnings"),  # laundered
    "ITW-0009": ("remitted_share", "whole", "desk", None, "derived"),  # 1,700 of 5,000
    "ITW-0014": ("state_share", "whole", "desk", None, None),  # collected by the regime
    "ITW-0024": ("remitted_share", "whole", "press", None, None),  # sent back
    "ITW-0025": ("gross_wage", "more", "desk", None, None),  # what some earn
    "ITW-0026": ("gross_wage", "more", "official", None, None),  # top earners
    "ITW-0036": ("remitted_share", "whole", "desk", None, None),  # half is remitted
    "ITW-0101": ("state_share", "whole", "desk", None, None),  # withheld
    "ITW-0102": ("remitted_share", "whole", "press", None, None),  # sent back to Pyongyang
    "ITW-0023": ("gross_wages_usd", "whole", "desk", None, None),  # brought in
    "ITW-0027": ("gross_wages_usd", "channel", "official", None, None),  # one case
    "ITW-0100": ("gross_wages_usd", "whole", "desk", None, None),  # generated in 2024
}
PRICES = {
    "coal-0014": ("china", "paid"),  # customs unit value
    "coal-0105": ("unsaid", "valuation"),  # the Panel's monthly estimate
    "coal-0077": ("china", "paid"),  # contract price at Rizhao
    "coal-0208": ("unsaid", "received"),  # sold off to fill quotas
    "coal-0220": ("china", "unsaid"),  # delivered Dalian
    "coal-0291": ("nampo", "asked"),
    "coal-0293": ("at_sea", "unsaid"),
    "coal-0206": (None, "of_chinese_price"),
    "coal-0205": (None, "of_world_price"),
}
ROOTS = {
    "gacc-customs": {"gacc-customs", "un-1718-committee", "eia-2017", "globaleconomy"},
    "us-government": {"us-state-2020-12", "us-doj", "us-treasury-2026-03", "us-2017-total"},
    "rok-government": {"nis-2015-10", "rok-mofa-2013", "kotra", "rok-mou-2016"},
    "un-panel": {"un-panel-2018-03", "un-panel-2020-03", "un-panel-2024-it"},
    "daily-nk": {"daily-nk", "daily-nk-2022-11", "daily-nk-2023-08", "daily-nk-dandong"},
    "rfa": {"rfa-2021-10", "rfa-2022-03", "rfa-2015"},
    # they count by themselves
    "korea-customs": {"korea-customs-2018"},
    "russia-fsb": {"russia-fsb"},
}


@pytest.mark.parametrize("observation_id", sorted(JUDGED))
def test_a_figure_says_what_its_source_says(figures: pl.DataFrame, observation_id: str) -> None:
    row = figures.filter(pl.col("observation_id") == observation_id)
    said = row.select("concept", "coverage", "class", "declared", "held_back").row(0)
    assert said == JUDGED[observation_id]


@pytest.mark.parametrize("observation_id", sorted(PRICES))
def test_a_price_says_where_and_how_it_came_about(
    figures: pl.DataFrame, observation_id: str
) -> None:
    row = figures.filter(pl.col("observation_id") == observation_id)
    assert row.select("delivery_point", "nature").row(0) == PRICES[observation_id]


@pytest.mark.parametrize("root", sorted(ROOTS))
def test_bodies_of_one_root_are_one(root: str) -> None:
    origins = read("origins").filter(pl.col("root_id") == root)
    assert ROOTS[root] <= set(origins["origin_id"])
    if len(ROOTS[root]) == 1:
        assert set(origins["origin_id"]) == ROOTS[root]


def test_an_origin_has_one_root_in_every_stream() -> None:
    origins = read("origins")
    assert origins.group_by("origin_id").agg(pl.col("root_id").n_unique())["root_id"].max() == 1
    # a root that takes in another origin says why
    taken_in = origins.filter(
        pl.col("origin_id").n_unique().over("root_id") > 1, pl.col("root_id") != pl.col("origin_id")
    )
    assert taken_in["note"].null_count() == 0


def test_who_spoke_of_coal_in_2023_and_in_2026(figures: pl.DataFrame) -> None:
    """One outlet in 2023, nobody in 2026: prices and output elsewhere are no word on exports."""
    told = figures.filter(
        pl.col("is_free"),
        pl.col("quantity").str.starts_with("export_")
        | pl.col("quantity").is_in(["price_usd_per_t", "shipments", "vessel_calls"])
        | (pl.col("quantity") == "cargo_t_per_shipment"),
        pl.col("stream") == "coal",
    )

    def roots(year: int) -> set[str]:
        first, last = pl.lit(f"{year}-01-01").str.to_date(), pl.lit(f"{year}-12-31").str.to_date()
        touching = (pl.col("window_start_on") <= last) & (pl.col("window_end_on") >= first)
        return set(told.filter(touching)["root_id"])

    assert roots(2023) == {"daily-nk"}
    assert roots(2026) == set()


def test_money_declared_to_customs_is_cif_and_nobody_elses_is_taken_for_it(
    figures: pl.DataFrame,
) -> None:
    money = figures.filter(pl.col("quantity") == "export_usd")
    assert set(money.filter(pl.col("class") == "customs")["concept"]) == {"cif_usd"}
    assert set(money.filter(pl.col("class") != "customs")["concept"]) == {"unsaid"}


def test_prices_assumed_make_the_money_stated(figures: pl.DataFrame) -> None:
    """Tonnes of the same statement at the price it assumed."""
    value = dict(figures.select("observation_id", "value").iter_rows())
    price = dict(figures.select("observation_id", "assumed_price_usd_per_t").iter_rows())
    pairs = {
        "coal-0163": "coal-0264",
        "coal-0166": "coal-0164",
        "coal-0266": "coal-0265",
        "coal-0087": "coal-0086",
        "coal-0089": "coal-0088",
        "coal-0092": "coal-0090",
        "coal-0094": "coal-0093",
        "coal-0100": "coal-0099",
        "coal-0102": "coal-0101",
    }
    assert {one for one, at in price.items() if at is not None} == set(pairs)
    for money, tonnes in pairs.items():
        assert value[tonnes] * price[money] == pytest.approx(value[money], rel=0.005), money


def test_of_tonnes_price_and_money_of_a_statement_two_are_free(figures: pl.DataFrame) -> None:
    held = dict(figures.select("observation_id", "held_back").iter_rows())
    # 2019: tonnes and money stated, the price is their ratio
    assert (held["coal-0264"], held["coal-0163"], held["coal-0167"]) == (None, None, "derived")
    # 2020: tonnes and price stated, the money is their product
    assert (held["coal-0265"], held["coal-0185"], held["coal-0266"]) == (None, None, "derived")


def test_money_of_a_group_stands_beside_its_persons(figures: pl.DataFrame) -> None:
    groups = figures.filter(pl.col("persons").is_not_null()).sort("observation_id")
    assert groups.select("observation_id", "value", "persons", "unit").rows() == [
        ("ITW-0012", 100_000.0, 15.0, "USD/month"),
        ("ITW-0013", 20_000.0, 15.0, "USD/month"),
        ("ITW-0027", 88_000_000.0, 130.0, "USD_cumulative"),
        ("ITW-0031", pytest.approx((300_000 * 500_000) ** 0.5), 21.0, "USD/month"),
        ("LAB-0075", 100_000_000.0, 10_000.0, "USD"),
    ]
    assert set(groups["quantity"]) == {"earnings_usd"}
    assert groups["is_free"].all()


def test_earning_targets_and_employer_prices_are_not_money_handed_over(
    figures: pl.DataFrame,
) -> None:
    quantity = dict(figures.select("observation_id", "quantity").iter_rows())
    assert quantity["ITW-0038"] == quantity["ITW-0039"] == "earning_target"
    assert quantity["LAB-0122"] == "gross_wage"


def test_parts_are_no_longer_held_back(figures: pl.DataFrame) -> None:
    codes = figures["held_back"].drop_nulls()
    assert set(codes.str.split(":").list.first()) == {
        "cap",
        "cumulative",
        "derived",
        "digit_slip",
        "extrapolated",
        "mixed_commodities",
        "not_abroad",
        "not_earnings",
        "not_sale_price",
        "part_year",
        "plan",
        "remainder",
        "repeat_of",
        "russian_transit",
        "stock",
        "undated",
        "wrong_currency",
        "wrong_unit",
    }
    # of parts and channels only what no model may read at all is held back
    held = figures.filter(
        pl.col("coverage").is_in(["part", "channel"]), pl.col("held_back").is_not_null()
    )
    assert set(held["held_back"].str.split(":").list.first()) == {
        "cumulative",
        "derived",
        "mixed_commodities",
        "not_earnings",
        "plan",
        "repeat_of",
        "stock",
        "wrong_unit",
    }


def test_chinese_reference_prices_are_those_read_off_the_releases(figures: pl.DataFrame) -> None:
    """Dollars as sources convert them; yuan of the ten-day releases, two grades apart."""
    chinese = figures.filter(
        pl.col("quantity").str.starts_with("reference_price_"), pl.col("counterpart_iso3") == "CHN"
    )
    assert set(chinese["class"]) <= {"official", "press"}
    by_day = {
        (day.isoformat(), sector, unit): value
        for day, sector, unit, value in chinese.select(
            "window_start_on", "sector", "unit", "value"
        ).iter_rows()
    }
    assert len(by_day) == chinese.height
    assert by_day["2019-04-17", "thermal_coal_5500", "USD/t"] == 86.3
    assert by_day["2020-09-30", "thermal_coal_5500", "USD/t"] == 80.94
    assert by_day["2021-02-24", "thermal_coal_5500", "USD/t"] == 95.04
    assert by_day["2022-12-01", "thermal_coal_5500", "CNY/t"] == 1362.9
    assert by_day["2022-12-01", "anthracite_washed_medium", "CNY/t"] == 1927.1
    assert by_day["2024-04-11", "thermal_coal_5500", "CNY/t"] == 823.6
    # the rate each source implies lies where the yuan stood in 2019 to 2021
    yuan = chinese["note"].str.extract(r"(\d+) yuan, converted").cast(pl.Float64)
    rate = (yuan / chinese["value"]).drop_nulls()
    assert rate.len() >= 7
    assert rate.is_between(6.4, 7.2, closed="none").all()


def test_quarters_at_the_border_add_up_to_their_year(figures: pl.DataFrame) -> None:
    """2024: three quarters and the year are free, the fourth quarter is what they leave."""
    entries = figures.filter(
        pl.col("origin_id") == "russia-fsb",
        pl.col("sector") == "all",
        pl.col("coverage") == "whole",
        pl.col("window_start_on").dt.year() == 2024,
    )
    free = dict(entries.filter("is_free").select("observation_id", "value").iter_rows())
    assert free == {
        "LAB-0220": 812.0,
        "LAB-0221": 1696.0,
        "LAB-0223": 5263.0,
        "LAB-0227": 13_221.0,
    }
    (left,) = entries.filter(pl.col("held_back") == "remainder")["value"]
    assert left == pytest.approx(13_221 - 812 - 1696 - 5263, rel=0.02)


def test_nothing_is_said_before_it_begins(figures: pl.DataFrame) -> None:
    early = figures.filter(
        pl.col("stated_year") < pl.col("window_start_on").dt.year(), pl.col("kind") != "plan"
    )
    assert ids(early) == []
    # how long after the event it was said is known for nearly all
    assert figures["stated_year"].null_count() < 0.1 * figures.height


def test_the_numbered_figures_of_the_evidence_are_all_here(
    figures: pl.DataFrame, shared_dir: Path
) -> None:
    """Every gathered row stands in the ledger with its window, unit and numbers."""
    names = ["low", "central", "high", "unit", "period_start", "period_end"]
    for stem in ("coal", "labor"):
        gathered = pl.read_csv(shared_dir / "evidence" / f"{stem}.csv", infer_schema=False)
        late = gathered.filter(pl.col("evidence_id").str.contains("-E")).select(
            *(pl.col(name).cast(pl.Float64) for name in names[:3]), *names[3:]
        )
        assert late.height > 20
        ledger = figures.select(
            *names[:3],
            "unit",
            pl.col("window_start_on").dt.to_string("%Y-%m-%d").alias("period_start"),
            pl.col("window_end_on").dt.to_string("%Y-%m-%d").alias("period_end"),
        )
        lost = late.join(ledger, on=names, how="anti", nulls_equal=True)
        assert lost.rows() == []


def test_the_year_it_was_said_is_that_of_the_estimate_not_of_a_later_print(
    figures: pl.DataFrame,
) -> None:
    said = dict(figures.select("observation_id", "stated_year").iter_rows())
    # the US estimate of 2017, printed in 2020; the Panel's range of 2024, printed in 2025
    assert (said["LAB-0095"], said["ITW-0023"], said["LAB-0052"]) == (2017, 2024, 2012)
    # one clause of 2023 is the only press price for 2019
    assert said["coal-0176"] == 2023


def test_halts_stand_in_order_and_do_not_overlap() -> None:
    halts = read("halts").filter(pl.col("stream") == "coal")
    assert halts.select("kind", "start_on", "end_on").rows() == [
        ("suspension", "2017-02-19", "2017-07-31"),
        ("clearance", "2017-08-01", "2017-09-04"),
        ("ban", "2017-09-05", None),
        ("halt", "2020-01-22", "2020-03-24"),
        ("busy", "2020-03-25", "2020-08-31"),
        ("halt", "2020-09-01", "2021-02-07"),
        ("busy", "2021-02-08", None),
        ("reopening", "2023-08-27", None),
    ]


def test_a_claim_is_a_row_of_the_ledger_in_other_words(figures: pl.DataFrame) -> None:
    claims = read("claims").with_columns(pl.col("low", "high").cast(pl.Float64))
    rows = claims.join(figures, on=["stream", "observation_id"], how="left", suffix="_row")
    assert rows["value"].null_count() == 0
    for name in ("quantity", "concept", "counterpart_iso3", "unit", "root_id", "source_id"):
        assert rows.filter(pl.col(name) != pl.col(f"{name}_row")).is_empty(), name
    wrong = rows.filter(
        (pl.col("low") != pl.coalesce("low_row", "central"))
        | (pl.col("high") != pl.coalesce("high_row", "central"))
    )
    assert wrong["claim_id"].to_list() == []


@pytest.mark.parametrize(
    ("words", "low", "high", "concept"),
    [
        ("20,000 to 100,000 workers in China", 20_000, 100_000, "headcount"),
        ("hundreds of millions of dollars a year", 200e6, 900e6, "unsaid"),
        ("1.2 to 2.3 billion dollars a year", 1.2e9, 2.3e9, "unsaid"),
        ("3.7 million tonnes from January to August 2019", 3.7e6, 3.7e6, "tonnes"),
        ("370 million dollars from January to August 2019", 370e6, 370e6, "unsaid"),
        ("nearly 800 million dollars in 2024", 800e6, 800e6, "gross_wages_usd"),
        ("some 500 million dollars in 2023", 500e6, 500e6, "unsaid"),
        ("100,000 workers in some 40 countries", 100_000, 100_000, "headcount"),
    ],
)
def test_the_famous_claims_are_there(words: str, low: float, high: float, concept: str) -> None:
    claim = read("claims").filter(pl.col("words") == words)
    assert claim.select(pl.col("low", "high").cast(pl.Float64), "concept").rows() == [
        (low, high, concept)
    ]


def test_every_unit_of_a_quantity_has_a_meaning() -> None:
    units = pl.read_csv(REFERENCE_DIR / "units.csv", infer_schema=False)["unit"]
    assert set(read("quantities")["unit"]) <= set(units)


@pytest.mark.parametrize("stream", STREAMS)
def test_columns_stand_in_the_order_they_are_typed_in(stream: str) -> None:
    header = (STREAMS_DIR / stream / "figures.csv").read_text("utf-8").split("\n", 1)[0]
    assert tuple(header.split(",")) == FIGURE_COLUMNS
