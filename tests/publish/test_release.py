"""Readers see one whole release, whatever happens to the run that makes the next."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines.csv_safety import neutralised
from pipelines.publish.contract import load_contract, table_of
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
from pipelines.publish.vintages import MadeFrom, VintageStore
from pipelines.schemas.table import Table, column, key
from pipelines.warehouse import build_table
from tests.publish import world


class Ports(Table):
    """Ports and their tonnes."""

    port: str = key("name", source="test")
    cargo_t: float = column("tonnes, the port's own", unit="t", source="test", ge=0)


TABLE = table_of(Ports, "ports", "contract/ports.py")
PROMISED = load_contract()
# what the macros read
DRAWN = ("income_draws", "quantity_draws", "stream_measures")
CONTRACT = {**{name: PROMISED[name] for name in DRAWN}, "ports": TABLE}


@pytest.fixture
def work(connection):
    """Two ports; the small world's draws; tonnes of two draws in two months."""
    connection.execute("create table published.ports as select 'Nampo' as port, 5.0 as cargo_t")
    connection.execute("insert into published.ports values ('=HYPERLINK(1)', 7.0)")
    world.build(connection)
    for table in ("income_draws", "stream_measures"):
        build_table(connection, f"published.{table}")
    connection.execute(
        """
        create table published.quantity_draws as
        select 'ore' as stream, 'tonnes' as quantity, 'WLD' as counterpart_iso3,
            draw::bigint as draw, month, 2.0 * (1 + draw) as amount, true as is_flow
        from (values (0), (1)) as draws(draw),
        (values (date '2020-01-01'), (date '2020-02-01')) as months(month)
        union all by name
        select 'work' as stream, 'headcount' as quantity, 'AAA' as counterpart_iso3,
            0::bigint as draw, month, persons as amount, false as is_flow
        from (values (date '2020-01-01', 10.0), (date '2020-02-01', 20.0)) as rows(month, persons)
        union all by name
        select 'ore' as stream, 'headcount' as quantity, 'AAA' as counterpart_iso3,
            0::bigint as draw, month, 900.0 as amount, false as is_flow
        from (values (date '2020-01-01'), (date '2020-02-01')) as months(month)
        """
    )
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


def between(target: Path, stream: str, measure: str, first: str, last: str, columns: str):
    return read(
        target,
        f"select {columns} from income_between('{stream}', '{measure}', '{first}', '{last}')",
    )


def test_income_of_a_window_is_summed_within_each_draw(work, tmp_path):
    target = tmp_path / "published"
    publish(work, CONTRACT, target)
    columns = "q05, q50, mean, months_covered, streams"
    # two months of 20, 40, 60, 80
    window = ("2020-01-01", "2020-02-01")
    found = between(target, "ore", "paid_usd", *window, columns)
    assert found == [(pytest.approx(40 + 0.15 * 40), 100.0, 100.0, 2, "ore")]
    # the income that all streams have is another name of one of its own measures
    assert found == between(target, "ore", "gross_income_usd", *window, columns)
    assert between(target, "ore", "state_income_usd", *window, "q50") == [(50.0,)]


def test_a_total_adds_the_streams_that_have_a_number_and_names_them(work, tmp_path):
    target = tmp_path / "published"
    publish(work, CONTRACT, target)
    # seven months of ore, 70 to 280; six of work, 240, 6, 24, 12: worlds 310, 146, 234, 292
    assert between(
        target,
        "total",
        "state_income_usd",
        "2020-07-01",
        "2021-01-01",
        "q50, months_covered, streams",
    ) == [(263.0, 7, "ore, work (6 of 7 months)")]
    assert between(
        target, "total", "gross_income_usd", "2020-12-01", "2020-12-01", "q50, streams"
    ) == [(76.0, "ore, work")]
    # a measure of one stream is nobody's total
    assert between(target, "total", "paid_usd", "2020-07-01", "2020-07-01", "q50") == [(None,)]


def test_a_window_that_the_draws_do_not_cover_has_no_number(work, tmp_path):
    target = tmp_path / "published"
    publish(work, CONTRACT, target)
    for stream, first in (("ore", "2019-12-01"), ("total", "2019-12-01"), ("work", "2020-06-01")):
        assert between(
            target, stream, "state_income_usd", first, "2020-08-01", "q50, months_covered"
        ) == [(None, 0)]
    assert read(target, "select q50 from tonnes_between('2020-01-01', '2020-03-01')") == [(None,)]


def test_flows_are_added_over_a_window_and_stocks_averaged(work, tmp_path):
    target = tmp_path / "published"
    publish(work, CONTRACT, target)
    window = "'2020-01-01', '2020-02-01'"
    assert read(target, f"select mean, q50, months_covered from tonnes_between({window})") == [
        (6.0, 6.0, 2)
    ]
    # the other stream's persons are no part of it
    assert read(
        target, f"select q50 from quantity_between('work', 'headcount', 'AAA', {window})"
    ) == [(15.0,)]


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
    # two streams' draws, the measures and the ports
    assert len([name for name in files[0] if name.endswith(".parquet")]) == 4
    assert files[0] == files[1]


def test_a_failing_release_leaves_the_last_one_in_place(work, tmp_path):
    target = tmp_path / "published"
    publish(work, CONTRACT, target)
    work.execute("insert into published.ports values ('Nampo', 9.0)")
    with pytest.raises(PublishError, match=r"keys \(port\) stand more than once in 2 rows"):
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
    with pytest.raises(PublishError, match=r"contract/ports\.py"):
        publish(work, CONTRACT, tmp_path / "published")


@pytest.mark.parametrize(
    ("row", "told"),
    [("('Nampo', 1.0)", "stand more than once"), ("('Rason', -1.0)", "cargo_t: .*one holds -1")],
)
def test_rows_that_break_the_contract_are_not_released(work, tmp_path, row, told):
    target = tmp_path / "published"
    publish(work, CONTRACT, target)
    served = target.resolve()
    work.execute(f"insert into published.ports values {row}")
    with pytest.raises(PublishError, match=rf"ports \(contract/ports\.py\): .*{told}"):
        publish(work, CONTRACT, target)
    assert target.resolve() == served


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
        "csv/stream_measures.csv",
        "draws/ore.parquet",
        "draws/work.parquet",
    }
    assert all((target / resource["path"]).is_file() for resource in package["resources"])


def test_a_stream_without_a_word_on_its_draws_has_them_in_whole_dollars(work, tmp_path):
    target = tmp_path / "published"
    publish(work, CONTRACT, target)
    with duckdb.connect() as reader:
        found = reader.execute(
            f"select measure, sum(usd) from '{target}/draws/work.parquet' "
            "where month = '2020-07-01' group by measure order by measure"
        ).fetchall()
    # 40 + 1 + 4 + 2 sent, twice that paid
    assert found == [("pay_usd", 94.0), ("sent_usd", 47.0)]


def thaw(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_the_id_is_the_hash_of_content_that_anybody_can_recompute(work, tmp_path):
    target = tmp_path / "published"
    made = MadeFrom(code="c", evidence="e", seed=1, draws=2, last_month="2026-01-01")
    done = publish(work, CONTRACT, target, made=made)
    manifest = manifest_of(target)
    assert done.release_id == manifest["release_id"] == target.resolve().name
    text = json.dumps(manifest["content"], sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest()[:12] == done.release_id
    for name in ("parquet/ports.parquet", "draws/work.parquet", DATABASE_NAME, "csv/ports.csv"):
        found = hashlib.sha256((target / name).read_bytes()).hexdigest()
        assert manifest["files"][name]["sha256"] == found
    tables = manifest["content"]["tables"]
    assert tables["draws/work.parquet"] == manifest["files"]["draws/work.parquet"]["sha256"]


@pytest.mark.parametrize(
    "field", ["code", "pages", "evidence", "inputs", "seed", "draws", "last_month"]
)
def test_each_thing_a_release_is_made_from_changes_its_id(work, tmp_path, field):
    value: Any = 7 if field in ("seed", "draws") else "2026-02-01"
    plain = publish(work, CONTRACT, tmp_path / "a" / "published").release_id
    other = publish(
        work, CONTRACT, tmp_path / "b" / "published", made=MadeFrom(**{field: value})
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
        file = bad / "draws" / "work.parquet"
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


def test_a_release_that_is_being_removed_is_listed_no_more(work, tmp_path, monkeypatch):
    """A kill in the middle of a removal leaves nothing that looks like a whole release."""
    monkeypatch.setenv("DPRK_KEEP_RELEASES", "1")
    publish(work, CONTRACT, tmp_path / "published")
    work.execute("update published.ports set cargo_t = 9.0 where port = 'Nampo'")

    def killed_half_way(folder: Path, **_: object) -> None:
        (folder / DATABASE_NAME).unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr("pipelines.publish.release.shutil.rmtree", killed_half_way)
    with pytest.raises(KeyboardInterrupt):
        publish(work, CONTRACT, tmp_path / "published")
    listed = whole_releases(tmp_path / "releases")
    assert [damage_of(path) for path in listed] == [[]]
    assert (tmp_path / "published").resolve() == listed[0].resolve()


def test_a_manifest_with_another_content_has_another_id():
    assert id_of({"a": 1}) == id_of({"a": 1})
    assert id_of({"a": 1}) != id_of({"a": 2})


class SourcesStatus(Table, source="test"):
    """Sources."""

    source: str = key("name")
    is_stale: bool = column("overdue")
    asked_at: dt.datetime = column("last asked")
    status: str = column("in words")


STATUS = table_of(SourcesStatus, "sources_status", "contract/sources_status.py")


def asked(work, tmp_path: Path, day: int, *, is_stale: bool = False):
    """A release after the source was asked on a day of January."""
    work.execute(
        f"create or replace table published.sources_status as select 'un' as source, "
        f"{is_stale} as is_stale, timestamp '2026-01-{day:02d}' as asked_at, "
        f"'asked on day {day}' as status"
    )
    contract = {**CONTRACT, "sources_status": STATUS}
    return publish(work, contract, tmp_path / "published", made=MadeFrom(code="c"))


def test_an_equal_answer_makes_another_edition_of_the_same_release(work, tmp_path):
    first = asked(work, tmp_path, 1)
    again = asked(work, tmp_path, 8)
    assert again.release_id == first.release_id
    assert again.folder.name == f"{first.folder.name}-2"
    assert (tmp_path / "published").resolve() == again.folder.resolve()
    assert read(tmp_path / "published", "select status from sources_status") == [
        ("asked on day 8",)
    ]
    # whoever pinned the edition before still reads it whole
    assert damage_of(first.folder) == []
    assert read(first.folder, "select status from sources_status") == [("asked on day 1",)]
    # the very same again is that edition
    assert asked(work, tmp_path, 8).folder == again.folder
    third = asked(work, tmp_path, 15)
    assert {path.name for path in whole_releases(tmp_path / "releases")} == {
        again.folder.name, third.folder.name,
    }  # fmt: skip
    assert heal(tmp_path / "published", VintageStore(tmp_path / "vintages")) == []
    assert (tmp_path / "published").resolve() == third.folder.resolve()


def test_a_source_that_turned_stale_is_another_release(work, tmp_path):
    fresh = asked(work, tmp_path, 1)
    stale = asked(work, tmp_path, 1, is_stale=True)
    assert stale.release_id != fresh.release_id


def test_what_the_id_rests_on_can_be_recomputed_by_hand(work, tmp_path):
    made = asked(work, tmp_path, 1)
    tables = manifest_of(made.folder)["content"]["tables"]
    text = b"source,is_stale\nun,false\n"
    assert tables["parquet/sources_status.parquet"] == hashlib.sha256(text).hexdigest()
    ports = (made.folder / "parquet" / "ports.parquet").read_bytes()
    assert tables["parquet/ports.parquet"] == hashlib.sha256(ports).hexdigest()
