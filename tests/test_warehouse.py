"""The work database: what is built when, and how it is laid out."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import duckdb
import polars as pl
import pytest

from pipelines import warehouse
from pipelines.warehouse import WarehouseError, bound, build_if_changed, tables_read, write_frame


def test_tables_read_are_named_once_each_in_order():
    sql = (
        "select * from staged.b inner join facts.a using (k) inner join staged.b as again using (k)"
    )
    assert tables_read(sql) == ["facts.a", "staged.b"]


def test_a_value_that_is_named_and_not_given_is_missed():
    assert bound("select $year as y -- not $month", {"year": 2_017, "month": 1}) == {"year": 2_017}
    with pytest.raises(WarehouseError, match=r"no value given for \$year"):
        bound("select $year as y", {})


def test_a_table_is_built_anew_for_its_text_its_values_and_its_inputs_only(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
):
    text = "select x * $times as x from staged.a"
    monkeypatch.setattr(warehouse, "sql_of", lambda _: text)
    connection.execute("create table staged.a as select 3 as x")

    def built(times: int) -> tuple[bool, int]:
        was_built = build_if_changed(connection, "published.a", ["staged.a"], {"times": times})
        return was_built, connection.execute("select x from published.a").fetchall()[0][0]

    assert built(2) == (True, 6)
    assert built(2) == (False, 6)
    assert built(5) == (True, 15)
    connection.execute("create or replace table staged.a as select 4 as x")
    assert built(5) == (True, 20)
    text = "select x * $times + 1 as x from staged.a"
    assert built(5) == (True, 21)
    assert built(5) == (False, 21)


def test_a_large_frame_is_laid_out_alike_however_many_threads_there_are(tmp_path):
    group, rows = 122_880, 1_000_000
    with duckdb.connect(str(tmp_path / "work.duckdb")) as connection:
        connection.execute("set threads = 4")
        write_frame(connection, "staged.a", pl.DataFrame({"x": range(rows)}))
        counts = connection.execute(
            "select sum(count) from pragma_storage_info('staged.a') "
            "where segment_type <> 'VALIDITY' group by row_group_id order by row_group_id"
        ).fetchall()
        threads = connection.execute("select current_setting('threads')").fetchall()
    assert [count for (count,) in counts] == [group] * (rows // group) + [rows % group]
    assert threads == [(4,)]


def test_tables_are_built_side_by_side(tmp_path, monkeypatch):
    select = "select quantile_points(amount) as points from range(101) as worlds(amount)"
    monkeypatch.setattr(warehouse, "sql_of", lambda _: select)
    whole = warehouse.Warehouse(tmp_path / "work.duckdb")
    together = threading.Barrier(4, timeout=30)

    def build(name: str) -> float:
        with whole.connect() as connection:
            for _ in range(10):
                together.wait()
                warehouse.build_if_changed(connection, f"published.{name}", ["staged.seed"])
                warehouse.write_frame(connection, f"estimates.{name}", pl.DataFrame({"a": [1]}))
                connection.execute(
                    "delete from meta.fingerprints where address = $table",
                    {"table": f"published.{name}"},
                )
            found = connection.execute(f"select points.q95 from published.{name}").fetchone()
        assert found
        return float(found[0])

    with whole.kept_open(), whole.connect() as connection:
        warehouse.write_frame(connection, "staged.seed", pl.DataFrame({"a": [1]}))
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(build, "abcd")) == [95.0] * 4


def test_a_select_that_names_a_macro_in_a_text_makes_none(monkeypatch):
    sql = (
        "select 'headline_above_share(stream)' as how, quantile_points(x).q05 as q05 from staged.a"
    )
    monkeypatch.setattr(warehouse, "sql_of", lambda _: sql)
    made = warehouse.macros_of(sql)
    assert [text.count("create or replace temp macro quantile_points(") for text in made] == [1]
    with duckdb.connect() as connection:
        connection.execute("create schema staged; create table staged.a as select 7.0 as x")
        for _ in range(2):
            warehouse.build_table(connection, "published.a")
        assert connection.execute("from published.a").fetchall() == [
            ("headline_above_share(stream)", 7.0)
        ]
        kept = connection.execute(
            "select function_name from duckdb_functions() where schema_name = 'main' "
            "and database_name != 'temp' and not internal and function_type = 'macro'"
        ).fetchall()
    assert kept == []
