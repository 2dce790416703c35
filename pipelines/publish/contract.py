"""The published contract: one Pandera class a table, found by listing folders.

A table that one stream alone has is promised in that stream's folder, beside the SQL that makes it.
"""

from __future__ import annotations

import functools
import importlib.util
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb
import pandera.errors
import polars as pl

from pipelines.paths import STREAMS_DIR, shown
from pipelines.schemas.table import Table, address_of

CONTRACT_DIR = Path(__file__).resolve().parent / "contract"
# what BI tools read
TYPES = {
    pl.Float64: "DOUBLE",
    pl.Int64: "BIGINT",
    pl.Date: "DATE",
    pl.Datetime: "TIMESTAMP",
    pl.String: "VARCHAR",
    pl.Boolean: "BOOLEAN",
}


class ContractError(ValueError):
    """A contract file or a published table breaks the promise; says which and how."""


@dataclass(frozen=True)
class PromisedColumn:
    """One promised column."""

    name: str
    type: str
    unit: str
    meaning: str
    source: str


@dataclass(frozen=True)
class PublishedTable:
    """One promised table, as its class says.

    Attributes:
        name: of a table of the release; address of one of the work database.
        description: what a reader learns from it.
        grain: columns whose values are unique together.
        columns: in published order.
        is_file_published: also as Parquet and CSV (the draws have files of their own).
        references: column to the table whose one-column grain it is a key of; a table that
            references others, or is referenced, is created with its keys.
        made_as: address of the table of the work database that has these very columns, if any.
        model: the class.
        place: where the class stands, for messages.
    """

    name: str
    description: str
    grain: tuple[str, ...]
    columns: tuple[PromisedColumn, ...]
    is_file_published: bool
    references: Mapping[str, str]
    made_as: str
    model: type[Table]
    place: str

    @property
    def told(self) -> str:
        """What a reader learns from it, and its grain."""
        grain = f" Grain: {', '.join(self.grain)}." if self.grain else ""
        return f"{self.description}{grain}"

    @property
    def column_names(self) -> list[str]:
        """Names in published order."""
        return [column.name for column in self.columns]

    def check(self, frame: pl.DataFrame) -> None:
        """Hold rows to the class: types, bounds, rising quantiles, one row a key.

        Raises:
            ContractError: which column breaks which promise, with one of the values and the number.
        """
        try:
            self.model.stored().validate(frame, lazy=True)
        except pandera.errors.SchemaErrors as error:
            told = self._told(error.failure_cases)
            raise ContractError(f"{self.name} ({self.place}): {told}") from None

    def _told(self, cases: pl.DataFrame) -> str:
        broken = cases.group_by("column", "check", maintain_order=True).agg(
            pl.len(), pl.col("failure_case").cast(pl.String).first()
        )
        said = {
            "multiple_fields_uniqueness": f"keys ({', '.join(self.grain)}) stand more than once",
            "not_nullable": "is empty",
        }
        return "; ".join(
            f"{column}: {said.get(check, f'not {check}')} in {count} rows, one holds {case}"
            for column, check, count, case in broken.rows()
        )


def table_of(model: type[Table], name: str, place: str) -> PublishedTable:
    """Read one class.

    Raises:
        ContractError: a type is not allowed, or there is no grain.
    """
    told = model.__config__.metadata or {} if model.__config__ else {}
    columns: list[PromisedColumn] = []
    for column, field in model.stored_columns().items():
        kind = (
            type(field.dtype.type)
            if isinstance(field.dtype.type, pl.DataType)
            else field.dtype.type
        )
        if kind not in TYPES:
            raise ContractError(
                f"{place}: column {column} has type {field.dtype}; BI tools read "
                f"{', '.join(sorted(TYPES.values()))} only"
            )
        about = field.metadata or {}
        columns.append(
            PromisedColumn(
                str(column),
                TYPES[kind],
                about.get("unit", ""),
                about.get("meaning", ""),
                about.get("source") or told.get("source", ""),
            )
        )
    if not (model.grain() or address_of(model)):
        raise ContractError(f"{place}: no column of {name} is a key")
    return PublishedTable(
        name,
        " ".join((model.__doc__ or "").split()),
        tuple(model.grain()),
        tuple(columns),
        told.get("is_file_published", True),
        told.get("references", {}),
        told.get("made_as", ""),
        model,
        place,
    )


def load_table(path: Path) -> PublishedTable:
    """Read one contract file: the class in it that is named after the file.

    Raises:
        ContractError: there is no such class, or it cannot be published.
    """
    name = path.stem
    wanted = re.sub(r"(?:^|_)([a-z0-9])", lambda found: found[1].upper(), name)
    # a class is looked up by its module when its annotations are read
    address = f"contract_of_{name}"
    spec = importlib.util.spec_from_file_location(address, path)
    if spec is None or spec.loader is None:
        raise ContractError(f"{shown(path)} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[address] = module
    spec.loader.exec_module(module)
    model = getattr(module, wanted, None)
    if not (isinstance(model, type) and issubclass(model, Table)):
        raise ContractError(f"{shown(path)} has no class {wanted}(Table)")
    return table_of(model, name, shown(path))


def load_contract() -> dict[str, PublishedTable]:
    """Every promised table by name, in name order.

    Raises:
        ContractError: two files promise a table of one name.
    """
    files: dict[str, Path] = {}
    own = sorted(STREAMS_DIR.glob("*/published/*.py"))
    for path in (*sorted(CONTRACT_DIR.glob("[!_]*.py")), *own):
        if path.stem in files:
            raise ContractError(
                f"{path.name} stands twice: {shown(files[path.stem])} and {shown(path)}"
            )
        files[path.stem] = path
    return checked_keys(
        {name: _loaded(path, path.stat().st_mtime_ns) for name, path in sorted(files.items())}
    )


@functools.cache
def _loaded(path: Path, _changed_ns: int) -> PublishedTable:
    """A contract file is read once as it stands: a run asks for the whole contract four times."""
    return load_table(path)


def dictionary(contract: Mapping[str, PublishedTable]) -> pl.DataFrame:
    """Every promised column as `data_dictionary` tells it."""
    return pl.DataFrame(
        [
            (table.name, column.name, column.type, column.unit, column.meaning, column.source)
            for table in contract.values()
            for column in table.columns
        ],
        schema=["table", "column", "type", "unit", "meaning", "source"],
        orient="row",
    )


def literal(text: str) -> str:
    """Text as SQL spells it, where no parameter may stand."""
    return "'" + text.replace("'", "''") + "'"


def comment_on(connection: duckdb.DuckDBPyConnection, table: PublishedTable, address: str) -> None:
    """Write beside a stored table and its columns what the contract says of them.

    Args:
        address: of the stored table, quoted where its name needs it.
    """
    connection.execute(f"comment on table {address} is {literal(table.told)}")
    for column in table.columns:
        unit = f" [{column.unit}]" if column.unit else ""
        connection.execute(
            f'comment on column {address}."{column.name}" is {literal(column.meaning + unit)}'
        )


def checked_keys(contract: dict[str, PublishedTable]) -> dict[str, PublishedTable]:
    """The contract, if every key references a table whose grain is one column.

    Raises:
        ContractError: a key references no such table, or is no column.
    """
    for table in contract.values():
        for column, parent in table.references.items():
            if column not in table.column_names:
                raise ContractError(f"{table.name} has no column {column} to reference {parent}")
            if parent not in contract or len(contract[parent].grain) != 1:
                raise ContractError(
                    f"{table.name}.{column} references {parent}, which is no table of one key"
                )
    return contract


def parents_first(tables: Iterable[PublishedTable]) -> list[PublishedTable]:
    """Tables in an order in which every key finds the table it references.

    Raises:
        graphlib.CycleError: tables reference each other in a ring.
    """
    by_name = {table.name: table for table in tables}
    order = TopologicalSorter(
        {
            name: sorted(set(table.references.values()) & by_name.keys())
            for name, table in by_name.items()
        }
    )
    return [by_name[name] for name in order.static_order()]
