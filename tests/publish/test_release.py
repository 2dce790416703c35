"""Readers see one whole release, whatever happens to the run that makes the next."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.publish.contract import Column, PublishedTable
from pipelines.publish.csv_files import neutralised
from pipelines.publish.release import DATABASE_NAME, PublishError, publish

TABLE = PublishedTable(
    "ports",
    "Ports and their tonnes.",
    ("port",),
    (
        Column("port", "VARCHAR", "", "name", "test"),
        Column("cargo_t", "DOUBLE", "t", "tonnes, the port's own", "test"),
    ),
    True,
)
DRAWS = PublishedTable(
    "income_draws",
    "Draws.",
    ("stream", "measure", "draw", "month"),
    (
        Column("stream", "VARCHAR", "", "stream", "test"),
        Column("measure", "VARCHAR", "", "measure", "test"),
        Column("draw", "BIGINT", "", "draw", "test"),
        Column("month", "DATE", "", "month", "test"),
        Column("amount", "DOUBLE", "", "amount", "test"),
    ),
    False,
)
CONTRACT = {"income_draws": DRAWS, "ports": TABLE}


@pytest.fixture
def work(connection):
    """Two ports; two draws of two months in three streams."""
    connection.execute("create table published.ports as select 'Nampo' as port, 5.0 as cargo_t")
    connection.execute("insert into published.ports values ('=HYPERLINK(1)', 7.0)")
    connection.execute(
        """
        create table published.income_draws as
        select stream, measure, draw::bigint as draw, month, scale * (1 + draw) as amount
        from (values
            ('coal', 'gross_fob_usd', 100.0), ('coal', 'tonnes', 2.0),
            ('labor', 'state_take_usd', 10.0), ('it_workers', 'state_take_usd', 1.0)
        ) as streams(stream, measure, scale),
        (values (0), (1)) as draws(draw),
        (values (date '2019-01-01'), (date '2019-02-01')) as months(month)
        """
    )
    for table, columns in (
        (
            "coal_draws",
            "0::bigint draw, date '2019-01-01' as month, 1.0 tonnes, "
            "2.0 price_usd_per_t, 2.0 gross_fob_usd, 1.0 net_usd",
        ),
        (
            "labor_draws",
            "0::bigint draw, date '2019-01-01' as month, 'CHN' host_iso3, "
            "5.0 headcount, 3.0 gross_wages_usd, 2.0 state_take_usd",
        ),
        (
            "it_worker_draws",
            "0::bigint draw, date '2019-01-01' as month, 3.0 gross_wages_usd, 2.0 state_take_usd",
        ),
    ):
        connection.execute(f"create table estimates.{table} as select {columns}")
    return connection


def read(target: Path, query: str):
    with duckdb.connect(str(target / DATABASE_NAME), read_only=True) as reader:
        return reader.execute(query).fetchall()


def test_database_csv_and_parquet_hold_the_same_rows(work, tmp_path):
    target = tmp_path / "published"
    publish(work, CONTRACT, target)
    rows = read(target, "select cargo_t from ports order by cargo_t")
    assert rows == [(5.0,), (7.0,)]
    with duckdb.connect() as other:
        for file in ("csv/ports.csv", "parquet/ports.parquet"):
            found = other.execute(f"select cargo_t from '{target / file}' order by 1").fetchall()
            assert found == rows


def test_comments_travel_with_quotes_in_them(work, tmp_path):
    target = tmp_path / "published"
    publish(work, CONTRACT, target)
    found = read(
        target,
        "select comment from duckdb_columns() "
        "where table_name = 'ports' and column_name = 'cargo_t'",
    )
    assert found == [("tonnes, the port's own [t]",)]


def test_income_of_a_window_is_summed_within_each_draw(work, tmp_path):
    target = tmp_path / "published"
    publish(work, CONTRACT, target)
    macro = "select q50, mean, months_covered from income_between"
    # draw 0: 2 x 100, draw 1: 2 x 200
    assert read(target, f"{macro}('coal','gross_fob_usd','2019-01-01','2019-02-01')") == [
        (300.0, 300.0, 2)
    ]
    assert read(target, f"{macro}('total','state_income_usd','2019-01-01','2019-02-01')") == [
        (333.0, 333.0, 2)
    ]
    assert read(target, f"{macro}('labor','state_income_usd','2019-02-01','2019-02-01')") == [
        (15.0, 15.0, 1)
    ]
    assert read(target, "select mean from tonnes_between('2019-01-01','2019-02-01')") == [(6.0,)]


def test_a_window_that_the_draws_do_not_cover_has_no_number(work, tmp_path):
    target = tmp_path / "published"
    publish(work, CONTRACT, target)
    assert read(
        target,
        "select q50, months_covered from "
        "income_between('coal','gross_fob_usd','2018-12-01','2019-02-01')",
    ) == [(None, 0)]
    assert read(target, "select q50 from tonnes_between('2019-01-01','2019-03-01')") == [(None,)]


def test_the_same_rows_give_the_same_parquet_bytes(work, tmp_path):
    files = []
    for name in ("one", "two"):
        publish(work, CONTRACT, tmp_path / name)
        files.append(
            {
                str(path.relative_to((tmp_path / name).resolve())): path.read_bytes()
                for path in (tmp_path / name).resolve().rglob("*.parquet")
            }
        )
    assert len(files[0]) == 4
    assert files[0] == files[1]


def test_a_failing_release_leaves_the_last_one_in_place(work, tmp_path):
    target = tmp_path / "published"
    publish(work, CONTRACT, target)
    work.execute("insert into published.ports values ('Nampo', 9.0)")
    with pytest.raises(PublishError, match="ports: 1 keys"):
        publish(work, CONTRACT, target)
    assert read(target, "select count(*) from ports") == [(2,)]
    assert len(list((tmp_path / ".published-releases").iterdir())) == 1


def test_a_release_that_dies_while_writing_its_report_is_not_seen(work, tmp_path):
    target = tmp_path / "published"
    publish(work, CONTRACT, target)

    def die(_: Path) -> None:
        raise KeyboardInterrupt

    work.execute("delete from published.ports")
    with pytest.raises(KeyboardInterrupt):
        publish(work, CONTRACT, target, extra_files=die)
    assert read(target, "select count(*) from ports") == [(2,)]


def test_a_reader_keeps_the_release_it_opened(work, tmp_path):
    target = tmp_path / "published"
    publish(work, CONTRACT, target)
    with duckdb.connect(str(target / DATABASE_NAME), read_only=True) as reader:
        work.execute("delete from published.ports where port = 'Nampo'")
        publish(work, CONTRACT, target)
        assert reader.execute("select count(*) from ports").fetchone() == (2,)


def test_a_missing_column_names_the_table_and_its_contract(work, tmp_path):
    work.execute("alter table published.ports drop column cargo_t")
    with pytest.raises(PublishError, match=r"contract/ports\.toml"):
        publish(work, CONTRACT, tmp_path / "published")


def test_a_folder_of_somebody_else_is_left_alone(work, tmp_path):
    (tmp_path / "published").mkdir()
    with pytest.raises(PublishError, match="move it away"):
        publish(work, CONTRACT, tmp_path / "published")


def test_the_file_is_in_the_oldest_format_that_drivers_read(work, tmp_path):
    target = tmp_path / "published"
    publish(work, CONTRACT, target)
    header = (target / DATABASE_NAME).read_bytes()[12:20]
    assert int.from_bytes(header, "little") == 64


def test_no_cell_of_the_csv_starts_a_formula(work, tmp_path):
    target = tmp_path / "published"
    publish(work, CONTRACT, target)
    assert "'=HYPERLINK(1)" in (target / "csv" / "ports.csv").read_text()


def test_numbers_and_plain_text_are_not_touched():
    frame = pl.DataFrame({"a": ["x", "+1", "@b", "-"], "b": [-1.0, 2.0, 3.0, 4.0]})
    assert neutralised(frame).rows() == [("x", -1.0), ("'+1", 2.0), ("'@b", 3.0), ("'-", 4.0)]


def test_the_data_package_describes_every_file(work, tmp_path):
    target = tmp_path / "published"
    publish(work, CONTRACT, target)
    package = json.loads((target / "datapackage.json").read_text())
    assert {resource["path"] for resource in package["resources"]} == {
        "csv/ports.csv",
        "draws/coal.parquet",
        "draws/it_workers.parquet",
        "draws/labor.parquet",
    }
    assert all((target / resource["path"]).is_file() for resource in package["resources"])
