"""What every table promises of its rows, written down a second time.

`python -m tests.schemas.promises` writes `promises.txt` anew. Read what changed before committing:
a promise loosened is a row that is no longer refused, one tightened refuses what passed before.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.catalog import load_catalog
from pipelines.schemas.table import Table

FILE = Path(__file__).with_name("promises.txt")


def promises_of(address: str, model: type[Table]) -> list[str]:
    """A table's grain, the columns that are never empty, and the bounds of each column."""
    columns = model.to_schema().columns
    grain = model.grain()
    filled = [name for name, one in columns.items() if not one.nullable and name not in grain]
    lines = [address, f"  one row a {', '.join(grain) or '?'}"]
    lines += [f"  never empty: {', '.join(filled)}"] if filled else []
    lines += [
        f"  key may be empty: {name}"
        for name in grain
        if name in columns and columns[name].nullable
    ]
    bounds: dict[str, list[str]] = {}
    for name, one in columns.items():
        for check in one.checks:
            told = ", ".join(str(value) for value in check.statistics.values())
            bounds.setdefault(f"{check.name} {told}", []).append(name)
    lines += [f"  {bound}: {', '.join(names)}" for bound, names in bounds.items()]
    return lines


def all_promises() -> str:
    """Of every table that has an address, in order of address."""
    catalog = load_catalog()
    return (
        "\n".join(
            "\n".join(promises_of(address, catalog[address].model)) for address in sorted(catalog)
        )
        + "\n"
    )


if __name__ == "__main__":
    FILE.write_text(all_promises(), encoding="utf-8")
