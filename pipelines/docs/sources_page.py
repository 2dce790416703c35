"""docs/SOURCES.md, written from the folders: `python -m pipelines.docs.sources_page`."""

from __future__ import annotations

import sys

from pipelines.paths import REPOSITORY
from pipelines.sources.folders import kept_folders, list_folders, official_lists, own_keepers
from pipelines.voices import list_voices

PAGE = REPOSITORY / "docs" / "SOURCES.md"
_HEAD = """# Sources

One folder each under `pipelines/sources/`; this page is written from them (`./run docs`). A file is
dropped into `landing/` of the data folder and known by its content, by what stands under `file`; an
edited copy of a stream's figures.csv, header observation_id,stream,quantity,…, is taken too.
Addresses, what is asked and what is doubtful: `pipelines/reference/SOURCES.md`.
"""
_FEED = ("source", "what", "publisher", "licence", "asked", "stale after, days", "key", "file")
_LIST = ("source", "what", "who speaks, and what standing on it means", *_FEED[3:6], "file")


def _row(*cells: object) -> str:
    plain = [str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells]
    return "| " + " | ".join(plain) + " |"


def _key(name: str, *, is_needed: bool) -> str:
    return "" if not name else f"`{name}`" if is_needed else f"`{name}` (optional)"


def sources_page() -> str:
    """The page as Markdown: feeds, then official lists."""
    feeds = [
        _row(
            f"`{one.name}`",
            one.about,
            one.publisher,
            one.licence,
            one.cadence or "by hand",
            one.stale_days,
            _key(one.key, is_needed=one.is_key_needed),
            one.dropped,
        )
        for one in list_folders()
    ] + [
        _row(f"`{one.name}`", one.about, one.publisher, one.licence, "by hand", "", "", one.dropped)
        for one in own_keepers()
    ]
    feeds += [
        _row(
            f"`{one.name}`", one.about, one.publisher, one.licence, "by hand", "", "", one.to_get_it
        )
        for one in kept_folders()
    ]
    voices = list_voices()
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
    parts = [_HEAD]
    for title, header, rows in (("Feeds", _FEED, feeds), ("Official lists", _LIST, lists)):
        parts += [f"## {title}\n", _row(*header), _row(*["---"] * len(header)), *rows, ""]
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(sources_page(), encoding="utf-8")
    sys.exit(0)
