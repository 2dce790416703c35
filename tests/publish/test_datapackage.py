"""The data package beside the files says what they hold, and a validator of others agrees."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator

import duckdb
import polars as pl
import pytest

from tests.publish.semantic_world import promised, published_world


@pytest.fixture(autouse=True)
def limit_of_cells() -> Iterator[None]:
    """The validator lifts Python's own limit for the whole process; readers rely on it."""
    limit = csv.field_size_limit()
    yield
    csv.field_size_limit(limit)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    with duckdb.connect() as connection:
        for schema in ("staged", "facts", "estimates", "published"):
            connection.execute(f"create schema {schema}")
        yield published_world(connection, tmp_path_factory.mktemp("package"))[1]


@pytest.fixture
def package(folder):
    return json.loads((folder / "datapackage.json").read_text())


def resource(package, name: str) -> dict:
    return next(one for one in package["resources"] if one["name"] == name)


def test_every_table_and_every_stream_of_draws_is_a_resource_with_a_schema(package):
    named = {one["name"] for one in package["resources"]}
    tables = {name.replace("_", "-") for name, one in promised().items() if one.is_file_published}
    assert named == tables | {"draws-coal", "draws-labor", "draws-it-workers"}
    assert all(one["schema"]["fields"] for one in package["resources"])


def test_draws_say_what_their_columns_are(package, folder):
    fields = resource(package, "draws-labor")["schema"]["fields"]
    assert [one["name"] for one in fields] == list(
        pl.read_parquet_schema(folder / "draws" / "labor.parquet")
    )
    assert {one["name"]: one["type"] for one in fields}["usd"] == "number"
    assert resource(package, "draws-labor")["schema"]["primaryKey"] == [
        "draw", "month", "measure", "host_iso3",
    ]  # fmt: skip


def test_keys_lead_to_the_resource_that_holds_them(package):
    keys = resource(package, "headline-annual")["schema"]["foreignKeys"]
    assert keys == [
        {"fields": ["stream"], "reference": {"resource": "dim-stream", "fields": ["stream"]}}
    ]


def test_who_made_it_and_which_release_it_is_are_said(package, folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    assert package["version"] == manifest["release_id"]
    assert package["licenses"][0]["name"] == "CC-BY-4.0"
    assert package["contributors"]


def test_a_spreadsheet_reads_the_names_in_utf_8(folder):
    content = (folder / "csv" / "dim_country.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert pl.read_csv(folder / "csv" / "dim_country.csv").columns[0] == "country_iso3"


def test_frictionless_finds_no_error_keys_included(folder):
    frictionless = pytest.importorskip("frictionless", reason="frictionless is not installed")
    with frictionless.system.use_context(trusted=True):
        found = frictionless.Package(str(folder / "datapackage.json"))
        tables = [one.name for one in found.resources if one.format == "csv"]
        for name in tables:
            report = found.get_resource(name).validate()
            assert report.valid, (name, report.flatten(["type", "message"])[:3])


def test_frictionless_sees_a_key_without_a_parent(folder, tmp_path):
    frictionless = pytest.importorskip("frictionless", reason="frictionless is not installed")
    rows = (folder / "csv" / "headline_annual.csv").read_text("utf-8-sig")
    (tmp_path / "headline_annual.csv").write_text(rows.replace("labor,", "tin,"), "utf-8")
    dims = (folder / "csv" / "dim_stream.csv").read_text("utf-8-sig")
    (tmp_path / "dim_stream.csv").write_text(dims, "utf-8")
    package = json.loads((folder / "datapackage.json").read_text())
    kept = [
        {**one, "path": one["path"].removeprefix("csv/")}
        for one in package["resources"]
        if one["name"] in ("headline-annual", "dim-stream")
    ]
    (tmp_path / "datapackage.json").write_text(json.dumps({**package, "resources": kept}))
    with frictionless.system.use_context(trusted=True):
        report = frictionless.Package(str(tmp_path / "datapackage.json")).validate()
    assert "foreign-key" in {row[0] for row in report.flatten(["type"])}
