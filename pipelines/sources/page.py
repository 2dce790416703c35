"""docs/SOURCES.md, written from the folders: `python -m pipelines.sources.page`."""

from __future__ import annotations

import sys
from pathlib import Path

from pipelines.paths import REPOSITORY, SOURCES_DIR
from pipelines.sources.folders import list_folders, official_lists
from pipelines.voices import list_voices

PAGE = REPOSITORY / "docs" / "SOURCES.md"
_HEAD = """# Sources

One folder each under `pipelines/sources/`; this page is written from them (`./run docs`). A file is
dropped into `landing/` of the data folder and known by its content.
"""


def _row(*cells: object) -> str:
    return (
        "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
    )


def sources_page() -> str:
    """The page as Markdown: feeds, official lists, hand-kept notes of the rest."""
    feeds = [
        _row(
            f"`{one.name}`",
            one.about,
            one.publisher,
            one.licence,
            one.cadence or "by hand",
            one.stale_days,
            f"`{one.key}`" + ("" if one.is_key_needed else " (optional)") if one.key else "",
            one.dropped,
        )
        for one in list_folders()
    ]
    voices = list_voices(SOURCES_DIR)
    lists = [
        _row(
            f"`{one.source}`",
            one.about,
            f"{voices[one.source].authority}, {voices[one.source].kind}",
            one.licence,
            one.cadence,
            one.stale_days,
            one.dropped,
        )
        for one in official_lists()
    ]
    return "\n".join(
        [
            _HEAD,
            "## Feeds\n",
            _row(
                "source",
                "what",
                "publisher",
                "licence",
                "asked",
                "stale after, days",
                "key",
                "a dropped file",
            ),  # fmt: skip
            _row(*["---"] * 8),
            *feeds,
            "\n## Official lists\n",
            _row(
                "source",
                "what",
                "who speaks, and what standing on it means",
                "licence",
                "asked",
                "stale after, days",
                "a dropped file",
            ),  # fmt: skip
            _row(*["---"] * 7),
            *lists,
            "",
        ]
    )


if __name__ == "__main__":
    Path(PAGE).write_text(sources_page(), encoding="utf-8")
    sys.exit(0)
