"""The code location: what exists, from what, when."""

from __future__ import annotations

import importlib
from types import ModuleType

import dagster as dg

from assets.loggers import quiet_logger
from assets.resources import Sampling, Snapshots, WarehouseResource

# a new capability is one module here
MODULES = (
    "assets.reference",
    "assets.facts",
    "assets.estimates",
    "assets.published",
    "assets.checks",
    "assets.schedules",
)

RESOURCES = {
    "warehouse": WarehouseResource(),
    "snapshots": Snapshots(),
    "sampling": Sampling(),
}


def _found[T](modules: list[ModuleType], kind: type[T]) -> list[T]:
    """Module-level objects of a kind, also inside lists; each once, in order of appearance."""
    found: dict[int, T] = {}
    for module in modules:
        for value in vars(module).values():
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, kind):
                    found.setdefault(id(one), one)
    return list(found.values())


def build_definitions() -> dg.Definitions:
    """Everything the modules define, run in one process: one writer per DuckDB file."""
    modules = [importlib.import_module(name) for name in MODULES]
    checks = _found(modules, dg.AssetChecksDefinition)
    known = {id(check) for check in checks}
    return dg.Definitions(
        assets=[a for a in _found(modules, dg.AssetsDefinition) if id(a) not in known],
        asset_checks=checks,
        jobs=_found(modules, dg.JobDefinition)
        + _found(modules, dg.unresolved_asset_job_definition),
        schedules=_found(modules, dg.ScheduleDefinition),
        sensors=_found(modules, dg.SensorDefinition),
        resources=RESOURCES,
        executor=dg.in_process_executor,
        loggers={"console": quiet_logger},
    )


defs = build_definitions()
