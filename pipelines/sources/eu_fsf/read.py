"""The EU Commission's consolidated list of financial sanctions, XML version 1.1.

The file is made when it is asked for: the first byte may take over a minute, and the server answers
500 in bursts; so it is asked patiently. It adds to the annexes of Regulation 2017/1509 (source
`eu_prk`), which hold the ships; it does not replace them.
"""

from __future__ import annotations

import datetime as dt
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

SOURCE = "eu_fsf"
LICENCE = "European Commission: reuse with attribution"
URL = "https://webgate.ec.europa.eu/fsd/fsf/public/files/xmlFullSanctionsList_1_1/content"
# the Commission prints it for everybody; without it the answer is 403
PUBLIC_TOKEN = "dG9rZW4tMjAxNw"  # noqa: S105
FILE = "xmlFullSanctionsList_1_1.xml"
LIMITS = Limits(
    hosts=frozenset({"webgate.ec.europa.eu"}),
    content_types=("text/xml", "application/xml", "application/octet-stream"),
    max_bytes=256 * 1024 * 1024,
    read_s=150.0,
    total_s=900.0,
    attempts=5,
    backoff_s=10.0,
    longest_wait_s=180.0,
)
_KINDS = {"person": "Person", "enterprise": "Organization"}
_PROGRAMME = "PRK"

fetch = fetch_of(SOURCE, URL, LIMITS, params={"token": PUBLIC_TOKEN})


def parse(content: bytes, *, retrieved_at: dt.datetime) -> Listing:
    """One edition of the whole list, every programme; `is_dprk` marks programme PRK.

    Args:
        content: the XML file.
        retrieved_at: aware (or naive UTC) instant of the retrieval.

    Returns:
        Listing; `line` is the number of the record. No ties between parties are printed.

    Raises:
        SourceDrift: not this list, cut off, hostile XML, or an unknown kind of party.
    """
    stream = records(
        content,
        {"sanctionEntity"},
        source=SOURCE,
        file=FILE,
        root="export",
        max_bytes=LIMITS.max_bytes,
    )
    head = dict(next(stream)[1].attrib)
    found = (element for _, element in stream)
    people, aliases, addresses = parties_in(found, _party, _aliases, _addresses)
    if not people:
        raise SourceDrift(
            f"{SOURCE}: {FILE} has no sanctionEntity; the list is never empty: fetch it again"
        )
    frame = pl.DataFrame(people, schema=PARTY_CELLS)
    kinds = set(frame["kind"].drop_nulls()) - set(_KINDS)
    if kinds:
        raise SourceDrift(
            f"{SOURCE}: {FILE}: unknown subjectType {', '.join(sorted(kinds))[:80]}; look it up at "
            "the publisher and add it to the reader"
        )
    for cell, tag in (("reference", "euReferenceNumber"), ("name_original", "nameAlias/wholeName"),
                      ("kind", "subjectType/code")):  # fmt: skip
        if frame[cell].null_count() == frame.height:
            raise SourceDrift(f"{SOURCE}: {FILE} has no {tag} in any record; its form has changed")
    edition_on = day_of(head.get("generationDate"))
    edition = Edition.of(
        SOURCE, [content], retrieved_at=retrieved_at, file=FILE, edition_on=edition_on
    )
    typed, refused = _typed(frame)
    return listing_of(
        edition,
        typed,
        aliases,
        addresses,
        refused=refused,
        rows_refused=frame.height - typed.height,
    )


def _typed(cells: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    typed = typed_cells(cells, "%Y-%m-%d").with_columns(
        schema=pl.col("kind").replace_strict(_KINDS, default=None),
        listed_on=pl.col("listed").str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False),
        is_dprk=pl.col("program").str.split("; ").list.contains(_PROGRAMME).fill_null(value=False),
    )
    return refuse_unnamed_or_undated(
        typed,
        pl.col("name").is_null() | pl.col("list_id").is_null() | pl.col("schema").is_null(),
        source=SOURCE,
        file=FILE,
        needs="a name, a reference or a kind",
        dated="designationDate",
    )


def _party(element: Element) -> dict[str, Any]:
    names = children(element, "nameAlias")
    whole = [name.get("wholeName") for name in names if (name.get("wholeName") or "").strip()]
    regulations = children(element, "regulation")
    # of a party under several acts the first is the one that listed it
    listed = element.get("designationDate") or min(
        (one.get("publicationDate") or "9999" for one in regulations), default=None
    )
    programmes = {name for one in regulations if (name := one.get("programme"))}
    kinds = [one.get("code") for one in children(element, "subjectType")]
    return {
        "reference": element.get("euReferenceNumber") or element.get("logicalId"),
        "kind": kinds[0] if kinds else None,
        "name_original": whole[0] if whole else None,
        "listed": None if listed == "9999" else listed or None,
        "program": "; ".join(sorted(programmes)) or None,
        "position": next((one.get("function") for one in names if one.get("function")), None),
        "country": next(
            (
                one.get("countryDescription") or one.get("countryIso2Code")
                for one in children(element, "citizenship")
            ),
            None,
        ),
        "remarks": child_text(element, "remark"),
        "born": [
            text
            for one in children(element, "birthdate")
            if (text := (one.get("birthdate") or one.get("year") or ""))
        ],
        "passports": [
            text
            for one in children(element, "identification")
            if "passport" in (one.get("identificationTypeCode") or "").lower()
            and (text := one.get("number"))
        ],
    }


def _aliases(element: Element) -> list[dict[str, Any]]:
    names = [one for one in children(element, "nameAlias") if (one.get("wholeName") or "").strip()]
    return [
        {
            "alias_original": one.get("wholeName"),
            "kind": "weak" if one.get("strong") == "false" else "aka",
            "quality": None,
        }
        for one in names[1:]
    ]


def _addresses(element: Element) -> list[dict[str, Any]]:
    found = []
    for one in children(element, "address"):
        street = ", ".join(
            text for name in ("street", "poBox", "zipCode", "place") if (text := one.get(name))
        )
        country = one.get("countryDescription") or one.get("countryIso2Code") or None
        if street or one.get("city") or country:
            found.append(
                {
                    "address": street or None,
                    "city": one.get("city") or None,
                    "country": country,
                }
            )
    return found


def part_of(head: bytes) -> str | None:
    """The list's one file, or None of a file that is another's."""
    return "" if root_of(head) == "export" and b"generationDate" in head else None
