"""Hostile and changed list files end in a named refusal, never in a crash or a silent loss."""

from __future__ import annotations

import datetime as dt
import tracemalloc
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.quarantine import SourceDrift
from pipelines.sources import xml_records
from pipelines.sources.eu_prk import read as eu
from pipelines.sources.listings import (
    Edition,
    Listing,
    empty_listing,
    imo_valid,
    nfc,
    resolve_links,
)
from pipelines.sources.ofac import csv_read as ofac
from pipelines.sources.ofac import xml_read as ofac_xml
from pipelines.sources.un_sc import read as un_sc
from tests.fixtures.listing_samples import (
    ADVANCED_XML,
    SDN_ROWS,
    SDN_XML,
    UN_XML,
    csv_of,
    eu_csv,
    sdn_set,
)

AT = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
Read = Callable[[bytes], Listing]
XML: dict[str, tuple[bytes, Read]] = {
    "un_sc": (UN_XML, lambda content: un_sc.parse(content, retrieved_at=AT)),
    "plain": (SDN_XML, lambda content: ofac_xml.parse_xml(content, retrieved_at=AT)),
    "advanced": (ADVANCED_XML, lambda content: ofac_xml.parse_advanced(content, retrieved_at=AT)),
}


def _with_doctype(content: bytes, doctype: bytes) -> bytes:
    end = content.index(b"?>") + 2
    return content[:end] + doctype + content[end:]


_LAUGHS = b"<!DOCTYPE x [<!ENTITY a 'ha'>" + b"".join(
    b"<!ENTITY %c '%s'>" % (place + 98, b"&%c;" % (place + 97) * 10) for place in range(9)
) + b"]>"  # fmt: skip


@pytest.mark.parametrize("form", XML)
@pytest.mark.parametrize(
    "doctype",
    [
        _LAUGHS,
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE x SYSTEM "http://192.0.2.1/x.dtd">',
        b'<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>',
    ],
    ids=["expansion", "external", "remote", "parameter"],
)
def test_document_types_and_entities_are_refused(form: str, doctype: bytes) -> None:
    content, read = XML[form]
    with pytest.raises(SourceDrift, match="document type or entities"):
        read(_with_doctype(content, doctype))


@pytest.mark.parametrize("form", XML)
def test_deep_nesting_is_refused(form: str) -> None:
    content, read = XML[form]
    close = content.rindex(b"</")
    with pytest.raises(SourceDrift, match="nests elements more than"):
        read(content[:close] + b"<a>" * 100_000)


@pytest.mark.parametrize("form", XML)
def test_another_document_is_refused_by_name(form: str) -> None:
    with pytest.raises(SourceDrift, match="is a document of <html>, expected"):
        XML[form][1](b"<html><body>Please log in</body></html>")


@pytest.mark.parametrize("form", XML)
@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"not xml", "UTF-16".encode("utf-16")])
def test_no_xml_at_all_is_refused(form: str, content: bytes) -> None:
    with pytest.raises(SourceDrift, match=r"not well-formed|not readable"):
        XML[form][1](content)


@pytest.mark.parametrize("form", XML)
def test_a_cut_off_file_is_refused_with_its_line(form: str) -> None:
    content, read = XML[form]
    with pytest.raises(SourceDrift, match=r"line \d+: not well-formed"):
        read(content[: len(content) * 2 // 3])


def test_a_record_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_records, "MAX_RECORD_ELEMENTS", 1_000)
    endless = UN_XML.replace(b"<COMMENTS1>Nobody.", b"<COMMENTS1>" + b"<b/>" * 2_000)
    with pytest.raises(SourceDrift, match="a record of more than 1000 elements"):
        un_sc.parse(endless, retrieved_at=AT)


def test_memory_does_not_grow_with_elements_outside_records() -> None:
    close = UN_XML.rindex(b"</CONSOLIDATED_LIST>")

    def peak(times: int) -> int:
        padded = UN_XML[:close] + b"<x><y/></x>" * times + UN_XML[close:]
        tracemalloc.start()
        un_sc.parse(padded, retrieved_at=AT)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found - 2 * len(padded)

    assert peak(40_000) < peak(4_000) + 2_000_000


def test_trailing_spaces_empty_aliases_and_zoned_dates() -> None:
    listing = un_sc.parse(UN_XML, retrieved_at=AT)
    assert listing.parties["list_id"].to_list() == ["KPi.901", "KPe.901", "IRe.901"]
    assert listing.parties["listed_on"].to_list()[1] == dt.date(2018, 3, 30)
    assert listing.aliases.select("list_id", "alias", "kind").rows() == [
        ("KPe.901", "OLD", "fka"),
        ("KPe.901", "OLDER", "fka"),
    ]


def test_a_new_kind_of_party_is_refused_not_guessed() -> None:
    rows = (*SDN_ROWS, SDN_ROWS[2].replace('"vessel"', '"submarine"').replace("103,", "107,"))
    listing = ofac.parse_csv_set(csv_of(rows), retrieved_at=AT)
    (refused,) = listing.splits["ofac_sdn"].quarantined.iter_rows(named=True)
    assert (refused["line"], refused["column"], refused["value"]) == (6, "schema", "submarine")


_CAFE = '"CAFÉ OTHER, S.A."'.encode("cp1252")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace(b'"CUBA",', b""), "11 cells where 12 are expected"),
        (lambda text: text.replace(b"105,", b"ent_num,"), "party's number"),
        (lambda text: text.replace(_CAFE, b"-0- "), "without a name"),
    ],
    ids=["narrow", "header", "nameless"],
)  # fmt: skip
def test_one_odd_row_is_refused_with_its_reason(
    change: Callable[[bytes], bytes], told: str
) -> None:
    split = ofac.parse_csv_set(change(csv_of(SDN_ROWS)), retrieved_at=AT).splits["ofac_sdn"]
    assert (split.rows_in, split.kept.height) == (5, 4)
    assert told in split.quarantined["reason"][0]
    assert split.quarantined["line"].to_list() == [5]


def test_a_new_column_stops_the_list_with_expected_and_found() -> None:
    wider = tuple(f"{row},new" for row in SDN_ROWS)
    with pytest.raises(SourceDrift, match=r"13 cells where 12 are expected.*5 of 5 rows"):
        ofac.parse_csv_set(csv_of(wider), retrieved_at=AT)


def test_renamed_missing_and_new_eu_columns_are_shown() -> None:
    columns = [{"imoNumber": "imo"}.get(name, name) for name in eu.COLUMNS] + ["extra"]
    with pytest.raises(SourceDrift, match=r"missing: imoNumber; not expected: 'imo', 'extra'"):
        eu.parse(eu_csv(columns), retrieved_at=AT)


def test_another_regulation_and_a_bad_date_are_told() -> None:
    content = eu_csv(eu.COLUMNS)
    with pytest.raises(SourceDrift, match="expected '32017R1509'"):
        eu.parse(content.replace(b"32017R1509", b"32014R0833"), retrieved_at=AT)
    split = eu.parse(content.replace(b"5.8.2017", b"2017/8/5"), retrieved_at=AT).splits["eu_prk"]
    assert (split.rows_in, split.kept.height) == (3, 2)
    assert "not a date as D.M.YYYY" in split.quarantined["reason"][0]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfe1\x00", "UTF-16"),
        (b'101,"\x81\x8d"\n', r"line 1: not UTF-8 and not CP1252 \(byte 0x81\)"),
        (b'101,"no end\n', "not readable as CSV"),
        (b'1,"' + b"x" * 200_000 + b'"\n', "line 1: the row has 2 cells where 12 are expected"),
    ],
    ids=["utf16", "undefined", "open quote", "huge cell"],
)
def test_unreadable_bytes_are_told_with_their_place(content: bytes, told: str) -> None:
    with pytest.raises(SourceDrift, match=told):
        ofac.parse_csv_set(content, retrieved_at=AT)


_WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters='\x00"', exclude_categories=("Cs",)),
    max_size=30,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(_WORDS, _WORDS), max_size=6, min_size=1))
def test_whatever_names_say_every_row_is_kept_or_refused(pairs: list[tuple[str, str]]) -> None:
    rows = "\n".join(
        f'{number},"{name}",-0- ,"DPRK",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"{remark}"'
        for number, (name, remark) in enumerate(pairs, start=1)
    )
    try:
        split = ofac.parse_csv_set(rows.encode(), retrieved_at=AT).splits["ofac_sdn"]
    except SourceDrift:
        return  # most of the names were empty or unprintable
    assert split.rows_in == len(pairs)
    assert split.rows_in == split.kept.height + split.quarantined["line"].n_unique()
    assert split.kept["name"].str.contains(r"[\x00-\x1f\u202e]").sum() == 0
    assert split.kept["name"].equals(split.kept["name"].str.normalize("NFC"))


@given(st.text(max_size=40))
def test_nfc_is_stable(text: str) -> None:
    frame = pl.DataFrame({"a": [text]}, schema={"a": pl.String})
    once = frame.select(nfc("a"))
    assert once.select(nfc("a")).equals(once)


@given(st.integers(0, 999_999), st.sampled_from(["ship", "company"]))
def test_one_last_digit_is_the_check_digit(stem: int, kind: str) -> None:
    numbers = [f"{stem:06d}{digit}" for digit in range(10)]
    frame = pl.DataFrame({"number": numbers, "kind": [kind] * 10})
    assert frame.select(imo_valid("number", "kind")).to_series().sum() == 1


@pytest.mark.parametrize(
    ("number", "kind", "is_valid"),
    [
        ("9074729", "ship", True),
        ("9074728", "ship", False),
        ("5342883", "company", True),
        ("5342883", "ship", False),
        ("123", "ship", None),
        (None, "ship", None),
    ],
)
def test_check_digits_worked_out_by_hand(
    number: str | None, kind: str, is_valid: bool | None
) -> None:
    frame = pl.DataFrame(
        {"number": [number], "kind": [kind]}, schema_overrides={"number": pl.String}
    )
    assert frame.select(imo_valid("number", "kind")).item() == is_valid


def test_names_that_end_in_a_full_stop_and_names_shared_by_two() -> None:
    edition = Edition.of("test", [b""], retrieved_at=AT, file="x")
    parties = pl.DataFrame(
        {
            "list_id": ["1", "2", "3", "4", "5"],
            "name": ["A CO., LTD.", "BUREAU", "MINISTRY", "MINISTRY", "FROM"],
            "program": ["DPRK3", "DPRK3", "DPRK3", "RUSSIA", "DPRK3"],
            "is_dprk": [True] * 5,
        }
    )
    texts = ["A CO., LTD.", "BUREAU.", "MINISTRY.", "NOBODY.", "A CO., LTD.."]
    links = pl.DataFrame(
        {
            "line": [1] * 5,
            "source_list_id": ["5"] * 5,
            "target_name": texts,
            "relation": ["linked_to"] * 5,
            "is_former": [False] * 5,
            "remark_excerpt": texts,
        }
    )
    found = resolve_links(links, parties, empty_listing(edition).aliases, edition)
    assert found["target_list_id"].to_list() == ["1", "2", "3", None, "1"]
    assert found["resolved_by"].to_list() == ["name", "name", "name_and_program", None, "name"]


def test_the_overflow_joins_without_a_space_and_the_end_mark_is_no_row() -> None:
    listing = ofac.parse_csv_set(**_set(), retrieved_at=AT)
    remarks = listing.parties.filter(pl.col("list_id") == "102")["remarks"][0]
    assert remarks.endswith("LTD.; nationality Korea, North.")
    assert listing.splits["ofac_sdn"].rows_in == 5
    assert listing.parties["name"].to_list()[4] == "CAFÉ OTHER, S.A."


def _set() -> dict[str, Any]:
    return sdn_set()
