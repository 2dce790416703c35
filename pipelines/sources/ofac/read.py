"""The lists of the US Office of Foreign Assets Control, in whichever of three forms they come."""

from __future__ import annotations

import datetime as dt

from pipelines.quarantine import Split
from pipelines.sources.http import Answer, Fetcher
from pipelines.sources.listings import Listing
from pipelines.sources.ofac import csv_read
from pipelines.sources.ofac.xml_read import parse_advanced, parse_xml
from pipelines.sources.recognise import root_of

CSV_SETS = {"ofac_sdn": csv_read.CSV_FILES, "ofac_consolidated": csv_read.CONSOLIDATED_FILES}
_ROOTS = {"Sanctions": "advanced", "sdnList": "xml"}


def forms(source: str) -> tuple[tuple[str, ...], ...]:
    """Ways a list comes, best first."""
    return (("advanced",), tuple(CSV_SETS[source]), ("xml",))


def listing(source: str, contents: dict[str, bytes], at: dt.datetime) -> Listing:
    """One edition in the best form at hand."""
    if "advanced" in contents:
        return parse_advanced(contents["advanced"], retrieved_at=at, list_source=source)
    if "xml" in contents:
        return parse_xml(contents["xml"], retrieved_at=at, list_source=source)
    return csv_read.parse_csv_set(
        contents["sdn"],
        add=contents.get("add"),
        alt=contents.get("alt"),
        comments=contents.get("comments"),
        retrieved_at=at,
        list_source=source,
    )


def ask(
    source: str, fetcher: Fetcher, part: str, etag: str | None, last_modified: str | None
) -> Answer:
    """One file of a form."""
    csv, xml = CSV_SETS[source], csv_read.XML_FILES[source]
    name = csv[part] if part in csv else xml[part]
    return fetcher.get(
        csv_read.BASE_URL + name,
        csv_read.LIMITS,
        source=source,
        etag=etag,
        last_modified=last_modified,
    )


def part_of(head: bytes) -> str | None:
    """Which file of which form, from its first bytes."""
    return _ROOTS.get(root_of(head)) or csv_read.part_of(head)


def list_named(file: str) -> str:
    """Which list a dropped file is of: both have one form, only the name tells."""
    return "ofac_consolidated" if "cons" in file.lower() else "ofac_sdn"


def check(source: str, part: str, content: bytes, file: str, at: dt.datetime) -> Split:
    """A dropped file by itself; a further file of the CSV set has no party of its own."""
    if part in csv_read.CSV_FILES:
        return csv_read.check_part(content, part, file=file)
    return listing(source, {part: content}, at).splits[source]
