"""Rows in = rows kept + rows refused, and every refusal says why."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl
import pytest

from pipelines.quarantine import SourceDrift, check_columns, split


class Figures(pa.DataFrameModel):
    """Three columns. Grain: name."""

    line: int
    name: str
    cargo_t: float = pa.Field(ge=0, nullable=True)

    class Config:
        strict = True
        unique = ["name"]


def cut(rows: list[tuple[int, str | None, float | None]]):
    frame = pl.DataFrame(
        rows, schema={"line": pl.Int64, "name": pl.String, "cargo_t": pl.Float64}, orient="row"
    )
    return split(frame, Figures, source="test", file="figures.csv")


def test_clean_rows_all_stay():
    result = cut([(2, "a", 1.0), (3, "b", None)])
    assert result.kept.height == 2
    assert result.quarantined.height == 0


def test_a_row_with_two_bad_cells_is_refused_once_and_named_twice():
    result = cut([(2, "a", 1.0), (3, None, -5.0)])
    assert result.kept["name"].to_list() == ["a"]
    assert result.rows_quarantined == 1
    assert result.quarantined["line"].to_list() == [3, 3]
    assert set(result.quarantined["column"]) == {"name", "cargo_t"}
    negative = result.quarantined.filter(pl.col("column") == "cargo_t")["reason"].item()
    assert "-5.0" in negative
    assert "unit" in negative


def test_both_rows_of_a_repeated_key_are_refused():
    result = cut([(2, "a", 1.0), (3, "a", 2.0), (4, "b", 2.0)])
    assert result.kept["name"].to_list() == ["b"]
    assert result.quarantined["line"].to_list() == [2, 3]
    assert result.rows_quarantined == 2


def test_a_changed_type_stops_the_source():
    frame = pl.DataFrame({"line": [2], "name": ["a"], "cargo_t": ["heavy"]})
    with pytest.raises(SourceDrift, match="cargo_t"):
        split(frame, Figures, source="test", file="figures.csv")


def test_missing_and_extra_columns_are_both_named():
    with pytest.raises(SourceDrift, match=r"missing: price.*not expected: 'prise'"):
        check_columns(["name", "prise"], ["name", "price"], source="test", file="f.csv")
