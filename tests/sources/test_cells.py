"""Whole columns of text to types: each cell is read or named."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.quarantine import SourceDrift, split
from pipelines.schemas.trade import StagedBaci
from pipelines.sources import cells
from pipelines.sources.staging import empty_frame


def test_a_changed_type_still_stops_the_source():
    with pytest.raises(SourceDrift, match="year"):
        split(
            empty_frame(StagedBaci).with_columns(pl.col("year").cast(pl.String)),
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
