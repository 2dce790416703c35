"""Build what readers open, check it, then put it in place in one step.

Everything of one release lies in a folder of its own; `published` is a link to the newest
whole one. A reader therefore sees one complete release or the one before, never a mixture,
and a run that is killed leaves nothing but an unlinked folder.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.paths import SQL_DIR, STREAMS_DIR
from pipelines.publish.contract import PublishedTable
from pipelines.publish.csv_files import write_csv

DATABASE_NAME = "dprk_revenue.duckdb"
# the oldest format every DuckDB driver of today reads
STORAGE_VERSION = "v1.0.0"
STORAGE_HEADER = 64
KEPT_RELEASES = 2


class PublishError(RuntimeError):
    """The release was not put in place; readers keep the last one."""


@dataclass(frozen=True)
class Release:
    """A finished release and where it lies."""

    folder: Path
    rows: Mapping[str, int]


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _create(connection: duckdb.DuckDBPyConnection, table: PublishedTable) -> int:
    columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    order = ", ".join(f'"{name}"' for name in table.grain)
    connection.execute(f'create table out.main."{table.name}" ({columns})')
    # draws come sorted and are too many to sort again
    ordered = f" order by {order}" if table.is_file_published else ""
    try:
        connection.execute(
            f'insert into out.main."{table.name}" '
            f'select {names} from published."{table.name}"{ordered}'
        )
    except duckdb.Error as error:
        raise PublishError(
            f"published.{table.name} does not fit its contract "
            f"(pipelines/publish/contract/{table.name}.toml): {error}"
        ) from error
    connection.execute(
        f'comment on table out.main."{table.name}" is '
        + _literal(f"{table.description} Grain: {', '.join(table.grain)}.")
    )
    for column in table.columns:
        unit = f" [{column.unit}]" if column.unit else ""
        connection.execute(
            f'comment on column out.main."{table.name}"."{column.name}" is '
            + _literal(column.meaning + unit)
        )
    if table.is_file_published:
        repeated = connection.execute(
            f'select count(*) from (select {order} from out.main."{table.name}" '
            f"group by all having count(*) > 1)"
        ).fetchone()
        if repeated and repeated[0]:
            raise PublishError(
                f"{table.name}: {repeated[0]} keys ({', '.join(table.grain)}) stand more than once"
            )
    count = connection.execute(f'select count(*) from out.main."{table.name}"').fetchone()
    return int(count[0]) if count else 0


def _write_files(
    connection: duckdb.DuckDBPyConnection, table: PublishedTable, folder: Path
) -> None:
    order = ", ".join(f'"{name}"' for name in table.grain)
    query = f'select * from out.main."{table.name}" order by {order}'
    parquet = folder / "parquet" / f"{table.name}.parquet"
    connection.execute(
        f"copy ({query}) to {_literal(str(parquet))} (format parquet, compression zstd)"
    )
    write_csv(connection.sql(query).pl(), folder / "csv" / f"{table.name}.csv")


def draws_sql() -> dict[str, str]:
    """The select of every stream that says in its own folder what its file of draws holds."""
    return {
        file.parent.name: file.read_text(encoding="utf-8")
        for file in sorted(STREAMS_DIR.glob("*/draws.sql"))
    }


def _write_draws(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[str]:
    own = draws_sql()
    shared = (SQL_DIR / "draws" / "stream.sql").read_text(encoding="utf-8")
    found = connection.execute(
        "select distinct stream from published.income_draws order by stream"
    ).fetchall()
    streams = [str(row[0]) for row in found]
    for stream in streams:
        target = folder / "draws" / f"{stream}.parquet"
        connection.execute(
            f"copy ({own.get(stream, shared)}\n) to {_literal(str(target))} "
            "(format parquet, compression zstd)",
            None if stream in own else {"stream": stream},
        )
    return streams


def _macros(connection: duckdb.DuckDBPyConnection) -> None:
    for file in sorted((SQL_DIR / "macros").glob("*.sql")):
        connection.execute(file.read_text(encoding="utf-8"))


def _datapackage(contract: Mapping[str, PublishedTable], draws: list[str]) -> str:
    """A Frictionless data package of the files beside it."""
    types = {
        "DOUBLE": "number",
        "BIGINT": "integer",
        "DATE": "date",
        "TIMESTAMP": "datetime",
        "VARCHAR": "string",
        "BOOLEAN": "boolean",
    }
    resources: list[dict[str, object]] = [
        {
            "name": table.name.replace("_", "-"),
            "path": f"csv/{table.name}.csv",
            "format": "csv",
            "mediatype": "text/csv",
            "encoding": "utf-8",
            "description": table.description,
            "schema": {
                "fields": [
                    {
                        "name": column.name,
                        "type": types[column.type],
                        "description": column.meaning,
                        "unit": column.unit,
                    }
                    for column in table.columns
                ],
                "primaryKey": list(table.grain),
            },
        }
        for table in contract.values()
        if table.is_file_published
    ]
    resources += [
        {
            "name": f"draws-{stream.replace('_', '-')}",
            "path": f"draws/{stream}.parquet",
            "format": "parquet",
            "description": f"Joint draws of the {stream} stream by month.",
        }
        for stream in draws
    ]
    package = {
        "name": "dprk-revenue",
        "title": "DPRK Revenue: income from coal and overseas labor, by month, with intervals",
        "licenses": [{"name": "CC-BY-4.0"}],
        "resources": resources,
    }
    return json.dumps(package, indent=1, ensure_ascii=False) + "\n"


def _check_release(folder: Path, contract: Mapping[str, PublishedTable]) -> None:
    """Open the file as a reader would, and compare it with the promise."""
    database = folder / DATABASE_NAME
    header = int.from_bytes(database.read_bytes()[12:20], "little")
    if header != STORAGE_HEADER:
        raise PublishError(
            f"{DATABASE_NAME} was written in storage version {header}, not {STORAGE_HEADER}; "
            "BI drivers could not read it"
        )
    with duckdb.connect(str(database), read_only=True) as reader:
        for table in contract.values():
            found = [
                (name, kind)
                for name, kind, *_ in reader.execute(f'describe "{table.name}"').fetchall()
            ]
            promised = [(column.name, column.type) for column in table.columns]
            if found != promised:
                raise PublishError(f"{table.name} has columns {found}, promised were {promised}")


def publish(
    connection: duckdb.DuckDBPyConnection,
    contract: Mapping[str, PublishedTable],
    target: Path,
    *,
    extra_files: Callable[[Path], None] | None = None,
) -> Release:
    """Build a release from schema `published` of the work database and put it in place.

    Args:
        connection: the open work database; every contracted table is in schema `published`.
        contract: the promised tables.
        target: the folder readers open; becomes a link to the newest release.
        extra_files: writes more files (the report) into the release before it is linked.

    Returns:
        Release with the rows of each table.

    Raises:
        PublishError: a table breaks its contract; `target` still shows the last release.
    """
    releases = target.parent / f".{target.name}-releases"
    folder = releases / uuid.uuid4().hex
    for name in ("parquet", "csv", "draws"):
        (folder / name).mkdir(parents=True)
    try:
        database = folder / DATABASE_NAME
        connection.execute(
            f"attach {_literal(str(database))} as out (storage_version '{STORAGE_VERSION}')"
        )
        try:
            rows = {table.name: _create(connection, table) for table in contract.values()}
            for table in contract.values():
                if table.is_file_published:
                    _write_files(connection, table, folder)
            draws = _write_draws(connection, folder)
        finally:
            connection.execute("detach out")
        with duckdb.connect(str(database)) as published:
            _macros(published)
        (folder / "datapackage.json").write_text(_datapackage(contract, draws), encoding="utf-8")
        if extra_files is not None:
            extra_files(folder)
        _check_release(folder, contract)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    _put_in_place(folder, target)
    _forget_old(releases, folder)
    return Release(folder, rows)


def _put_in_place(folder: Path, target: Path) -> None:
    if target.exists() and not target.is_symlink():
        raise PublishError(
            f"{target.name} is a plain folder, not our link to the newest release; "
            "move it away and run again"
        )
    fresh = target.with_name(f".{target.name}-{uuid.uuid4().hex}")
    fresh.symlink_to(Path(os.path.relpath(folder, target.parent)), target_is_directory=True)
    os.replace(fresh, target)


def _forget_old(releases: Path, current: Path) -> None:
    """Keep the last releases: a reader may still hold files of the one before."""
    others = sorted(
        (path for path in releases.iterdir() if path != current),
        key=lambda path: path.stat().st_mtime,
        reverse=True,
    )
    for path in others[KEPT_RELEASES - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


def utc_now() -> dt.datetime:
    """Now, in UTC, to the second."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0, tzinfo=None)
