"""The code location: what exists, from what, when."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import dagster as dg

from assets.published import build_assets
from assets.resources import Network, Sampling, Snapshots, WarehouseResource
from assets.schedules import freshness_of
from assets.tables import promised
from pipelines.catalog import contract_of
from pipelines.operating.failures import tell_failures
from pipelines.operating.loggers import quiet_logger
from pipelines.operating.side_by_side import side_by_side

# a new capability is one module here
MODULES = (
    "assets.landing",
    "assets.hand_kept",
    "assets.ais",
    "assets.demo",
    "assets.made",
    "assets.estimates",
    "assets.backtest",
    "assets.checks",
    "assets.schedules",
    "assets.sensors",
)

# what define_asset_job returns: its class has no public name
UNRESOLVED_JOB = type(dg.define_asset_job("unresolved"))

RESOURCES = {
    "warehouse": WarehouseResource(),
    "snapshots": Snapshots(),
    "sampling": Sampling(),
    "network": Network(),
}


def _found(modules: list[ModuleType], kind: type[Any]) -> list[Any]:
    """Module-level objects of a kind, also inside lists; each once, in order of appearance."""
    found: dict[int, Any] = {}
    for module in modules:
        for value in vars(module).values():
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, kind):
                    found.setdefault(id(one), one)
    return list(found.values())


# new evidence sets going what rests on it; a table that says the same as before does not
AFTER_NEW_EVIDENCE = dg.AutomationCondition.eager().replace(
    "newly_updated_without_root", dg.AutomationCondition.data_version_changed()
)
_AUTOMATIC = {"facts", "estimates", "network", "published"}
# who answers for a layer's tables
_OWNERS = {"raw": "sources", "staged": "sources", "published": "releases", "network": "network"}


# staged tables by what they are about, as their contracts stand; the others are feeds of trade
_STAGED = {
    "figures": "staged_figures",
    "listings": "staged_lists",
    "network": "staged_network",
    "ports": "staged_ships",
    "shipping": "staged_ships",
}


def _group_of(spec: dg.AssetSpec) -> str:
    """The group a table was given, else its layer; staged tables are parted by subject."""
    layer = spec.key.path[0]
    # what nothing makes alone is a ledger that many write to
    if layer != "staged" or not spec.kinds:
        return spec.group_name or layer
    table = contract_of(".".join(spec.key.path))
    return _STAGED.get(table.model.__module__.rpartition(".")[2] if table else "", "staged_trade")


def _told(spec: dg.AssetSpec) -> dg.AssetSpec:
    """What is promised of every table, its group, its owner, and what sets it going."""
    layer = spec.key.path[0]
    return promised(spec).replace_attributes(
        group_name=_group_of(spec),
        owners=spec.owners or [f"team:{_OWNERS.get(layer, 'estimates')}"],
        automation_condition=AFTER_NEW_EVIDENCE if layer in _AUTOMATIC else None,
        freshness_policy=freshness_of(spec.key.path[-1]) if layer == "raw" else None,
    )


def build_definitions() -> dg.Definitions:
    """Everything the modules define, run in one process, which holds the DuckDB file."""
    modules = [importlib.import_module(name) for name in MODULES]
    checks = _found(modules, dg.AssetChecksDefinition)
    # a checks definition is an assets definition too
    assets = [one for one in _found(modules, dg.AssetsDefinition) if one not in checks]
    known = {key for one in assets for key in one.keys}
    tables = build_assets(known)
    whole: list[dg.AssetsDefinition | dg.AssetSpec] = [
        *assets,
        *tables,
        *_found(modules, dg.AssetSpec),
    ]
    for one in (*assets, *tables, *checks):
        tell_failures(one)
    return dg.Definitions(
        assets=dg.map_asset_specs(_told, whole),
        asset_checks=checks,
        jobs=_found(modules, dg.JobDefinition) + _found(modules, UNRESOLVED_JOB),
        schedules=_found(modules, dg.ScheduleDefinition),
        sensors=_found(modules, dg.SensorDefinition),
        resources=RESOURCES,
        executor=side_by_side,
        loggers={"console": quiet_logger},
    )


defs = build_definitions()
