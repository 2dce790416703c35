"""The data package of a finished run, held to its own word by a validator of others."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator

import polars as pl
import pytest

# of tables without keys to follow, enough rows to see every kind of cell
ENOUGH_ROWS = 500
KINDS = {"integer": pl.Int64, "number": pl.Float64, "date": pl.Date, "string": pl.String}


@pytest.fixture(autouse=True)
def limit_of_cells() -> Iterator[None]:
    """The validator lifts Python's own limit for the whole process; readers rely on it."""
    limit = csv.field_size_limit()
    yield
    csv.field_size_limit(limit)


def test_a_validator_finds_no_error_in_the_release(workshop):
    frictionless = pytest.importorskip("frictionless", reason="frictionless is not installed")
    with frictionless.system.use_context(trusted=True):
        package = frictionless.Package(str(workshop.published / "datapackage.json"))
        assert list(frictionless.Package.metadata_validate(package.to_descriptor())) == []
        tables = [one for one in package.resources if one.format == "csv"]
        with_keys = [one.name for one in tables if one.schema.foreign_keys]
        assert len(tables) > 40
        assert len(with_keys) >= 5
        for one in tables:
            report = one.validate(limit_rows=None if one.name in with_keys else ENOUGH_ROWS)
            assert report.valid, (one.name, report.flatten(["type", "message"])[:3])


def test_draws_are_what_the_package_says_of_them(workshop):
    package = json.loads((workshop.published / "datapackage.json").read_text(encoding="utf-8"))
    draws = [one for one in package["resources"] if one["path"].startswith("draws/")]
    files = {path.name for path in (workshop.published / "draws").iterdir()}
    assert {one["path"].removeprefix("draws/") for one in draws} == files
    for one in draws:
        schema = pl.read_parquet_schema(workshop.published / one["path"])
        told = {field["name"]: KINDS[field["type"]] for field in one["schema"]["fields"]}
        assert told == dict(schema), one["name"]
        keys = one["schema"]["primaryKey"]
        rows = pl.scan_parquet(workshop.published / one["path"]).select(keys).collect()
        assert rows.is_duplicated().sum() == 0, one["name"]
        assert rows.null_count().sum_horizontal().item() == 0, one["name"]
