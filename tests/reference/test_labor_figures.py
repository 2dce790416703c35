"""The hand-kept labor figures hold together: keys, windows, bounds, repeats, plans."""

from pathlib import Path

import polars as pl
import pytest

REFERENCE = Path(__file__).parents[2] / "pipelines" / "reference"

MONEY_RATE = {"USD", "CNY", "RUB", "EUR", "KRW"}
UNITS_OF_QUANTITY = {
    "headcount": {"persons", "pct_of_2017-08"},
    "border_entries": {"persons", "persons/year"},
    "repatriated": {"persons"},
    "permits": {"permits", "persons/year"},
    "state_share": {"share"},
    "gross_wage": {f"{c}/month" for c in MONEY_RATE} | {"USD/year", "USD/hour", "USD/team/month"},
    "worker_take_home": {f"{c}/month" for c in MONEY_RATE},
    "fee": {f"{c}/month" for c in MONEY_RATE}
    | {"USD/worker/year", "USD/worker/month", "USD/restaurant/year"},
    "state_take_usd": {"USD", "USD/month", "USD_cumulative"},
    "gross_wages_usd": {"USD", "USD/month", "USD_cumulative"},
}
FILLED = {
    "count": {"central"},
    "ratio": {"central"},
    "price": {"central"},
    "usd_total": {"central"},
    "structural_zero": {"central"},
    "lower_bound": {"low"},
    "upper_bound": {"high"},
    "interval": {"low", "high"},
}
YEARS_WITH_A_HEADCOUNT = {
    "CHN": {2013, 2016, 2017, 2019, 2022, 2023},
    "RUS": {2013, 2015, 2016, 2017, 2018, 2019, 2020, 2022, 2023, 2024},
}


def read(name: str) -> pl.DataFrame:
    """A reference table, every cell as text, empty cells null."""
    return pl.read_csv(REFERENCE / name, infer_schema=False)


def ids(rows: pl.DataFrame) -> list[str]:
    return rows["observation_id"].to_list()


@pytest.fixture(scope="module")
def figures() -> pl.DataFrame:
    return read("labor_figures.csv").with_columns(
        pl.col("low", "central", "high").cast(pl.Float64),
        pl.col("window_start_on", "window_end_on").str.to_date(),
        code=pl.col("held_back").str.split(":").list.first(),
        target=pl.col("held_back").str.extract(r"^repeat_of:(.+)$"),
    )


def test_observation_ids_are_unique_and_well_formed(figures: pl.DataFrame) -> None:
    assert figures["observation_id"].is_unique().all()
    assert figures["observation_id"].str.contains(r"^(LAB|ITW)-\d{4}$").all()


@pytest.mark.parametrize(
    ("table", "key"),
    [("labor_figure_sources.csv", "source_id"), ("labor_origins.csv", "origin_id")],
)
def test_every_key_resolves_once(figures: pl.DataFrame, table: str, key: str) -> None:
    known = read(table)[key]
    assert known.is_unique().all()
    assert figures[key].null_count() == 0
    assert set(figures[key]) - set(known) == set()


def test_held_back_codes_are_explained(figures: pl.DataFrame) -> None:
    known = set(read("held_back_reasons.csv")["code"])
    assert set(figures["code"].drop_nulls()) - known == set()


def test_windows_and_bounds_are_in_order(figures: pl.DataFrame) -> None:
    wrong = figures.filter(
        (pl.col("window_start_on") > pl.col("window_end_on"))
        | (pl.col("low") > pl.col("central"))
        | (pl.col("central") > pl.col("high"))
        | (pl.col("low") > pl.col("high"))
        | (pl.min_horizontal("low", "central", "high") < 0)
        | pl.all_horizontal(pl.col("low", "central", "high").is_null())
    )
    assert ids(wrong) == []


def test_unit_follows_quantity(figures: pl.DataFrame) -> None:
    wrong = [
        row["observation_id"]
        for row in figures.iter_rows(named=True)
        if row["unit"] not in UNITS_OF_QUANTITY[row["quantity"]]
    ]
    assert wrong == []


def test_shares_lie_between_none_and_all(figures: pl.DataFrame) -> None:
    shares = figures.filter(pl.col("unit") == "share")
    assert ids(shares.filter(pl.max_horizontal("low", "central", "high") > 1)) == []


@pytest.mark.parametrize("kind", sorted(FILLED))
def test_kind_says_which_cells_are_filled(figures: pl.DataFrame, kind: str) -> None:
    expected = pl.all_horizontal(
        pl.col(cell).is_not_null() == (cell in FILLED[kind]) for cell in ("low", "central", "high")
    )
    assert ids(figures.filter((pl.col("kind") == kind) & ~expected)) == []


def test_zero_people_and_only_zero_is_a_structural_zero(figures: pl.DataFrame) -> None:
    is_zero = pl.col("central") == 0
    assert (
        ids(figures.filter(is_zero.fill_null(False) != (pl.col("kind") == "structural_zero"))) == []
    )


def test_a_repeat_points_to_a_usable_row_of_its_origin_quantity_and_host(
    figures: pl.DataFrame,
) -> None:
    repeats = figures.filter(pl.col("code") == "repeat_of")
    assert repeats.height > 0
    pairs = repeats.join(
        figures, left_on="target", right_on="observation_id", how="left", suffix="_first"
    )
    same = ["stream", "origin_id", "quantity", "counterpart_iso3"]
    differs = pl.any_horizontal(pl.col(c).ne_missing(pl.col(f"{c}_first")) for c in same)
    assert ids(pairs.filter(differs | pl.col("held_back_first").is_not_null())) == []


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
