"""The published contract: one TOML file a table, read into plain objects and DDL.

A table that one stream alone has is promised in that stream's folder, beside the SQL that makes it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from pipelines.paths import STREAMS_DIR, shown

CONTRACT_DIR = Path(__file__).resolve().parent / "contract"
TYPES = frozenset({"DOUBLE", "BIGINT", "DATE", "TIMESTAMP", "VARCHAR", "BOOLEAN"})
QUANTILES = ("q05", "q10", "q25", "q50", "q75", "q90", "q95", "mean")
_QUANTILE_MEANING = {
    "q05": "5% point",
    "q10": "10% point",
    "q25": "25% point",
    "q50": "median",
    "q75": "75% point",
    "q90": "90% point",
    "q95": "95% point",
    "mean": "mean",
}


class ContractError(ValueError):
    """A contract file or a published table breaks the promise; says which and how."""


@dataclass(frozen=True)
class Column:
    """One promised column."""

    name: str
    type: str
    unit: str
    meaning: str
    source: str


@dataclass(frozen=True)
class PublishedTable:
    """One promised table.

    Attributes:
        name: table name in schema main of the published database.
        description: what a reader learns from it.
        grain: columns whose values are unique together.
        columns: in published order.
        is_file_published: also as Parquet and CSV (the draws have files of their own).
    """

    name: str
    description: str
    grain: tuple[str, ...]
    columns: tuple[Column, ...]
    is_file_published: bool

    @property
    def column_names(self) -> list[str]:
        """Names in published order."""
        return [column.name for column in self.columns]


def _columns(entries: list[dict[str, str]], table: str) -> tuple[Column, ...]:
    columns: list[Column] = []
    for entry in entries:
        unit, source = entry.get("unit", ""), entry["source"]
        if "quantiles" in entry:
            prefix = entry["quantiles"]
            columns += [
                Column(
                    f"{prefix}_{point}" if prefix else point,
                    "DOUBLE",
                    unit,
                    f"{_QUANTILE_MEANING[point]} of: {entry['meaning']}",
                    source,
                )
                for point in QUANTILES
            ]
        else:
            if entry["type"] not in TYPES:
                raise ContractError(
                    f"contract/{table}.toml: column {entry['name']} has type {entry['type']}; "
                    f"BI tools read {', '.join(sorted(TYPES))} only"
                )
            columns.append(Column(entry["name"], entry["type"], unit, entry["meaning"], source))
    return tuple(columns)


def load_table(path: Path) -> PublishedTable:
    """Read one contract file.

    Raises:
        ContractError: a type is not allowed or a grain column does not exist.
    """
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    columns = _columns(content["columns"], path.stem)
    names = [column.name for column in columns]
    missing = [name for name in content["grain"] if name not in names]
    if missing or len(set(names)) != len(names):
        raise ContractError(
            f"contract/{path.name}: grain names no column {missing}, or a column stands twice"
        )
    return PublishedTable(
        path.stem,
        content["description"],
        tuple(content["grain"]),
        columns,
        content.get("is_file_published", True),
    )


def load_contract() -> dict[str, PublishedTable]:
    """Every promised table by name, in name order.

    Raises:
        ContractError: two files promise a table of one name.
    """
    files: dict[str, Path] = {}
    own = sorted(STREAMS_DIR.glob("*/published/*.toml"))
    for path in (*sorted(CONTRACT_DIR.glob("*.toml")), *own):
        if path.stem in files:
            raise ContractError(
                f"{path.stem}.toml stands twice: {shown(files[path.stem])} and {shown(path)}"
            )
        files[path.stem] = path
    return {name: load_table(files[name]) for name in sorted(files)}
