"""A stream is one folder: its tables, its part of shared ones and its draws are found there."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipelines.paths import STREAMS_DIR
from pipelines.publish.contract import ContractError, load_contract
from pipelines.publish.release import DATABASE_NAME, publish
from pipelines.warehouse import WarehouseError, build_table, sql_of
from tests.publish import world

TABLE = """
import datetime as dt

from pipelines.schemas.table import Table, column, key


class OreMonthly(Table):
    \"\"\"A stream nobody has.\"\"\"

    month: dt.date = key("month", source="test")
    q50: float = column("median", source="test")
"""


@pytest.fixture
def streams(tmp_path, monkeypatch) -> Path:
    """Two folders of streams that nobody has, and no other."""
    folder = tmp_path / "streams"
    for place in ("warehouse", "publish.contract", "publish.release"):
        monkeypatch.setattr(f"pipelines.{place}.STREAMS_DIR", folder)
    ore = folder / "ore" / "published"
    work = folder / "work" / "published"
    ore.mkdir(parents=True)
    work.mkdir(parents=True)
    (ore / "ore_monthly.py").write_text(TABLE)
    (ore / "ore_monthly.sql").write_text(
        "select month, quantile_cont(usd, 0.5) as q50 from estimates.income_draws "
        "where stream = 'ore' and measure = 'kept_usd' group by month -- its own\n"
    )
    (ore / "quantity_draws.sql").write_text(
        "select 'ore' as stream, 'tonnes' as quantity, 'WLD' as counterpart_iso3, draw, month, "
        "usd / 10 as amount, true as is_flow from estimates.income_draws "
        "where measure = 'kept_usd' -- its own\n"
    )
    (folder / "ore" / "draws.sql").write_text(
        "select draw, month, usd, 'bulk' as grade from estimates.income_draws "
        "where stream = 'ore' and measure = 'kept_usd' -- its own\n"
    )
    return folder


def test_a_new_folder_brings_its_table_its_contract_and_its_draws(streams, connection, tmp_path):
    world.build(connection)
    contract = load_contract()
    names = ("income_draws", "quantity_draws", "stream_measures", "ore_monthly")
    for name in names:
        build_table(connection, f"published.{name}")
    publish(connection, {name: contract[name] for name in names}, tmp_path / "published")
    with duckdb.connect() as reader:
        csv = f"{tmp_path}/published/csv/ore_monthly.csv"
        assert reader.execute(f"select count(*), min(q50) from '{csv}'").fetchone() == (24, 25.0)
        draws = reader.execute(
            f"select distinct grade from '{tmp_path}/published/draws/ore.parquet'"
        ).fetchall()
    assert draws == [("bulk",)]
    database = str(tmp_path / "published" / DATABASE_NAME)
    with duckdb.connect(database, read_only=True) as reader:
        # 1, 2, 3, 4 t in the one month
        assert reader.execute(
            "select q50 from tonnes_between('2020-03-01', '2020-03-01')"
        ).fetchone() == (2.5,)


def test_a_table_that_several_streams_make_is_their_union(streams, connection):
    for name, amount in (("ore", 1.0), ("work", 2.0)):
        (streams / name / "published" / "both.sql").write_text(
            f"with one as (select {amount} as amount) select '{name}' as stream, amount from one\n"
        )
    build_table(connection, "published.both")
    rows = connection.execute("select stream, amount from published.both order by 1").fetchall()
    assert rows == [("ore", 1.0), ("work", 2.0)]


def test_a_table_promised_twice_is_refused_with_both_places(streams):
    (streams / "work" / "published" / "ore_monthly.py").write_text(TABLE)
    with pytest.raises(ContractError, match=r"ore_monthly\.py stands twice.*ore.*work"):
        load_contract()


def test_a_table_nobody_makes_says_where_it_was_looked_for():
    with pytest.raises(WarehouseError, match=r"sql/published/nothing\.sql, and no stream has"):
        sql_of("published.nothing")


def test_every_table_in_a_streams_folder_is_promised_and_made():
    kept = {path.stem for path in STREAMS_DIR.glob("*/published/*.py")}
    made = {path.stem for path in STREAMS_DIR.glob("*/published/*.sql")}
    shared = made - kept
    assert kept <= made
    assert shared <= set(load_contract())
