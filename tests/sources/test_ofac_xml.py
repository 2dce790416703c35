"""Plain and advanced XML give the same parties as the CSV set would, and more."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from pipelines.quarantine import SourceDrift
from pipelines.sources.ofac import xml_read as ofac_xml
from tests.fixtures.listing_samples import ADVANCED_XML, SDN_XML

AT = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
COLUMNS = ("list_id", "schema", "program", "imo_number", "mmsi", "call_sign", "is_dprk")
SHIP = ("103", "Vessel", "DPRK4", "9074729", "445000001", "ABCD", True)


def test_plain_form() -> None:
    listing = ofac_xml.parse_xml(SDN_XML, retrieved_at=AT)
    assert listing.edition.edition_on == dt.date(2026, 11, 20)
    rows = listing.parties.select(COLUMNS).rows()
    assert rows[0] == ("101", "Organization", "DPRK3; NPWMD", "5342883", None, None, True)
    assert rows[2] == SHIP
    assert listing.parties["name"].to_list()[1] == "MUSTER, Max"
    assert listing.links["target_name"].to_list() == ["EXAMPLE CREDIT BANK"]


def test_advanced_form_has_listing_dates_and_typed_relations() -> None:
    listing = ofac_xml.parse_advanced(ADVANCED_XML, retrieved_at=AT)
    assert listing.parties.select(COLUMNS).rows()[2] == SHIP
    assert listing.parties["listed_on"].to_list() == [
        dt.date(2017, 8, 22),
        dt.date(2018, 1, 24),
        dt.date(2018, 2, 23),
    ]
    (link,) = listing.links.iter_rows(named=True)
    assert (link["source_list_id"], link["target_list_id"]) == ("103", "101")
    assert (link["relation"], link["resolved_by"]) == ("owned_or_controlled_by", "identifier")
    assert link["is_dprk"]


def test_a_file_is_read_as_a_stream_with_the_same_result(tmp_path: Path) -> None:
    path = tmp_path / "sdn_advanced.xml"
    path.write_bytes(ADVANCED_XML)
    whole = ofac_xml.parse_advanced(ADVANCED_XML, retrieved_at=AT)
    streamed = ofac_xml.parse_advanced(path, retrieved_at=AT)
    assert streamed.parties.drop("list_edition").equals(whole.parties.drop("list_edition"))


def test_a_file_with_fewer_records_than_it_announces_stops() -> None:
    short = SDN_XML.replace(b"<Record_Count>3<", b"<Record_Count>4<")
    with pytest.raises(SourceDrift, match="announces 4 records and holds 3"):
        ofac_xml.parse_xml(short, retrieved_at=AT)


def test_a_renamed_element_stops_with_what_was_expected() -> None:
    renamed = ADVANCED_XML.replace(b"SanctionsEntry", b"SanctionEntry")
    with pytest.raises(SourceDrift, match="has no SanctionsEntry with content"):
        ofac_xml.parse_advanced(renamed, retrieved_at=AT)
