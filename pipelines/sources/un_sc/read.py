"""Consolidated list of the United Nations Security Council, XML."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import polars as pl

from pipelines.quarantine import SourceDrift
from pipelines.sources.http import Limits
from pipelines.sources.listings import (
    PARTY_CELLS,
    Edition,
    Listing,
    day_of,
    fetch_of,
    listing_of,
    parties_in,
    refuse_unnamed_or_undated,
    typed_cells,
)
from pipelines.sources.recognise import root_of
from pipelines.sources.xml_records import child_text, children, records

LICENCE = "un-terms"
URL = "https://scsanctions.un.org/resources/xml/en/consolidated.xml"
LIMITS = Limits(
    hosts=frozenset({"scsanctions.un.org", "unsolprodfiles.blob.core.windows.net"}),
    content_types=("text/xml", "application/xml", "application/octet-stream"),
    max_bytes=64 * 1024 * 1024,
    total_s=300.0,
)
SOURCE = "un_sc"
FILE = "consolidated.xml"
DPRK_LIST = "DPRK"
_NAMES = ("FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME")
_ADDRESS = ("STREET", "CITY", "STATE_PROVINCE", "ZIP_CODE", "COUNTRY", "NOTE")
_NEEDED = {
    "name_original": "FIRST_NAME",
    "program": "UN_LIST_TYPE",
    "reference": "REFERENCE_NUMBER",
    "listed": "LISTED_ON",
}
_ALIAS_KIND = {"f.k.a.": "fka", "Low": "weak"}
# "IMO number: 5905801" in an entity's comments numbers the company, never one of its ships
_COMPANY_IMO = r"IMO\)?\s*(?:[Nn]umber)?:?\s*(\d{7})\b"


fetch = fetch_of(SOURCE, URL, LIMITS)


def parse(content: bytes | Path, *, retrieved_at: dt.datetime) -> Listing:
    """One edition of the whole list, every regime; `is_dprk` marks the 1718 list.

    Args:
        content: the XML file.
        retrieved_at: aware (or naive UTC) instant of the retrieval.

    Returns:
        Listing; `line` is the number of the record in the file. Vessels are not on this list.

    Raises:
        SourceDrift: not this list, cut off, or hostile XML.
    """
    stream = records(
        content,
        {"INDIVIDUAL", "ENTITY"},
        source=SOURCE,
        file=FILE,
        root="CONSOLIDATED_LIST",
        max_bytes=LIMITS.max_bytes,
    )
    head = dict(next(stream)[1].attrib)
    found = (element for _, element in stream)
    people, aliases, addresses = parties_in(found, _party, _aliases, _addresses)
    if not people:
        raise SourceDrift(
            f"{SOURCE}: {FILE} has no INDIVIDUAL and no ENTITY; the list is never empty: "
            "its form has changed or the download was cut off"
        )
    raw = content if isinstance(content, bytes) else content.read_bytes()
    edition_on = day_of(head.get("dateGenerated"))
    edition = Edition.of(SOURCE, [raw], retrieved_at=retrieved_at, file=FILE, edition_on=edition_on)
    cells = pl.DataFrame(people, schema=PARTY_CELLS)
    missing = [tag for cell, tag in _NEEDED.items() if cells[cell].null_count() == cells.height]
    if missing:
        raise SourceDrift(
            f"{SOURCE}: {FILE} has no {', '.join(missing)} in any record, expected "
            f"{', '.join(_NEEDED.values())} in each. The list has changed its form."
        )
    is_person = pl.col("kind") == "INDIVIDUAL"
    typed = typed_cells(cells, "%Y-%m-%d").with_columns(
        schema=pl.when(is_person).then(pl.lit("Person")).otherwise(pl.lit("LegalEntity")),
        # ten records carry a time zone behind the date
        listed_on=pl.col("listed").str.strip_chars().str.slice(0, 10).str.to_date(strict=False),
        imo_number=pl.when(~is_person).then(pl.col("remarks").str.extract(_COMPANY_IMO)),
        is_dprk=(pl.col("program") == DPRK_LIST).fill_null(value=False),
    )
    kept, refused = refuse_unnamed_or_undated(
        typed,
        pl.col("name").is_null() | pl.col("list_id").is_null(),
        source=SOURCE,
        file=FILE,
        needs="a name or a reference number",
        dated="LISTED_ON",
    )
    return listing_of(
        edition,
        kept,
        aliases,
        addresses,
        refused=refused,
        rows_refused=cells.height - kept.height,
    )


def _party(element: Element) -> dict[str, Any]:
    names = [text for tag in _NAMES if (text := child_text(element, tag))]
    return {
        "kind": element.tag.rsplit("}", 1)[-1],
        "reference": child_text(element, "REFERENCE_NUMBER"),
        "name_original": " ".join(names) or None,
        "program": child_text(element, "UN_LIST_TYPE"),
        "listed": child_text(element, "LISTED_ON"),
        "position": "; ".join(_values(element, "DESIGNATION")) or None,
        "country": next(iter(_values(element, "NATIONALITY")), None),
        "remarks": child_text(element, "COMMENTS1"),
        "born": [
            text
            for one in children(element, "INDIVIDUAL_DATE_OF_BIRTH")
            for tag in ("DATE", "YEAR", "FROM_YEAR", "TO_YEAR")
            if (text := (child_text(one, tag) or "").strip()[:10])
        ],
        "passports": [
            text
            for one in children(element, "INDIVIDUAL_DOCUMENT")
            if "passport" in (child_text(one, "TYPE_OF_DOCUMENT") or "").lower()
            and (text := child_text(one, "NUMBER"))
        ],
    }


def _values(element: Element, name: str) -> list[str]:
    return [
        text.text.strip()
        for group in children(element, name)
        for text in children(group, "VALUE")
        if text.text and text.text.strip()
    ]


def _aliases(element: Element) -> list[dict[str, Any]]:
    """Further names; where there is none the list prints an empty alias element."""
    found = []
    for tag in ("INDIVIDUAL_ALIAS", "ENTITY_ALIAS"):
        for alias in children(element, tag):
            text = child_text(alias, "ALIAS_NAME")
            if text is None:
                continue
            quality = (child_text(alias, "QUALITY") or "").strip() or None
            found += [
                {
                    "alias_original": part,
                    "kind": _ALIAS_KIND.get(quality or "", "aka"),
                    "quality": quality,
                }
                for part in text.split(";")
            ]
    script = child_text(element, "NAME_ORIGINAL_SCRIPT")
    if script is not None:
        found.append({"alias_original": script, "kind": "original_script", "quality": None})
    return found


def _addresses(element: Element) -> list[dict[str, Any]]:
    found = []
    for tag in ("INDIVIDUAL_ADDRESS", "ENTITY_ADDRESS"):
        for address in children(element, tag):
            part = {name: (child_text(address, name) or "").strip() for name in _ADDRESS}
            if not any(part.values()):
                continue
            lines = (part[name] for name in ("STREET", "STATE_PROVINCE", "ZIP_CODE", "NOTE"))
            found.append(
                {
                    "address": ", ".join(line for line in lines if line) or None,
                    "city": part["CITY"] or None,
                    "country": part["COUNTRY"] or None,
                }
            )
    return found


def part_of(head: bytes) -> str | None:
    """The list's one file, or None of a file that is another's."""
    return "" if root_of(head) == "CONSOLIDATED_LIST" else None
