"""The contract files keep the public promise."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.publish.contract import ContractError, PromisedColumn, load_contract, load_table
from tests.publish.promised import PROMISED


@pytest.mark.parametrize("table", sorted(PROMISED))
def test_every_promised_column_is_there(table):
    assert set(PROMISED[table]) <= set(load_contract()[table].column_names)


def test_every_column_says_what_it_means():
    empty = [
        (table.name, column.name)
        for table in load_contract().values()
        for column in table.columns
        if not column.meaning or not column.source
    ]
    assert empty == []


CONTRACT = """
from pipelines.schemas.table import Quantiles, Table, column, key, quantiles


class OreYearly(Table, source="the mine"):
    \"\"\"Ore of a mine
    by year.
    \"\"\"

    mine: str = key("name of the mine")
    year: int = key("year", unit="calendar year")
    tonnes: Quantiles = quantiles("ore dug", ge=0)
    class_: str = column("class of the ore", source="the smelter", alias="class")
"""


@pytest.fixture
def ore(tmp_path):
    file = tmp_path / "ore_yearly.py"
    file.write_text(CONTRACT)
    return load_table(file)


@pytest.fixture
def rows(ore):
    """Two years of one mine that keep every promise."""
    tonnes = {
        f"tonnes_q{point}": float(point) for point in ("05", "10", "25", "50", "75", "90", "95")
    }
    years = [
        {"mine": "a", "year": year, **tonnes, "tonnes_mean": 50.0, "class": None}
        for year in (2020, 2021)
    ]
    return pl.DataFrame(years, schema_overrides={"class": pl.String})


def test_a_class_is_read_as_description_grain_and_columns_in_order(ore):
    assert ore.description == "Ore of a mine by year."
    assert ore.grain == ("mine", "year")
    assert ore.column_names == [
        "mine", "year", "tonnes_q05", "tonnes_q10", "tonnes_q25", "tonnes_q50", "tonnes_q75",
        "tonnes_q90", "tonnes_q95", "tonnes_mean", "class",
    ]  # fmt: skip
    assert ore.columns[2] == PromisedColumn(
        "tonnes_q05", "DOUBLE", "t", "5% point of: ore dug", "the mine"
    )
    assert ore.columns[-1] == PromisedColumn(
        "class", "VARCHAR", "", "class of the ore", "the smelter"
    )


def test_rows_that_keep_the_promise_pass(ore, rows):
    ore.check(rows)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (
            {"tonnes_q05": -1.0},
            r"tonnes_q05: .*equal_to\(0\) in 2 rows, one holds -1",
        ),
        ({"tonnes_q10": 4.0}, r"quantiles_rise in 2 rows"),
        ({"year": 2020}, r"keys \(mine, year\) stand more than once in 2 rows"),
        ({"mine": None}, r"mine: is empty in 2 rows"),
        ({"year": "2020"}, r"year: .*dtype"),
        ({"surplus": 1}, r"column_in_schema"),
    ],
)
def test_rows_that_break_it_are_refused_by_column_and_value(ore, rows, broken, told):
    changed = rows.with_columns(
        pl.lit(value, pl.String if value is None else None).alias(name)
        for name, value in broken.items()
    )
    with pytest.raises(ContractError, match=told):
        ore.check(changed)


@pytest.mark.filterwarnings("ignore:'Int128' support is not guaranteed")
def test_a_type_that_bi_tools_cannot_read_is_refused(tmp_path):
    file = tmp_path / "bad.py"
    file.write_text(
        "import polars as pl\nfrom pipelines.schemas.table import Table, key\n"
        'class Bad(Table):\n    """x"""\n    a: pl.Int128 = key("x", source="x")\n'
    )
    with pytest.raises(ContractError, match="Int128"):
        load_table(file)


def test_a_file_without_its_class_says_which_it_wants(tmp_path):
    file = tmp_path / "ore_yearly.py"
    file.write_text("Ore = 1\n")
    with pytest.raises(ContractError, match=r"ore_yearly\.py has no class OreYearly\(Table\)"):
        load_table(file)
