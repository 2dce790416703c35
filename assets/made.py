"""Tables made from others: by a file of `sql`, or by a function that says so in a `makers.py`."""

from collections.abc import Iterator

import dagster as dg

from assets.resources import WarehouseResource
from assets.tables import result, results, table_specs, written
from pipelines.making import Maker, list_makers
from pipelines.operating.side_by_side import OWN_TABLES, PRIORITY
from pipelines.paths import SQL_DIR
from pipelines.sources.mirror import PRIORS, trade_values
from pipelines.warehouse import (
    bound,
    build_if_changed,
    is_current,
    named,
    record,
    sql_of,
    tables_read,
)

LAYERS = ("facts", "estimates")
# much else waits for them
TAGS = {**OWN_TABLES, PRIORITY: "1"}
# what makers ask for, by the resource that has it
_RESOURCES = {"sampling": "sampling", "store": "snapshots", "network": "network"}


def _selected(layer: str, table: str) -> dg.AssetsDefinition:
    """The table of `sql/<layer>/<table>.sql`, which waits for what the file reads."""
    address = f"{layer}.{table}"
    sql = sql_of(address)
    reads = tables_read(sql)

    @dg.asset(
        key=[layer, table],
        group_name=layer,
        kinds={"duckdb"},
        op_tags=TAGS,
        deps=[read.split(".") for read in (*reads, *([PRIORS] if named(sql) else []))],
    )
    def selected(warehouse: WarehouseResource) -> dg.MaterializeResult:
        with warehouse.open().connect() as connection:
            values = bound(sql, trade_values(connection)) if named(sql) else {}
            was_built = build_if_changed(connection, address, reads, values)
            return result(connection, address, was_built=was_built)

    return selected


def wired(maker: Maker) -> dg.AssetsDefinition:
    """The tables of one maker."""

    @dg.multi_asset(
        name=maker.makes[0].replace(".", "__"),
        specs=table_specs(
            maker.makes,
            group=maker.makes[0].split(".")[0],
            kinds=maker.kinds,
            reads=maker.reads,
            by=maker.by or [maker.make],
        ),
        op_tags={} if maker.keeps_books else TAGS,
        required_resource_keys={"warehouse", *(_RESOURCES[name] for name in maker.wants)},
    )
    def made(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        given = {name: getattr(context.resources, _RESOURCES[name]) for name in maker.wants}
        if "store" in given:
            given["store"] = given["store"].store()
        with context.resources.warehouse.open().connect() as connection:
            version = maker.version(connection, **given)
            if version and is_current(connection, maker.makes[-1], version):
                yield from results(connection, maker.makes, version=version)
                return
            yield from written(connection, maker.makes, maker(connection, **given), version)
            if version:
                record(connection, maker.makes[-1], version)

    return made


SELECTED = [
    _selected(layer, path.stem)
    for layer in LAYERS
    for path in sorted((SQL_DIR / layer).glob("*.sql"))
]
MADE = [wired(maker) for maker in list_makers()]
