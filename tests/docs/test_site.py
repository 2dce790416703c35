"""The documentation's pages: all there, linked, and loading nothing."""

from __future__ import annotations

import re

import pytest

from pipelines.docs.site import build, pages, rendered
from pipelines.paths import REPOSITORY
from pipelines.publish.contract import load_contract


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    build(folder)
    return {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}


def test_every_decision_room_and_table_has_its_page():
    found = {page.file for page in pages()}
    decisions = (REPOSITORY / "docs" / "decisions").glob("*.md")
    assert {str(one.relative_to(REPOSITORY)) for one in decisions} <= found
    assert {f"tables/{name}" for name in load_contract()} <= found
    assert {"README.md", "CONTRIBUTING.md", "pipelines/README.md", "docs/SOURCES.md"} <= found


def test_every_link_between_pages_leads_to_one(site):
    missing = {
        (name, target)
        for name, text in site.items()
        for target in re.findall(r'href="([^":]+\.html)"', text)
        if target not in site
    }
    assert missing == set()


def test_pages_load_nothing_from_elsewhere(site):
    loading = re.compile(r"<(?:script|link|img|iframe|object)\b|url\(|@import")
    assert {name for name, text in site.items() if loading.search(text)} == set()


def test_a_table_page_says_what_its_columns_mean(site):
    text = site["tables-income_annual.html"]
    column = next(one for one in load_contract()["income_annual"].columns if one.name == "mcse_q50")
    assert f"<td>{column.meaning}</td>" in text
    assert "sql/published/income_annual.sql" in text


def test_markup_in_a_page_stays_text():
    html = rendered("# A\n\n<script>alert(1)</script> `x`", {})
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_a_named_page_becomes_a_link():
    html = rendered("see `docs/a.md` and `docs/b.md`", {"docs/a.md": "docs-a-md.html"})
    assert '<a href="docs-a-md.html"><code>docs/a.md</code></a>' in html
    assert "<code>docs/b.md</code>" in html.replace("</a>", "")
