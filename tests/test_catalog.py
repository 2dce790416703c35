"""Every table of a finished run has a contract, every contract a table, and they say the same."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest

from pipelines.catalog import contract_of, hold, load_catalog
from pipelines.publish.contract import ContractError
from pipelines.schemas.quarantine import QUARANTINE_SCHEMA
from pipelines.warehouse import replace_rows, write_frame

COLUMNS = """
    select schema_name || '.' || table_name as address, column_name, data_type
    from duckdb_columns()
    where not internal
"""


@pytest.fixture
def stored(workshop) -> dict[str, dict[str, str]]:
    """Column types of every table that the run left, by address."""
    with duckdb.connect(str(workshop.data / "work.duckdb"), read_only=True) as work:
        rows = work.execute(COLUMNS).fetchall()
    tables: dict[str, dict[str, str]] = {}
    for address, column, kind in rows:
        tables.setdefault(address, {})[column] = kind
    return tables


def test_every_table_has_a_contract_and_every_contract_a_table(stored):
    # what a source answered is of one form, whatever the source
    assert {name for name in stored if contract_of(name) is None} == set()
    assert load_catalog().keys() - stored.keys() == set()


def test_columns_and_types_are_the_promised_ones(stored):
    for address, columns in stored.items():
        table = contract_of(address)
        assert table is not None
        assert {one.name: one.type for one in table.columns} == columns, address


def test_every_table_and_column_says_what_it_holds():
    silent = {
        f"{address}.{column.name}"
        for address, table in load_catalog().items()
        for column in table.columns
        if not (column.meaning and column.source and table.description)
    }
    assert silent == set()


def test_a_run_writes_what_the_contract_says_beside_each_column(workshop):
    with duckdb.connect(str(workshop.data / "work.duckdb"), read_only=True) as work:
        told = work.execute(
            "select comment from duckdb_columns() where schema_name = 'network' "
            "and table_name = 'links' and column_name = 'probability'"
        ).fetchone()
    assert told == ("noisy-or of the grades of independent origins [share]",)


UNITS = pl.DataFrame({"unit": ["t"], "meaning": ["metric tonnes"]})


def test_a_table_as_promised_is_let_through_and_explained(connection):
    write_frame(connection, "staged.units", UNITS)
    assert hold(connection, "staged.units") is not None
    comment = connection.execute(
        "select comment from duckdb_tables() where table_name = 'units'"
    ).fetchone()
    assert comment == ("Units a figure may be stated in. Grain: unit.",)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (UNITS.drop("meaning"), r"meaning missing \(promised: VARCHAR\)"),
        (UNITS.with_columns(more=1), r"more BIGINT|more INTEGER"),
        (UNITS.with_columns(meaning=1.5), r"meaning DOUBLE \(promised: VARCHAR\)"),
        (UNITS.with_columns(unit=pl.lit(None, pl.String)), "unit: is empty in 1 rows"),
        (pl.concat([UNITS, UNITS]), r"keys \(unit\) stand more than once"),
    ],
)
def test_a_broken_table_is_refused(connection, broken, told):
    write_frame(connection, "staged.units", broken)
    with pytest.raises(ContractError, match=told):
        hold(connection, "staged.units")


def test_rows_added_later_are_held_too(connection):
    refused = ("a", "a.csv", 1, "x", "1", "not_readable", "not a number")
    rows = pl.DataFrame([refused], schema=QUARANTINE_SCHEMA, orient="row")
    write_frame(connection, "staged.quarantine", rows)
    hold(connection, "staged.quarantine")
    broken = rows.with_columns(source=pl.lit("b"), line=pl.lit(-1))
    replace_rows(connection, "staged.quarantine", broken, source="b")
    with pytest.raises(ContractError, match="line: "):
        hold(connection, "staged.quarantine")
    replace_rows(connection, "staged.quarantine", broken.with_columns(line=pl.lit(2)), source="b")
    assert connection.table("staged.quarantine").select("source, line").fetchall() == [
        ("a", 1), ("b", 2)
    ]  # fmt: skip


def test_a_table_that_nobody_promised_is_let_be(connection):
    write_frame(connection, "facts.a_toy", UNITS)
    assert hold(connection, "facts.a_toy") is None
