"""OFAC lists as XML: the plain form, and the advanced one with typed relations and listing dates.

Both are read record by record (the advanced file is above 100 MB) and brought into the cells of
the CSV set, so that one rule says what a bank, a ship number or a North Korea measure is.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import polars as pl

from pipelines.quarantine import SourceDrift
from pipelines.sources.listings import (
    ADDRESS_CELLS,
    ALIAS_CELLS,
    Edition,
    Listing,
    listing_of,
    parties_in,
)
from pipelines.sources.ofac.csv_read import (
    PARTY_CELLS,
    refuse_parties,
    typed_parties,
    with_remarks,
)
from pipelines.sources.xml_records import child_text, children, descendants, local_name, records

MAX_BYTES = 512 * 1024 * 1024
PLAIN_FILE = "sdn.xml"
ADVANCED_FILE = "sdn_advanced.xml"

_PARTY_SCHEMA = {"line": pl.Int64, **dict.fromkeys(PARTY_CELLS, pl.String), "listed_on": pl.Date}
_LINK_SCHEMA = {
    "line": pl.Int64,
    "source_list_id": pl.String,
    "target_list_id": pl.String,
    "target_name": pl.String,
    "relation": pl.String,
    "is_former": pl.Boolean,
    "remark_excerpt": pl.String,
}
_ALIAS_KIND = {"a.k.a.": "aka", "f.k.a.": "fka", "n.k.a.": "nka", "name": "aka"}

Rows = list[dict[str, Any]]


def _text(element: Element, name: str) -> str | None:
    text = child_text(element, name)
    return text.strip() if text else None


def _person_or_firm(last: str | None, first: str | None) -> str | None:
    """A name as the CSV set prints it: MUSTER, Max."""
    return ", ".join(part for part in (last, first) if part) or None


def _joined(parts: Iterable[str | None], separator: str = "; ") -> str | None:
    return separator.join(part for part in parts if part) or None


def parse_xml(
    content: bytes | Path, *, retrieved_at: dt.datetime, list_source: str = "ofac_sdn"
) -> Listing:
    """One edition from the plain XML (document element sdnList).

    Args:
        content: bytes, or the file.
        retrieved_at: aware (or naive UTC) instant of the retrieval.
        list_source: ofac_sdn or ofac_consolidated.

    Raises:
        SourceDrift: not this form, cut off, hostile XML, or fewer records than it announces.
    """
    published: dt.date | None = None
    announced: str | None = None

    def entries() -> Iterator[Element]:
        nonlocal published, announced
        for number, element in _read(
            content, {"sdnEntry", "publshInformation"}, "sdnList", list_source, PLAIN_FILE
        ):
            if number and local_name(element) == "sdnEntry":
                yield element
            elif number:
                published = _us_date(_text(element, "Publish_Date"))
                announced = _text(element, "Record_Count")

    parties, aliases, addresses = parties_in(
        entries(), _plain_party, _plain_aliases, _plain_addresses, key="list_id"
    )
    if announced and announced.isdigit() and int(announced) != len(parties):
        raise SourceDrift(
            f"{list_source}: {PLAIN_FILE} announces {announced} records and holds {len(parties)}; "
            "the download was cut off or joined: fetch it again"
        )
    edition = _edition(content, list_source, PLAIN_FILE, retrieved_at, published)
    return _listing(edition, parties, aliases, addresses)


def _plain_party(element: Element) -> dict[str, Any]:
    vessel = next(iter(children(element, "vesselInfo")), Element("vesselInfo"))
    numbers = [
        _joined((_text(one, "idType"), _text(one, "idNumber")), " ")
        for group in children(element, "idList")
        for one in children(group, "id")
    ]
    numbers += [
        f"DOB {born}"
        for group in children(element, "dateOfBirthList")
        for one in children(group, "dateOfBirthItem")
        if (born := _text(one, "dateOfBirth"))
    ]
    remarks = _text(element, "remarks")
    if remarks and remarks.startswith("(") and remarks.endswith(")"):
        remarks = remarks[1:-1]
    programs = [
        one.text.strip()
        for group in children(element, "programList")
        for one in children(group, "program")
        if one.text and one.text.strip()
    ]
    return {
        "list_id": _text(element, "uid"),
        "name_original": _person_or_firm(_text(element, "lastName"), _text(element, "firstName")),
        "kind": _text(element, "sdnType"),
        "programs": "] [".join(programs) or None,
        "title": _text(element, "title"),
        "call_sign": _text(vessel, "callSign"),
        "vessel_type": _text(vessel, "vesselType"),
        "tonnage": _text(vessel, "tonnage"),
        "grt": _text(vessel, "grossRegisteredTonnage"),
        "flag": _text(vessel, "vesselFlag"),
        "vessel_owner": _text(vessel, "vesselOwner"),
        "remarks": _joined((*numbers, remarks)),
    }


def _plain_aliases(element: Element) -> Rows:
    found = []
    for group in children(element, "akaList"):
        for one in children(group, "aka"):
            name = _person_or_firm(_text(one, "lastName"), _text(one, "firstName"))
            if name is None:
                continue
            kind = (_text(one, "type") or "a.k.a.").lower()
            found.append(
                {
                    "alias_original": name,
                    "kind": _ALIAS_KIND.get(kind, kind),
                    "quality": _text(one, "category"),
                }
            )
    return found


def _plain_addresses(element: Element) -> Rows:
    return [
        {
            "address": _joined(
                (
                    *(_text(one, f"address{number}") for number in (1, 2, 3)),
                    _text(one, "stateOrProvince"),
                    _text(one, "postalCode"),
                ),
                ", ",
            ),
            "city": _text(one, "city"),
            "country": _text(one, "country"),
        }
        for group in children(element, "addressList")
        for one in children(group, "address")
    ]


class _Advanced:
    """What of the advanced file must be held until its parties are put together."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], str] = {}
        self.party_type: dict[str, str] = {}
        self.places: dict[str, dict[str, str | None]] = {}
        self.documents: dict[str, list[str]] = {}
        self.programs: dict[str, list[str]] = {}
        self.listed: dict[str, dt.date] = {}
        self.parties: Rows = []
        self.aliases: Rows = []
        self.addresses: Rows = []
        self.links: Rows = []
        self.issued_on: dt.date | None = None

    def value(self, kind: str, number: str | None) -> str | None:
        return self.values.get((kind, number or ""))

    def take(self, element: Element) -> None:
        """One record, by its name."""
        match local_name(element):
            case "DateOfIssue":
                self.issued_on = _date_of(element)
            case "ReferenceValueSets":
                self._take_values(element)
            case "Location":
                self._take_place(element)
            case "IDRegDocument":
                kind = self.value("IDRegDocType", element.get("IDRegDocTypeID"))
                number = _text(element, "IDRegistrationNo")
                if number:
                    self.documents.setdefault(element.get("IdentityID", ""), []).append(
                        _joined((kind, number), " ") or number
                    )
            case "DistinctParty":
                self._take_party(element)
            case "ProfileRelationship":
                self.links.append(
                    {
                        "line": len(self.links) + 1,
                        "source_list_id": element.get("From-ProfileID"),
                        "target_list_id": element.get("To-ProfileID"),
                        "relation": _snake(
                            self.value("RelationType", element.get("RelationTypeID")) or "linked to"
                        ),
                        "is_former": element.get("Former", "false").lower() == "true",
                        "remark_excerpt": _text(element, "Comment"),
                    }
                )
            case "SanctionsEntry":
                self._take_entry(element)

    def _take_values(self, element: Element) -> None:
        for group in element:
            for one in group:
                name, number = local_name(one), one.get("ID")
                text = (one.text or "").strip() or one.get("Description")
                if number and text:
                    self.values[name, number] = text
                if name == "PartySubType" and number:
                    self.party_type[number] = one.get("PartyTypeID", "")
                if name == "AreaCode" and number and one.get("Description"):
                    self.values[name, number] = one.get("Description", "")

    def _take_place(self, element: Element) -> None:
        country = next(
            (
                self.value("Country", one.get("CountryID"))
                for one in children(element, "LocationCountry")
            ),
            None,
        ) or next(
            (
                self.value("AreaCode", one.get("AreaCodeID"))
                for one in children(element, "LocationAreaCode")
            ),
            None,
        )
        city, lines = None, []
        for part in children(element, "LocationPart"):
            value = next((_text(one, "Value") for one in children(part, "LocationPartValue")), None)
            if (self.value("LocPartType", part.get("LocPartTypeID")) or "").upper() == "CITY":
                city = value
            else:
                lines.append(value)
        self.places[element.get("ID", "")] = {
            "address": _joined(lines, ", "),
            "city": city,
            "country": None if country == "undetermined" else country,
        }

    def _take_party(self, element: Element) -> None:
        line = len(self.parties) + 1
        profile = next(iter(children(element, "Profile")), None)
        number = element.get("FixedRef") if profile is None else profile.get("ID")
        row: dict[str, Any] = {name: None for name in _PARTY_SCHEMA}
        row.update(line=line, list_id=number, remarks=_text(element, "Comment"))
        self.parties.append(row)
        if profile is None:
            return
        kind = profile.get("PartySubTypeID", "")
        told = self.value("PartySubType", kind)
        row["kind"] = (
            self.value("PartyType", self.party_type.get(kind)) if told == "Unknown" else told
        )
        details = [row["remarks"]]
        for identity in children(profile, "Identity"):
            self._take_names(line, row, identity)
            details += self.documents.get(identity.get("ID", ""), [])
        for feature in children(profile, "Feature"):
            self._take_feature(line, row, feature, details)
        row["remarks"] = _joined(details)

    def _take_names(self, line: int, row: dict[str, Any], identity: Element) -> None:
        parts = {
            one.get("ID"): self.value("NamePartType", one.get("NamePartTypeID"))
            for one in descendants(identity, "NamePartGroup")
        }
        for alias in children(identity, "Alias"):
            is_primary = alias.get("Primary", "false").lower() == "true"
            kind = (self.value("AliasType", alias.get("AliasTypeID")) or "a.k.a.").lower()
            for place, documented in enumerate(children(alias, "DocumentedName")):
                name = _documented_name(documented, parts)
                if name is None:
                    continue
                if is_primary and place == 0 and row["name_original"] is None:
                    row["name_original"] = name
                    continue
                self.aliases.append(
                    {
                        "line": line,
                        "list_id": row["list_id"],
                        "alias_original": name,
                        # a second form of one alias is the same name in another script
                        "kind": "original_script" if place else _ALIAS_KIND.get(kind, kind),
                        "quality": "weak"
                        if alias.get("LowQuality", "false").lower() == "true"
                        else None,
                    }
                )

    def _take_feature(
        self, line: int, row: dict[str, Any], feature: Element, details: list[str | None]
    ) -> None:
        kind = self.value("FeatureType", feature.get("FeatureTypeID")) or ""
        words = kind.strip().rstrip(":").lower()
        for version in children(feature, "FeatureVersion"):
            text = _text(version, "VersionDetail")
            places = [
                self.places[one.get("LocationID", "")]
                for one in children(version, "VersionLocation")
                if one.get("LocationID", "") in self.places
            ]
            if words == "vessel flag":
                row["flag"] = text or next((one["country"] for one in places), None)
            elif words == "location":
                self.addresses += [
                    {"line": line, "list_id": row["list_id"], **one} for one in places
                ]
            elif words == "birthdate":
                details += [f"DOB {born}" for born in (text or _period(version),) if born]
            elif words in _FEATURE_CELLS and text:
                row[_FEATURE_CELLS[words]] = row[_FEATURE_CELLS[words]] or text
            elif text:
                details.append(f"{kind} {text}")

    def _take_entry(self, element: Element) -> None:
        profile = element.get("ProfileID", "")
        for event in children(element, "EntryEvent"):
            for one in children(event, "Date"):
                day = _date_of(one)
                if day is not None:
                    self.listed[profile] = min(day, self.listed.get(profile, day))
        for measure in children(element, "SanctionsMeasure"):
            program = _text(measure, "Comment")
            kind = self.value("SanctionsType", measure.get("SanctionsTypeID"))
            if program and kind in (None, "Program"):
                known = self.programs.setdefault(profile, [])
                if program not in known:
                    known.append(program)


# features of the advanced form that have a cell of their own
_FEATURE_CELLS = {
    "vessel call sign": "call_sign",
    "vessel type": "vessel_type",
    "vessel tonnage": "tonnage",
    "vessel gross tonnage": "grt",
    "vessel gross registered tonnage": "grt",
    "vessel owner": "vessel_owner",
    "title": "title",
}


def _documented_name(documented: Element, parts: dict[str | None, str | None]) -> str | None:
    last: list[str] = []
    rest: list[str] = []
    for value in descendants(documented, "NamePartValue"):
        text = (value.text or "").strip()
        if text:
            kind = (parts.get(value.get("NamePartGroupID")) or "").lower()
            (last if kind == "last name" else rest).append(text)
    return _person_or_firm(" ".join(last), " ".join(rest))


def _snake(text: str) -> str:
    plain = "".join(mark if mark.isascii() and mark.isalnum() else "_" for mark in text.lower())
    return "_".join(part for part in plain.split("_") if part)[:60] or "linked_to"


def parse_advanced(
    content: bytes | Path, *, retrieved_at: dt.datetime, list_source: str = "ofac_sdn"
) -> Listing:
    """One edition from the advanced XML: typed relations and true listing dates.

    Args:
        content: bytes, or the file, which is read as a stream.
        retrieved_at: aware (or naive UTC) instant of the retrieval.
        list_source: ofac_sdn or ofac_consolidated.

    Raises:
        SourceDrift: not this form, cut off, or hostile XML.
    """
    held = _Advanced()
    for number, element in _read(
        content,
        {
            "DateOfIssue",
            "ReferenceValueSets",
            "Location",
            "IDRegDocument",
            "DistinctParty",
            "ProfileRelationship",
            "SanctionsEntry",
        },
        "Sanctions",
        list_source,
        ADVANCED_FILE,
    ):
        if number:
            held.take(element)
    missing = [
        name
        for name, there in (
            ("ReferenceValueSets", held.values),
            ("DistinctParty", held.parties),
            ("SanctionsEntry", held.programs),
        )
        if not there
    ]
    if missing:
        raise SourceDrift(
            f"{list_source}: {ADVANCED_FILE} has no {', '.join(missing)} with content; the form "
            "has changed or the download was cut off"
        )
    for row in held.parties:
        number = row["list_id"] or ""
        row["programs"] = "] [".join(held.programs.get(number, [])) or None
        row["listed_on"] = held.listed.get(number)
    names = {row["list_id"]: row["name_original"] for row in held.parties}
    for link in held.links:
        target = link["target_list_id"]
        link["target_name"] = names.get(target) or target
        link["target_list_id"] = target if target in names else None
    links = [one for one in held.links if one["source_list_id"] and one["target_name"]]
    if len(links) < len(held.links):
        raise SourceDrift(
            f"{list_source}: {ADVANCED_FILE} has relations without both ends "
            "(From-ProfileID, To-ProfileID); the form has changed"
        )
    edition = _edition(content, list_source, ADVANCED_FILE, retrieved_at, held.issued_on)
    return _listing(
        edition,
        held.parties,
        pl.DataFrame(held.aliases, schema=ALIAS_CELLS),
        pl.DataFrame(held.addresses, schema=ADDRESS_CELLS),
        pl.DataFrame(links, schema=_LINK_SCHEMA),
    )


def _read(
    content: bytes | Path, tags: set[str], root: str, source: str, file: str
) -> Iterable[tuple[int, Element]]:
    return records(content, tags, source=source, file=file, root=root, max_bytes=MAX_BYTES)


def _edition(
    content: bytes | Path,
    list_source: str,
    file: str,
    retrieved_at: dt.datetime,
    on: dt.date | None,
) -> Edition:
    if isinstance(content, bytes):
        mark = content
    else:
        with content.open("rb") as stream:
            mark = hashlib.file_digest(stream, "sha256").digest()
    return Edition.of(list_source, [mark], retrieved_at=retrieved_at, file=file, edition_on=on)


def _us_date(text: str | None) -> dt.date | None:
    try:
        return dt.datetime.strptime(text or "", "%m/%d/%Y").date()  # noqa: DTZ007 (a date)
    except ValueError:
        return None


def _period(version: Element) -> str | None:
    """A day as the CSV set prints it (12 Jan 1960), or the years of a span."""
    ends = [
        (_date_of(point), _text(point, "Year"))
        for period in children(version, "DatePeriod")
        for side in ("Start", "End")
        for bound in children(period, side)
        for name in ("From", "To")
        for point in children(bound, name)
    ]
    days = {day for day, _ in ends}
    if len(days) == 1 and (day := next(iter(days))) is not None:
        return f"{day:%d %b %Y}"
    return " to ".join(sorted({year for _, year in ends if year})) or None


def _date_of(element: Element) -> dt.date | None:
    try:
        return dt.date(*(int(_text(element, name) or "") for name in ("Year", "Month", "Day")))
    except (ValueError, TypeError, OverflowError):
        return None


def _listing(
    edition: Edition,
    parties: Rows,
    aliases: pl.DataFrame,
    addresses: pl.DataFrame,
    stated: pl.DataFrame | None = None,
) -> Listing:
    source, file = edition.list_source, edition.file
    if not parties:
        raise SourceDrift(
            f"{source}: {file} holds no party; the list is never empty: its form has changed or "
            "the download was cut off"
        )
    frame = pl.DataFrame(parties, schema=_PARTY_SCHEMA)
    typed, refused = refuse_parties(typed_parties(frame), source=source, file=file)
    listing = listing_of(
        edition,
        typed,
        aliases,
        addresses,
        refused=refused,
        rows_refused=frame.height - typed.height,
        parts=("alt", "add"),
    )
    return with_remarks(listing, stated)
