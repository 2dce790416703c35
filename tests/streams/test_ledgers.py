"""What every hand-kept ledger of figures holds to: keys, windows, bounds, kinds, repeats, words."""

from __future__ import annotations

import polars as pl
import pytest

from tests.streams.hand_kept import REASONS, figures_of, ids, read

# streams whose sources and origins are one list
LEDGERS = (("coal",), ("labor", "it_workers"))
FILLED = {
    "exact": {"central"},
    "count": {"central"},
    "ratio": {"central"},
    "price": {"central"},
    "usd_total": {"central"},
    "structural_zero": {"central"},
    "lower_bound": {"low"},
    "upper_bound": {"high"},
    "interval": {"low", "high"},
}


@pytest.fixture(scope="module", params=LEDGERS, ids=" and ".join)
def streams(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return request.param


@pytest.fixture(scope="module")
def figures(streams: tuple[str, ...]) -> pl.DataFrame:
    return figures_of(*streams)


def test_observation_ids_are_unique_and_well_formed(figures: pl.DataFrame) -> None:
    assert figures["observation_id"].is_unique().all()
    assert figures["observation_id"].str.contains(r"^(coal|LAB|ITW)-\d{4}$").all()


@pytest.mark.parametrize(
    ("table", "key"), [("figure_sources.csv", "source_id"), ("origins.csv", "origin_id")]
)
def test_every_key_resolves_once(
    figures: pl.DataFrame, streams: tuple[str, ...], table: str, key: str
) -> None:
    known = read(table, *streams)[key]
    assert known.is_unique().all()
    assert figures[key].null_count() == 0
    assert set(figures[key]) - set(known) == set()


def test_windows_and_bounds_are_in_order_and_not_negative(figures: pl.DataFrame) -> None:
    wrong = figures.filter(
        (pl.col("window_start_on") > pl.col("window_end_on"))
        | (pl.col("low") > pl.col("central"))
        | (pl.col("central") > pl.col("high"))
        | (pl.col("low") > pl.col("high"))
        | (pl.min_horizontal("low", "central", "high") < 0)
        | pl.all_horizontal(pl.col("low", "central", "high").is_null())
    )
    assert ids(wrong) == []


@pytest.mark.parametrize("kind", sorted(FILLED))
def test_kind_says_which_cells_are_filled(figures: pl.DataFrame, kind: str) -> None:
    expected = pl.all_horizontal(
        pl.col(cell).is_not_null() == (cell in FILLED[kind]) for cell in ("low", "central", "high")
    )
    wrong = figures.filter((pl.col("kind") == kind) & ~expected)
    # of a cargo, a share and a price coal's sources give ranges too
    in_ranges = (pl.col("stream") == "coal") & pl.col("kind").is_in(["count", "ratio", "price"])
    assert ids(wrong.filter(~in_ranges)) == []


def test_a_repeat_points_to_a_usable_row_of_its_origin_and_quantity(figures: pl.DataFrame) -> None:
    repeats = figures.filter(pl.col("code") == "repeat_of")
    assert repeats.height > 0
    pairs = repeats.join(
        figures, left_on="target", right_on="observation_id", how="left", suffix="_first"
    )
    differs = {
        of: pl.col(of).ne_missing(pl.col(f"{of}_first"))
        for of in ("stream", "origin_id", "quantity", "counterpart_iso3")
    }
    # of coal the world's tonnes are now and then repeated as China's
    differs["counterpart_iso3"] &= pl.col("stream") != "coal"
    wrong = pl.any_horizontal(*differs.values(), pl.col("held_back_first").is_not_null())
    assert ids(pairs.filter(wrong)) == []


def test_held_back_codes_are_listed_and_explained(figures: pl.DataFrame) -> None:
    reasons = pl.read_csv(REASONS, infer_schema=False)
    assert reasons["code"].is_unique().all()
    assert reasons["meaning"].null_count() == 0
    assert set(figures["code"].drop_nulls()) - set(reasons["code"]) == set()


@pytest.mark.parametrize("table", ["figures.csv", "origins.csv", "figure_sources.csv"])
def test_no_cell_names_a_place_on_a_machine(streams: tuple[str, ...], table: str) -> None:
    path = r"(^|[\s\"';(])(/\w|~/|\.\./|[A-Za-z]:\\|shared/|file:)"
    for column in read(table, *streams).iter_columns():
        assert column.filter(column.str.contains(path)).to_list() == []
