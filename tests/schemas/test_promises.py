"""Contracts promise what is written of them elsewhere."""

from __future__ import annotations

import difflib
import re

import pytest

from pipelines.catalog import load_catalog
from pipelines.paths import SQL_DIR, STREAMS_DIR
from tests.schemas.promises import FILE, all_promises

HEADS = {
    f"{path.parent.name}.{path.stem}": path.read_text(encoding="utf-8")
    for path in [*SQL_DIR.glob("*/*.sql"), *STREAMS_DIR.glob("*/*/*.sql")]
}


def told_grain(text: str) -> tuple[str, ...]:
    """Columns after `-- grain`, behind the words that say what a row is."""
    line = re.search(r"^-- grain +(.+)$", text, re.MULTILINE)
    if line is None:
        return ()
    return tuple(name.strip() for name in line[1].rpartition(": ")[2].split(","))


# one column that stands for the columns of the SQL file: a hash of them, or their text
STANDS_FOR_THEM = {("event_id",), ("cell",)}


@pytest.mark.parametrize(
    "address",
    sorted(
        address
        for address, table in load_catalog().items()
        if told_grain(HEADS.get(address, "")) and table.grain not in STANDS_FOR_THEM
    ),
)
def test_a_contract_has_the_grain_that_its_sql_file_says(address):
    assert set(told_grain(HEADS[address])) == set(load_catalog()[address].grain)


def test_no_promise_is_loosened_or_tightened_unseen():
    written, now = FILE.read_text(encoding="utf-8").splitlines(), all_promises().splitlines()
    moved = [line for line in difflib.ndiff(written, now) if line[0] in "+-"]
    assert moved == [], "meant: python -m tests.schemas.promises, and read what it changes"
