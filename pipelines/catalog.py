"""Every table of the work database and of the release, by its address, with its contract.

Found by listing: published tables in `publish/contract` and the folders of streams, the others in
`schemas`, in the folders of the sources, and as `estimates/<table>.py` in those of the streams.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import duckdb

from pipelines.paths import STREAMS_DIR, shown
from pipelines.publish.contract import (
    ContractError,
    PublishedTable,
    comment_on,
    load_contract,
    load_table,
    table_of,
)
from pipelines.schemas.sources import Retrievals
from pipelines.schemas.table import Table, address_of
from pipelines.sources.folders import list_folders, official_lists
from pipelines.warehouse import transaction

SCHEMAS_DIR = Path(__file__).resolve().parent / "schemas"
# draws are held to their types alone: millions of rows, made by one model that is checked elsewhere
MOST_ROWS = 200_000
_HELD = """
    from duckdb_tables() where schema_name || '.' || table_name = $address and comment = $told
"""


def _classes(module: ModuleType) -> Iterator[type[Table]]:
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Table) and address_of(value):
            yield value


@functools.cache
def load_catalog() -> Mapping[str, PublishedTable]:
    """Every promised table by address, in order of address.

    Raises:
        ContractError: two classes promise one address, or one cannot be read.
    """
    published = load_contract()
    found = {f"published.{name}": table for name, table in published.items()}
    modules = [
        importlib.import_module(f"pipelines.schemas.{path.stem}")
        for path in sorted(SCHEMAS_DIR.glob("[!_]*.py"))
    ]
    models = {address_of(one): one for module in modules for one in _classes(module)}
    feeds = {address_of(one.contract): one for one in list_folders() if address_of(one.contract)}
    models |= {address: one.contract for address, one in feeds.items()}
    work = [
        *(table_of(model, address, model.__module__) for address, model in models.items()),
        *(load_table(path) for path in sorted(STREAMS_DIR.glob("*/estimates/*.py"))),
    ]
    for table in work:
        address = address_of(table.model)
        # what a feed's table holds stands in its folder, for everybody who asks
        said = feeds[address].about.partition(" Grain: ")[0] if address in feeds else ""
        found[address] = replace(table, description=said or table.description)
    for table in published.values():
        if table.made_as:
            if table.made_as in found:
                raise ContractError(f"{table.made_as} is promised twice, last by {table.place}")
            found[table.made_as] = table
    return dict(sorted(found.items()))


@functools.cache
def _retrieved() -> Mapping[str, str]:
    """Sources whose retrievals are listed, and what each holds."""
    return {one.name: one.about for one in list_folders()} | {
        one.source: one.about for one in official_lists()
    }


def contract_of(address: str) -> PublishedTable | None:
    """What a table promises; retrievals of a source are all of one form."""
    source = address.removeprefix("raw.")
    if address != source and source in _retrieved():
        table = table_of(Retrievals, address, shown(SCHEMAS_DIR / "sources.py"))
        about = _retrieved()[source].partition(" Grain: ")[0]
        return replace(table, description=f"{table.description} This one: {about}")
    return load_catalog().get(address)


def hold(connection: duckdb.DuckDBPyConnection, address: str) -> PublishedTable | None:
    """Hold a table of the work database to its contract, and write what that says beside it.

    What is written beside a table goes with its next change, so an unchanged one is held once.
    The rows of published tables are held by the release.

    Returns:
        The contract; None where nobody has promised such a table, which is let be.

    Raises:
        ContractError: a column is missing, extra, of another type or holds what is not promised.
    """
    table = contract_of(address)
    if table is None:
        return None
    if connection.execute(_HELD, {"address": address, "told": table.told}).fetchone():
        return table
    wanted = {column.name: column.type for column in table.columns}
    stored = {name: kind for name, kind, *_ in connection.sql(f"describe {address}").fetchall()}
    if stored != wanted:
        odd = sorted(
            f"{name} {stored.get(name, 'missing')} (promised: {wanted.get(name, 'no such column')})"
            for name in stored.keys() | wanted.keys()
            if stored.get(name) != wanted.get(name)
        )
        raise ContractError(f"{address} ({table.place}): {'; '.join(odd)}")
    rows = connection.table(address)
    if len(rows) <= MOST_ROWS and not address.startswith("published."):
        table.check(rows.select(*(duckdb.ColumnExpression(name) for name in wanted)).pl())
    with transaction(connection):
        comment_on(connection, table, address)
    return table
