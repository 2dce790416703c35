"""Dagster's code location, found as Dagster itself finds it: by the name in pyproject.toml."""

from __future__ import annotations

import importlib
import tomllib
from typing import TYPE_CHECKING

from pipelines.paths import REPOSITORY

if TYPE_CHECKING:  # loading it takes seconds
    import dagster as dg


def definitions() -> dg.Definitions:
    """Every asset, check, job, schedule and sensor."""
    with (REPOSITORY / "pyproject.toml").open("rb") as file:
        name = tomllib.load(file)["tool"]["dagster"]["module_name"]
    return importlib.import_module(name).defs
