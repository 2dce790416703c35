"""The work database: open it, run one SQL file, write one frame.

Tables are named by their address: `sql/facts/observations.sql` makes `facts.observations`. What a
stream alone knows stands in its own folder: `pipelines/streams/<name>/published/<table>.sql`.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import sqlglot
from sqlglot import exp

from pipelines.paths import SQL_DIR, STREAMS_DIR

_TABLE = re.compile(r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
_MAKES_MACRO = re.compile(r"^create (or replace )?macro", re.MULTILINE)
_PARAMETER = re.compile(r"\$([a-z_][a-z0-9_]*)")
_LOCK_RETRIES = 6
_LOCK_WAIT_S = 0.25
# from here a detour over Parquet halves the cost: DuckDB takes its dictionaries over
_LARGE_FRAME = 200_000
# rows that DuckDB stores together
_ROW_GROUP = 122_880
_FINGERPRINTS = (
    "create schema if not exists meta; "
    "create table if not exists meta.fingerprints (address varchar primary key, print varchar)"
)
# files that this process holds open for a whole run
_KEPT: set[Path] = set()


class WarehouseError(RuntimeError):
    """A table, a SQL file or the database could not be used; the message says what to do."""


@dataclass(frozen=True)
class Warehouse:
    """A DuckDB file with one schema per layer.

    A statement runs on one thread: sums of floating-point numbers then come out the same on every
    run. What keeps the other cores busy are statements side by side.

    Args:
        path: the database file; its folder is made when missing.
        memory_limit: DuckDB's own limit, such as "2GB"; None leaves DuckDB's default.
    """

    path: Path
    memory_limit: str | None = None

    @contextmanager
    def connect(self, *, read_only: bool = False) -> Generator[duckdb.DuckDBPyConnection]:
        """A connection that is closed whatever happens inside.

        Raises:
            WarehouseError: another process holds the file, or it is not a database.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        is_kept = self.path in _KEPT
        connection = self._open(read_only=read_only and not is_kept)
        try:
            connection.execute("set timezone = 'UTC'")
            # it would draw its own bar over ours, or into a log
            connection.execute("set enable_progress_bar = false")
            connection.execute("set threads = 1")
            if self.memory_limit is not None:
                connection.execute("set memory_limit = $limit", {"limit": self.memory_limit})
            yield connection
        finally:
            connection.close()

    @contextmanager
    def kept_open(self) -> Generator[None]:
        """Hold the file through many short connections: opening it anew each time is slower.

        What several connections would otherwise make at the same time is made here.
        """
        with self.connect() as connection:
            for layer in sorted(_LAYERS):
                connection.execute(f"create schema if not exists {layer}")
            connection.execute(_FINGERPRINTS)
            _KEPT.add(self.path)
            try:
                yield
            finally:
                _KEPT.discard(self.path)

    def _open(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        for attempt in range(_LOCK_RETRIES):
            try:
                return duckdb.connect(str(self.path), read_only=read_only)
            except duckdb.IOException as error:
                if not is_held(error):
                    raise WarehouseError(f"cannot open {self.path.name}: {error}") from error
                last = error
                time.sleep(_LOCK_WAIT_S * 2**attempt)
        holder = re.search(r"held in (.+?) \(PID (\d+)\)", str(last))
        who = f"{Path(holder[1]).name}, process {holder[2]}" if holder else "another process"
        raise WarehouseError(
            f"{self.path} is held open by {who}; the work database has one user, readers open the "
            "published one. Close it there and run again"
        ) from last


def is_held(error: BaseException) -> bool:
    """Whether DuckDB could not open a file because a process holds it; damaged blocks are another
    matter, though there is a "lock" in each of them."""
    return "could not set lock" in str(error).lower()


def _checked(table: str) -> tuple[str, str]:
    if not _TABLE.match(table):
        raise WarehouseError(f"{table!r} is not a table address like 'facts.observations'")
    schema, name = table.split(".")
    return schema, name


def sql_files(table: str) -> list[Path]:
    """Files that make a table: its own under sql/, else those in the folders of streams."""
    schema, name = _checked(table)
    own = SQL_DIR / schema / f"{name}.sql"
    if own.is_file():
        return [own]
    return sorted(STREAMS_DIR.glob(f"*/{schema}/{name}.sql"))


def sql_of(table: str) -> str:
    """The select statement of a table's SQL file; of several streams' files, their union.

    Raises:
        WarehouseError: there is no such file.
    """
    texts = [file.read_text(encoding="utf-8") for file in sql_files(table)]
    if not texts:
        schema, name = _checked(table)
        raise WarehouseError(
            f"{table} has no file sql/{schema}/{name}.sql, and no stream has {schema}/{name}.sql"
        )
    if len(texts) == 1:
        return texts[0]
    return "\nunion all by name\n".join(f"select * from (\n{text}\n)" for text in texts)


@functools.cache
def _parsed(sql: str) -> exp.Expr:
    """A select as a tree, to be read only: several ask about the same text."""
    return sqlglot.parse_one(sql, dialect="duckdb")


def macros_of(sql: str) -> list[str]:
    """Statements that make, for one connection, the macros under sql/macros/ that a select calls.

    A release has the same for everybody.
    """
    calls = _parsed(sql).find_all(exp.Anonymous)
    files = [SQL_DIR / "macros" / f"{name}.sql" for name in sorted({one.name for one in calls})]
    return [
        _MAKES_MACRO.sub("create or replace temp macro", file.read_text(encoding="utf-8"), count=1)
        for file in files
        if file.is_file()
    ]


# a select may read tables of any of these
_LAYERS = frozenset({"staged", "facts", "shipping", "estimates", "network", "published"})


def tables_read(sql: str) -> list[str]:
    """Addresses of the tables a select reads, in order of name."""
    found = _parsed(sql).find_all(exp.Table)
    return sorted({f"{one.db}.{one.name}" for one in found if one.db in _LAYERS})


def head_of(sql: str) -> str:
    """What the comments of a statement say, on one line."""
    return " ".join(line[2:].strip() for line in sql.splitlines() if line.startswith("--"))


def named(sql: str) -> set[str]:
    """Parameters that a statement names, outside its comments."""
    return set(_PARAMETER.findall(re.sub(r"--[^\n]*", "", sql)))


def bound(sql: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Only the parameters a statement names: DuckDB refuses any others.

    Raises:
        WarehouseError: it names one that has no value.
    """
    asked = named(sql)
    missing = asked - set(params)
    if missing:
        raise WarehouseError(f"no value given for ${', $'.join(sorted(missing))}")
    return {name: params[name] for name in asked}


def inputs_hash(*parts: object) -> str:
    """One short hash over whatever decides a result: texts, numbers, dates, other hashes."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:24]


def is_current(connection: duckdb.DuckDBPyConnection, table: str, fingerprint: str) -> bool:
    """Whether `table` stands and was made from inputs with this very fingerprint."""
    return has_table(connection, table) and _recorded(connection, table) == fingerprint


def record(connection: duckdb.DuckDBPyConnection, table: str, fingerprint: str) -> None:
    """Note what `table` was made from; any later write to it forgets the note."""
    connection.execute(_FINGERPRINTS)
    connection.execute(
        "insert or replace into meta.fingerprints values ($table, $print)",
        {"table": table, "print": fingerprint},
    )


def _recorded(connection: duckdb.DuckDBPyConnection, table: str) -> str | None:
    if not has_table(connection, "meta.fingerprints"):
        return None
    found = connection.execute(
        "select print from meta.fingerprints where address = $table", {"table": table}
    ).fetchone()
    return str(found[0]) if found else None


def _forget(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    if has_table(connection, "meta.fingerprints"):
        connection.execute("delete from meta.fingerprints where address = $table", {"table": table})


def fingerprint_of(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """What `table` was made from where that is noted, else a hash of its rows in any order."""
    _checked(table)
    noted = _recorded(connection, table)
    if noted is not None:
        return noted
    found = connection.execute(
        f"select count(*), sum(hash(held)::hugeint) from {table} as held"
    ).fetchone()
    return inputs_hash(table, *(found or ()))


# when bytes came in is no part of what they say
_RETRIEVAL = ("retrieved_at", "snapshot_sha256", "file")


def content_hash(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """Hash of what a table says: its rows in any order, without when they were retrieved."""
    _checked(table)
    columns = connection.sql(f"from {table}").columns
    told = ", ".join(f'"{column}"' for column in columns if column not in _RETRIEVAL)
    found = connection.execute(
        f"select count(*), sum(hash(row({told}))::hugeint) from {table}"
    ).fetchone()
    return inputs_hash(table, told, *(found or ()))


def build_if_changed(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    inputs: list[str],
    params: Mapping[str, Any] | None = None,
) -> bool:
    """Build `table` from its SQL file unless its text, values and inputs are what they were.

    Returns:
        Whether it was built.
    """
    sql = sql_of(table)
    fingerprint = inputs_hash(
        sql,
        *macros_of(sql),
        sorted((params or {}).items()),
        [fingerprint_of(connection, one) for one in sorted(inputs)],
    )
    if is_current(connection, table, fingerprint):
        return False
    build_table(connection, table, params)
    record(connection, table, fingerprint)
    return True


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Generator[None]:
    """All that happens inside is committed once, at the end, or undone."""
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def build_table(
    connection: duckdb.DuckDBPyConnection, table: str, params: Mapping[str, Any] | None = None
) -> None:
    """Replace `table` by the result of its SQL file.

    Values travel as bound parameters. The old table stays when the statement fails.
    """
    schema, _ = _checked(table)
    sql = sql_of(table)
    values = bound(sql, params or {})
    connection.execute(f"create schema if not exists {schema}")
    try:
        for macro in macros_of(sql):
            connection.execute(macro)
        with transaction(connection):
            _forget(connection, table)
            connection.execute(f"create or replace table {table} as\n{sql}", values)
    except duckdb.Error as error:
        raise WarehouseError(f"building {table} from its SQL file failed: {error}") from error


def write_frame(connection: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    """Replace `table` by `frame`."""
    schema, _ = _checked(table)
    connection.execute(f"create schema if not exists {schema}")
    _forget(connection, table)
    if frame.height < _LARGE_FRAME:
        # DuckDB finds the frame by its name here
        connection.execute(f"create or replace table {table} as select * from frame")
    else:
        with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
            # in DuckDB's own row groups: of others, threads put together now these and now those
            frame.write_parquet(
                file.name, compression="lz4", statistics=False, row_group_size=_ROW_GROUP
            )
            connection.execute(
                f"create or replace table {table} as select * from read_parquet($file)",
                {"file": file.name},
            )


def replace_rows(
    connection: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame, *, source: str
) -> None:
    """Put `frame` in place of the rows of `table` that are of a source; all or nothing."""
    with transaction(connection):
        if not has_table(connection, table):
            write_frame(connection, table, frame)
            return
        _forget(connection, table)
        connection.execute(f"delete from {table} where source = $source", {"source": source})
        # what was said of the rows before is not said of these
        connection.execute(f"comment on table {table} is null")
        connection.execute(f"insert into {table} by name select * from frame")


def read_frame(connection: duckdb.DuckDBPyConnection, table: str) -> pl.DataFrame:
    """The whole table as a polars frame, in stored order."""
    _checked(table)
    return connection.sql(f"from {table}").pl()


def select_from(file: Path, frames: Mapping[str, pl.DataFrame], **params: Any) -> pl.DataFrame:
    """What a SQL file selects from frames, by the names it calls them."""
    sql = file.read_text(encoding="utf-8")
    with duckdb.connect(config={"threads": 1}) as connection:
        for name, frame in frames.items():
            connection.register(name, frame)
        return connection.execute(sql, bound(sql, params)).pl()


def has_table(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether the table or view exists."""
    _checked(table)
    try:
        # a hundredth of what it costs to ask the catalog
        connection.execute(f"select 1 from {table} limit 0")
    except duckdb.CatalogException:
        return False
    return True


def tables_in(connection: duckdb.DuckDBPyConnection, schema: str) -> list[str]:
    """Names of the tables and views of a schema, in order."""
    found = connection.execute(
        "select table_name from information_schema.tables "
        "where table_schema = $schema order by table_name",
        {"schema": schema},
    ).fetchall()
    return [name for (name,) in found]


def row_count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Rows in the table."""
    _checked(table)
    return len(connection.sql(f"from {table}"))
