"""Text that a spreadsheet would run is marked as text; nothing else changes."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.csv_safety import neutralised


@pytest.mark.parametrize(
    "cell",
    [
        "=HYPERLINK(1)",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "＝1+1",
        "-",
        "+850 2 381",
    ],
)
def test_a_formula_start_gets_an_apostrophe(cell: str) -> None:
    assert neutralised(pl.DataFrame({"a": [cell]}))["a"].to_list() == [f"'{cell}"]


@pytest.mark.parametrize("cell", ["plain", "", "a=b", "1-2", None, "'=quoted"])
def test_everything_else_stays(cell: str | None) -> None:
    frame = pl.DataFrame({"a": [cell]}, schema={"a": pl.String})
    assert neutralised(frame)["a"].to_list() == [cell]


def test_numbers_stay_numbers() -> None:
    frame = pl.DataFrame({"a": [-1.5, 2.0], "b": [-3, 4], "c": [True, None]})
    assert neutralised(frame).equals(frame)


def test_each_column_keeps_its_own_cells() -> None:
    frame = pl.DataFrame({"a": ["=1", "x"], "b": ["y", "@z"], "c": [1, 2]})
    assert neutralised(frame).rows() == [("'=1", "y", 1), ("x", "'@z", 2)]


def test_column_names_are_text_too() -> None:
    assert neutralised(pl.DataFrame({"=1+1": [1]})).columns == ["'=1+1"]


@given(st.lists(st.text(), max_size=8))
def test_no_cell_starts_a_formula_and_none_loses_text(cells: list[str]) -> None:
    found = neutralised(pl.DataFrame({"a": cells}, schema={"a": pl.String}))["a"].to_list()
    for before, after in zip(cells, found, strict=True):
        assert after in (before, f"'{before}")
        if after[:1] in ("=", "@", "\t", "\r"):
            raise AssertionError(after)
