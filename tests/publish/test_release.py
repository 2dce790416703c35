"""Readers see one whole release, whatever happens to the run that makes the next."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.publish.contract import Column, PublishedTable
from pipelines.publish.csv_files import neutralised
from pipelines.publish.release import (
    DATABASE_NAME,
    PublishError,
    damage_of,
    heal,
    id_of,
    manifest_of,
    publish,
    reading,
    whole_releases,
)
from pipelines.publish.vintages import Made, VintageStore

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


def test_the_same_rows_give_the_same_bytes_in_every_file_but_the_database(work, tmp_path):
    files = []
    for name in ("one", "two"):
        target = tmp_path / name / "published"
        publish(work, CONTRACT, target)
        files.append(
            {
                str(path.relative_to(target.resolve())): path.read_bytes()
                for path in target.resolve().rglob("*")
                # DuckDB leaves unused bytes of its blocks unset, and the manifest has their hash
                if path.is_file() and path.name not in (DATABASE_NAME, "manifest.json")
            }
        )
    assert len([name for name in files[0] if name.endswith(".parquet")]) == 4
    assert files[0] == files[1]


def test_a_failing_release_leaves_the_last_one_in_place(work, tmp_path):
    target = tmp_path / "published"
    publish(work, CONTRACT, target)
    work.execute("insert into published.ports values ('Nampo', 9.0)")
    with pytest.raises(PublishError, match="ports: 1 keys"):
        publish(work, CONTRACT, target)
    assert read(target, "select count(*) from ports") == [(2,)]
    assert len(list((tmp_path / "releases").iterdir())) == 1


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


def thaw(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_the_id_is_the_hash_of_content_that_anybody_can_recompute(work, tmp_path):
    target = tmp_path / "published"
    made = Made(code="c", evidence="e", seed=1, draws=2, last_month="2026-01-01")
    done = publish(work, CONTRACT, target, made=made)
    manifest = manifest_of(target)
    assert done.release_id == manifest["release_id"] == target.resolve().name
    text = json.dumps(manifest["content"], sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest()[:12] == done.release_id
    for name in ("parquet/ports.parquet", "draws/coal.parquet", DATABASE_NAME, "csv/ports.csv"):
        found = hashlib.sha256((target / name).read_bytes()).hexdigest()
        assert manifest["files"][name]["sha256"] == found
    tables = manifest["content"]["tables"]
    assert tables["draws/coal.parquet"] == manifest["files"]["draws/coal.parquet"]["sha256"]


@pytest.mark.parametrize(
    "field", ["code", "pages", "evidence", "inputs", "seed", "draws", "last_month"]
)
def test_each_thing_a_release_is_made_from_changes_its_id(work, tmp_path, field):
    value = 7 if field in ("seed", "draws") else "2026-02-01"
    plain = publish(work, CONTRACT, tmp_path / "a" / "published").release_id
    other = publish(
        work, CONTRACT, tmp_path / "b" / "published", made=Made(**{field: value})
    ).release_id
    assert plain != other


def test_one_published_row_more_changes_the_id_and_both_stay_whole(work, tmp_path):
    target = tmp_path / "published"
    first = publish(work, CONTRACT, target)
    pinned = first.folder
    work.execute("insert into published.ports values ('Wonsan', 1.0)")
    second = publish(work, CONTRACT, target)
    assert first.release_id != second.release_id
    assert damage_of(pinned) == [] == damage_of(target.resolve())
    with reading(pinned) as reader:
        assert reader.execute("select count(*) from ports").fetchone() == (2,)


def test_files_and_folders_of_a_release_are_read_only(work, tmp_path):
    folder = publish(work, CONTRACT, tmp_path / "published").folder
    assert {path.stat().st_mode & 0o222 for path in (folder, *folder.rglob("*"))} == {0}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_reader_without_rights_can_neither_write_nor_be_in_the_way(work, tmp_path):
    target = tmp_path / "published"
    publish(work, CONTRACT, target)
    for parent in (tmp_path, *tmp_path.parents):
        if parent.owner() == "root" and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o055)
    script = (
        "import duckdb, os, sys\n"
        "duckdb.connect().close()\n"
        "os.seteuid(65534)\n"
        "try:\n    duckdb.connect(sys.argv[1]).execute('create table mine as select 1')\n"
        "except duckdb.Error as error:\n    print('refused')\n"
        "with duckdb.connect(sys.argv[1], read_only=True) as con:\n"
        "    print(con.execute('select count(*) from ports').fetchone()[0])\n"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script, str(target / DATABASE_NAME)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["refused", "2"], done.stderr
    assert damage_of(target.resolve()) == []


def test_a_writer_with_every_right_does_not_block_the_next_release(work, tmp_path):
    target = tmp_path / "published"
    first = publish(work, CONTRACT, target)
    thaw(first.folder)
    with duckdb.connect(str(target / DATABASE_NAME)) as writer:
        writer.execute("create table scratch as select 1 as a")
        work.execute("insert into published.ports values ('Wonsan', 1.0)")
        publish(work, CONTRACT, target)
    assert read(target, "select count(*) from ports") == [(3,)]
    assert "scratch" not in {row[0] for row in read(target, "show tables")}
    assert damage_of(first.folder)[0].startswith(DATABASE_NAME)


@pytest.mark.parametrize("harm", ["bytes", "missing", "extra", "manifest", "half a manifest"])
def test_a_damaged_release_is_set_aside_and_the_last_good_one_served(work, tmp_path, harm):
    target, store = tmp_path / "published", VintageStore(tmp_path / "vintages")
    good = publish(work, CONTRACT, target).folder
    work.execute("insert into published.ports values ('Wonsan', 1.0)")
    bad = publish(work, CONTRACT, target).folder
    thaw(bad)
    if harm == "bytes":
        file = bad / "draws" / "coal.parquet"
        content = bytearray(file.read_bytes())
        content[50] ^= 1
        file.write_bytes(bytes(content))
    elif harm == "missing":
        (bad / "csv" / "ports.csv").unlink()
    elif harm == "extra":
        (bad / f"{DATABASE_NAME}.wal").write_bytes(b"x")
    elif harm == "manifest":
        manifest = manifest_of(bad)
        manifest["content"]["made_from"]["seed"] = 9
        (bad / "manifest.json").write_text(json.dumps(manifest))
    else:
        (bad / "manifest.json").write_text((bad / "manifest.json").read_text()[:40])
    told = heal(target, store)
    assert target.resolve() == good.resolve()
    assert f"release {bad.name} is damaged" in told[0]
    assert told[-1] == f"readers are served release {good.name}, the last good one"
    assert whole_releases(tmp_path / "releases") == [good]
    assert heal(target, store) == []


def test_a_lost_link_is_put_back_and_half_made_folders_go(work, tmp_path):
    target, store = tmp_path / "published", VintageStore(tmp_path / "vintages")
    good = publish(work, CONTRACT, target).folder
    target.unlink()
    half = tmp_path / "releases" / ".building-0000"
    half.mkdir()
    (half / DATABASE_NAME).write_bytes(b"half")
    (tmp_path / ".published-0000").symlink_to("releases/x")
    heal(target, store)
    assert target.resolve() == good.resolve()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["published", "releases"]
    assert [path.name for path in (tmp_path / "releases").iterdir()] == [good.name]


def test_the_newest_releases_stay_whole_and_no_more(work, tmp_path, monkeypatch):
    monkeypatch.setenv("DPRK_KEEP_RELEASES", "2")
    made = []
    for cargo in range(4):
        work.execute(f"update published.ports set cargo_t = {cargo} where port = 'Nampo'")
        made.append(publish(work, CONTRACT, tmp_path / "published").folder)
    assert {path.name for path in whole_releases(tmp_path / "releases")} == {
        made[2].name, made[3].name,
    }  # fmt: skip


def test_a_manifest_with_another_content_has_another_id():
    assert id_of({"a": 1}) == id_of({"a": 1})
    assert id_of({"a": 1}) != id_of({"a": 2})
