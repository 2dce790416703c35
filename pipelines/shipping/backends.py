"""Where the SQL of the shipping stages runs: DuckDB, or Apache Spark by one setting.

Both run the same files of sql/shipping. A file is one select in a subset both engines share; the
macros of sql/shipping/macros that it calls are written out, its `$parameters` become typed literals
in the parsed statement (numbers from `Thresholds`, never text), and sqlglot writes the statement in
the engine's dialect.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, Protocol, Self

import duckdb
import numpy as np
import polars as pl
import sqlglot
from sqlglot import exp

from pipelines.paths import SQL_DIR

_HEADER_END = "\n\n"
_PARSING = Lock()


class EngineError(RuntimeError):
    """A shipping stage could not run; the message says which and what to do."""


@lru_cache(maxsize=256)
def _template(name: str, dialect: str, kinds: tuple[tuple[str, str], ...]) -> str:
    """The select in a dialect, a mark of ours where each parameter's digits go."""
    file = SQL_DIR / "shipping" / f"{name}.sql"
    body = file.read_text(encoding="utf-8").split(_HEADER_END, 1)[1]
    tree = sqlglot.parse_one(body, read="duckdb")
    # the innermost first: what is handed to a macro may call another
    for call in reversed(list(tree.find_all(exp.Anonymous))):
        if (SQL_DIR / "shipping" / "macros" / f"{call.name}.sql").is_file():
            call.replace(_written_out(call))
    known = dict(kinds)
    for node in list(tree.find_all(exp.Placeholder)):
        if node.name not in known:
            raise EngineError(f"sql/shipping/{file.name} names ${node.name}, which has no value")
        node.replace(exp.cast(exp.Literal.number(_mark(node.name)), known[node.name]))
    if dialect != "duckdb":
        # views of a session have no schema: shipping.legs is shipping_legs there
        for table in tree.find_all(exp.Table):
            if table.db == "shipping":
                table.set("db", None)
                table.set("this", exp.to_identifier(f"shipping_{table.name}"))
    return tree.sql(dialect)


@lru_cache
def _macro(name: str) -> exp.Expr:
    file = SQL_DIR / "shipping" / "macros" / f"{name}.sql"
    return sqlglot.parse_one(file.read_text(encoding="utf-8"), read="duckdb")


def _written_out(call: exp.Anonymous) -> exp.Expression:
    """What a macro of ours stands for: Spark has none of a session's own."""
    macro = _macro(call.name)
    named = [one.name for one in macro.this.expressions]
    given = dict(zip(named, map(exp.paren, call.expressions), strict=True))

    def _put_in(node: exp.Expression) -> exp.Expression:
        return given[node.name].copy() if isinstance(node, exp.Column) else node

    return exp.paren(macro.expression.transform(_put_in))


def _mark(name: str) -> str:
    return f"\u27e6{name}\u27e7"


def statement(name: str, parameters: Mapping[str, int | float], dialect: str = "duckdb") -> str:
    """The select of sql/shipping/<name>.sql in a dialect, parameters written in as literals.

    A file is parsed once, not once for every day whose end is a parameter.

    Raises:
        EngineError: the file names a parameter without a value.
    """
    kinds = tuple(
        (key, "DOUBLE" if isinstance(value, float) else "BIGINT")
        for key, value in sorted(parameters.items())
    )
    # one worker parses, the others wait: trees of macros are shared
    with _PARSING:
        text = _template(name, dialect, kinds)
    for key, value in parameters.items():
        text = text.replace(_mark(key), repr(value))
    return text


class Backend(Protocol):
    """What the engine asks of a database."""

    def positions(self, files: Sequence[Path], conditions: Sequence[str]) -> None:
        """Name the rows of Parquet files that meet every condition `positions`."""

    def put(self, name: str, frame: pl.DataFrame) -> None:
        """Make a table of a frame."""

    def lend(self, name: str, frame: pl.DataFrame) -> None:
        """Name a frame's rows, without a copy where the database can read them in place."""

    def drop(self, *names: str) -> None:
        """Forget tables that no later stage reads."""

    def view(self, name: str, parameters: Mapping[str, int | float]) -> None:
        """Name a select without running it."""

    def table(self, name: str, parameters: Mapping[str, int | float]) -> None:
        """Run a select and keep its rows."""

    def frame(self, name: str, parameters: Mapping[str, int | float]) -> pl.DataFrame:
        """The rows of a select, not kept in the database."""

    def number(self, select: str) -> int:
        """The one number that a select of ours over `{name}` tables returns."""


POSITION_COLUMNS = "mmsi, t, lon, lat, sog_kn, draught_m"


class DuckDBBackend:
    """An in-memory DuckDB; spills beside `spill` when it outgrows its limit."""

    def __init__(
        self, *, threads: int = 1, memory_limit: str | None = None, spill: Path | None = None
    ) -> None:
        self._connection = duckdb.connect()
        self._connection.execute(f"set threads = {int(threads)}")
        if memory_limit is not None:
            self._connection.execute("set memory_limit = $limit", {"limit": memory_limit})
        if spill is not None:
            self._connection.execute("set temp_directory = $spill", {"spill": str(spill)})
        self._connection.execute("create schema shipping")
        self._lent: set[str] = set()

    def positions(self, files: Sequence[Path], conditions: Sequence[str]) -> None:
        listed = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
        where = f" where {' and '.join(conditions)}" if conditions else ""
        self._connection.execute(
            f"create or replace view shipping.positions as select {POSITION_COLUMNS} "
            f"from read_parquet([{listed}]){where}"
        )

    def put(self, name: str, frame: pl.DataFrame) -> None:
        self._connection.register("incoming_frame", frame)
        self._connection.execute(
            f"create or replace table shipping.{name} as select * from incoming_frame"
        )
        self._connection.unregister("incoming_frame")

    def lend(self, name: str, frame: pl.DataFrame) -> None:
        self._connection.register(f"lent_{name}", frame)
        self._connection.execute(
            f"create or replace view shipping.{name} as select * from lent_{name}"
        )
        self._lent.add(name)

    def drop(self, *names: str) -> None:
        for name in names:
            if name in self._lent:
                self._lent.remove(name)
                self._connection.execute(f"drop view shipping.{name}")
                self._connection.unregister(f"lent_{name}")
            else:
                self._connection.execute(f"drop table shipping.{name}")

    def view(self, name: str, parameters: Mapping[str, int | float]) -> None:
        self._connection.execute(
            f"create or replace view shipping.{name} as {statement(name, parameters)}"
        )

    def table(self, name: str, parameters: Mapping[str, int | float]) -> None:
        self._connection.execute(
            f"create or replace table shipping.{name} as {statement(name, parameters)}"
        )

    def frame(self, name: str, parameters: Mapping[str, int | float]) -> pl.DataFrame:
        table = self._connection.execute(statement(name, parameters)).to_arrow_table()
        found = pl.from_arrow(table)
        assert isinstance(found, pl.DataFrame)
        # DuckDB hands over buffers for thousands of rows whatever their number: copied out, a
        # small frame that is kept for long is small
        return found[np.arange(found.height)]

    def number(self, select: str) -> int:
        row = self._connection.execute(select.replace("{", "shipping.").replace("}", "")).fetchone()
        return int(row[0]) if row and row[0] is not None else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


SPARK_MASTER = "DPRK_SPARK_MASTER"
"""The variable that names the cluster, such as spark://host:7077; without it, this machine."""


class SparkBackend:
    """A Spark session; tables are cached views, so each stage runs once.

    Raises:
        EngineError: pyspark or Java is missing.
    """

    def __init__(self) -> None:
        try:
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise EngineError(
                "the engine is set to spark, but pyspark is not installed; install the group "
                "'spark' of pyproject.toml and Java 17, or set the engine to duckdb"
            ) from error
        try:
            self._session: Any = (
                SparkSession.builder.master(os.environ.get(SPARK_MASTER, "local[2]"))
                .config("spark.ui.enabled", "false")
                .config("spark.sql.shuffle.partitions", "4")
                .config("spark.sql.session.timeZone", "UTC")
                .config("spark.sql.ansi.enabled", "true")
                .config("spark.driver.memory", "3g")
                .config("spark.log.level", "ERROR")
                .getOrCreate()
            )
        except Exception as error:
            raise EngineError(
                f"Spark did not start: {error}. It needs Java 17 on the PATH and, where "
                f"{SPARK_MASTER} names a cluster, that cluster; set the engine to duckdb instead"
            ) from error

    def positions(self, files: Sequence[Path], conditions: Sequence[str]) -> None:
        read = self._session.read.parquet(*[str(file) for file in files])
        read = read.selectExpr(*POSITION_COLUMNS.split(", "))
        for condition in conditions:
            read = read.where(condition)
        read.createOrReplaceTempView("shipping_positions")

    def put(self, name: str, frame: pl.DataFrame) -> None:
        made = self._session.createDataFrame(frame.to_arrow(compat_level=pl.CompatLevel.oldest()))
        made.createOrReplaceTempView(f"shipping_{name}")

    def lend(self, name: str, frame: pl.DataFrame) -> None:
        self.put(name, frame)

    def drop(self, *names: str) -> None:
        for name in names:
            self._session.catalog.dropTempView(f"shipping_{name}")

    def view(self, name: str, parameters: Mapping[str, int | float]) -> None:
        selected = self._session.sql(statement(name, parameters, "spark"))
        selected.createOrReplaceTempView(f"shipping_{name}")

    def table(self, name: str, parameters: Mapping[str, int | float]) -> None:
        selected = self._session.sql(statement(name, parameters, "spark"))
        # cuts the plan: without it every later stage would plan all earlier ones again
        kept = selected.localCheckpoint(eager=True)
        kept.createOrReplaceTempView(f"shipping_{name}")

    def frame(self, name: str, parameters: Mapping[str, int | float]) -> pl.DataFrame:
        selected = self._session.sql(statement(name, parameters, "spark"))
        found = pl.from_arrow(selected.toArrow())
        assert isinstance(found, pl.DataFrame)
        return found

    def number(self, select: str) -> int:
        row = self._session.sql(select.replace("{", "shipping_").replace("}", "")).first()
        return int(row[0]) if row and row[0] is not None else 0
