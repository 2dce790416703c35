"""Cutting and checking whole columns gives what the careful way gives."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.quarantine import SourceDrift, split
from pipelines.schemas.trade import StagedBaci
from pipelines.sources import cells


def frame(bad: dict[int, dict[str, object]], rows: int = 12_000) -> pl.DataFrame:
    table = pl.DataFrame({"number": pl.int_range(rows, eager=True)}).select(
        line=pl.col("number") + 2,
        hs_edition=pl.lit("HS92"),
        year=pl.lit(2016, dtype=pl.Int64),
        exporter_code=1 + pl.col("number") % 900,
        importer_code=1 + pl.col("number") // 900,
        hs_code=pl.lit("270111"),
        value_usd=pl.col("number").cast(pl.Float64),
        quantity_t=pl.when(pl.col("number") % 7 > 0).then(1.5),
    )
    for number, change in bad.items():
        hit = pl.col("line") == number + 2
        table = table.with_columns(
            pl.when(hit).then(pl.lit(value, dtype=table.schema[name])).otherwise(name).alias(name)
            for name, value in change.items()
        )
    return table


bad_cells = st.one_of(
    st.fixed_dictionaries({"hs_code": st.sampled_from(["27011", "27O111", "", None])}),
    st.fixed_dictionaries({"value_usd": st.sampled_from([-1.0, 1e15, None, float("nan")])}),
    st.fixed_dictionaries({"quantity_t": st.sampled_from([-0.5, None, 0.0])}),
    st.fixed_dictionaries({"year": st.sampled_from([1900, None])}),
    # the key of another row
    st.fixed_dictionaries({"exporter_code": st.just(1), "importer_code": st.just(1)}),
)


@settings(max_examples=20, deadline=None)
@given(st.dictionaries(st.integers(0, 11_999), bad_cells, max_size=6))
def test_one_pass_over_columns_agrees_with_the_check_that_names_cells(bad):
    table = frame(bad)
    fast = cells.split_large(table, StagedBaci, source="s", file="f")
    careful = split(table, StagedBaci, source="s", file="f")
    assert fast.kept.equals(careful.kept)
    assert fast.quarantined.equals(careful.quarantined)
    assert fast.rows_in == careful.rows_in == table.height


def test_a_changed_type_still_stops_the_source():
    with pytest.raises(SourceDrift, match="year"):
        cells.split_large(
            frame({}).with_columns(pl.col("year").cast(pl.String)),
            StagedBaci,
            source="s",
            file="f",
        )


def test_uniqueness_is_never_claimed_wrongly():
    table = pl.DataFrame({"a": [1, 1, 2], "b": ["x", "y", "x"]})
    assert cells.is_unique(table, ["a", "b"])
    assert not cells.is_unique(table, ["a"])
    assert not cells.is_unique(table, ["b"])
    assert cells.is_unique(table.head(0), ["a"])
    assert cells.is_unique(table.head(1), ["a"])


@pytest.mark.parametrize(
    ("text", "value"),
    [("12", 12), ("+12", 12), ("-3", -3), ("12.0", 12), ("12.5", None), ("1e3", None), ("x", None)],
)
def test_whole_numbers_are_read_the_same_fast_or_slow(text, value):
    for other in ("7", "7.0"):  # the second makes the quick reading fail
        rows = pl.DataFrame({"line": [1, 2], "n": [text, other]})
        typed, refused = cells.read_cells(
            rows, {"n": cells.whole("n", pl.String())}, source="s", file="f"
        )
        kept = dict(typed.select("line", "n").rows())
        assert kept.get(1) == value
        assert kept[2] == 7
        assert refused["line"].to_list() == ([] if value is not None else [1])


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1,000", "1_0", "0x1A", " 5"])
def test_words_and_marks_are_no_numbers(text):
    rows = pl.DataFrame({"line": [1], "n": [text]})
    typed, refused = cells.read_cells(
        rows, {"n": cells.number("n", pl.String())}, source="s", file="f"
    )
    assert typed.height == 0
    assert refused["line"].to_list() == [1]
