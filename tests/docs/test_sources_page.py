"""docs/SOURCES.md is what the folders say."""

from __future__ import annotations

from pipelines.docs.sources_page import PAGE, sources_page


def test_the_page_of_sources_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == sources_page(), "run ./run docs"
