"""A page per table: escaped, linked, nothing fetched, readable on a phone."""

from __future__ import annotations

import re

import duckdb
import pytest

from pipelines.publish.browse import SHOWN_ROWS, cell, write_tables
from pipelines.publish.release import publish
from tests.publish.semantic_world import promised, published_world

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A release with its pages, one party named like a script."""
    with duckdb.connect() as connection:
        for schema in ("staged", "facts", "estimates", "published"):
            connection.execute(f"create schema {schema}")
        place = tmp_path_factory.mktemp("browse")
        published_world(connection, place)
        connection.execute(
            "update published.dim_party set party = $1 where party_id = 'firm'", [SCRIPT]
        )
        publish(
            connection,
            promised(),
            place / "published",
            extra_files=lambda release: write_tables(release, promised()),
        )
        yield place / "published" / "tables"


def test_every_table_has_a_page_and_every_link_between_pages_leads_somewhere(folder):
    assert {file.stem for file in folder.glob("*.html")} == {*promised(), "index"}
    for file in folder.glob("*.html"):
        for target in re.findall(r'href="([^"#]+)"', file.read_text("utf-8")):
            if not target.startswith("http") and target != "../report.html":
                assert (folder / target).is_file(), (file.name, target)


def test_a_page_says_what_the_columns_mean_and_shows_the_first_rows(folder):
    promise = promised()["headline_annual"]
    html = (folder / "headline_annual.html").read_text("utf-8")
    for column in promise.columns:
        assert f'<dt id="{column.name}">' in html
    assert html.count("<tr>") == 1 + 5  # coal and labor 2020 and 2021, IT workers 2021
    assert 'key of <a href="dim_stream.html">' in html
    many = (folder / "cell_draws.html").read_text("utf-8")
    assert many.count("<tr>") == 1 + SHOWN_ROWS


def test_a_name_cannot_become_a_script_and_nothing_is_fetched(folder):
    html = (folder / "dim_party.html").read_text("utf-8")
    assert SCRIPT not in html
    assert "&lt;script&gt;alert(1)" in html
    for file in folder.glob("*.html"):
        text = file.read_text("utf-8")
        assert "default-src 'none'" in text
        assert not re.search(r"<(?:script|img|iframe|link)\b|\bsrc=|@import|url\(", text)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("https://example.org/a", "address", "https://example.org/a"),
        ("javascript:alert(1)", "text", "javascript:alert(1)"),
        ("https://example.org/ onclick", "text", "https://example.org/ onclick"),
        (None, "none", ""),
        (True, "text", "yes"),
        (2020, "number", "2020"),
        (1234567.8, "number", "1,234,568"),
        (0.25, "number", "0.25"),
    ],
)
def test_a_cell_is_shown_as_what_it_is(value, kind, text):
    assert cell(value) == {"text": text, "kind": kind}
