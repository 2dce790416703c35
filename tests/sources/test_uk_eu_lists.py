"""The UK list and the EU Commission's XML: read, hostile copies refused, doors patient."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from pipelines.quarantine import SourceDrift
from pipelines.snapshots import SnapshotStore
from pipelines.sources.eu_fsf import read as eu_fsf
from pipelines.sources.folders import HERE
from pipelines.sources.http import Limits
from pipelines.sources.list_editions import LISTS, refresh_list, stage_list
from pipelines.sources.uk_sanctions import read as uk
from pipelines.voices import LIST_VOICES
from tests.fixtures.source_server import Led, Trouble, serving

UK = (HERE / "uk_sanctions" / "sample.csv").read_bytes()
EU = (HERE / "eu_fsf" / "sample.xml").read_bytes()
AT = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)
LIMITS = Limits(hosts=frozenset({"127.0.0.1"}), attempts=6, backoff_s=0.01, min_interval_s=0)


# --- UK


def test_a_party_s_rows_are_one_party_with_its_names_and_addresses() -> None:
    listing = uk.parse(UK, retrieved_at=AT)
    assert listing.edition.edition_on == dt.date(2026, 9, 21)
    parties = listing.parties.select("list_id", "schema", "name", "is_dprk", "listed_on")
    assert parties.rows() == [
        ("DPRK0001", "Organization", "MADE-UP TRADING", True, dt.date(2017, 12, 6)),
        ("DPRK0002", "Vessel", "MADE-UP STAR", True, dt.date(2017, 10, 3)),
        ("RUS0003", "Person", "Jane DOE", False, dt.date(2022, 3, 1)),
    ]
    assert listing.aliases.select("list_id", "alias", "kind").rows() == [
        ("DPRK0001", "조작무역", "original_script"),
        ("DPRK0001", "MADE UP TRADE CO", "weak"),
    ]
    assert listing.addresses.select("list_id", "address", "country").rows() == [
        ("DPRK0001", "1 Street, X1", "North Korea"),
        ("DPRK0001", "2 Street", "China"),
    ]


def test_a_ship_has_its_number_checked_and_its_owner_found() -> None:
    listing = uk.parse(UK, retrieved_at=AT)
    ship = listing.parties.row(by_predicate=pl.col("list_id") == "DPRK0002", named=True)
    # 9074729 is a number whose check digit is right: 9·7+0·6+7·5+4·4+7·3+2·2 = 139
    assert (ship["imo_number"], ship["imo_kind"], ship["imo_valid"]) == ("9074729", "ship", True)
    assert listing.links.select("source_list_id", "target_list_id", "relation").rows() == [
        ("DPRK0002", "DPRK0001", "owner_or_operator")
    ]


def test_a_partial_birth_date_gives_its_year_alone() -> None:
    jane = uk.parse(UK, retrieved_at=AT).parties.filter(pl.col("list_id") == "RUS0003")
    assert jane.select("birth_dates", "passport_numbers").rows() == [("1970", "1234567")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (UK.split(b"\n", 1)[1], "expected 'Report Date"),
        (UK.replace(b"Regime Name", b"Regime"), "missing Regime Name"),
        (UK.replace(b",Ship,", b",Spaceship,"), "unknown Designation Type spaceship"),
        (b"<html>", "expected 'Report Date"),
    ],
)
def test_what_is_not_the_uk_list_stops(content, message) -> None:
    with pytest.raises(SourceDrift, match=message):
        uk.parse(content, retrieved_at=AT)


def test_bad_uk_rows_are_refused_alone_and_all_are_counted_for() -> None:
    # an unreadable day of one party, and a row without its id
    last = UK.rstrip(b"\n").rsplit(b"\n", 1)[1]
    more = b"\n".join(last.replace(b"RUS0003", one) for one in (b"RUS0004", b"RUS0005"))
    broken = UK.replace(b"03/10/2017", b"3 October").replace(b"RUS0003,3", b",3") + more + b"\n"
    split = uk.parse(broken, retrieved_at=AT).splits["uk_sanctions"]
    assert split.kept["list_id"].to_list() == ["DPRK0001", "RUS0004", "RUS0005"]
    assert split.rows_in == 5
    assert split.quarantined.select("line", "column").rows() == [
        (5, "Date Designated"),
        (6, "Unique ID"),
    ]


# --- EU


def test_the_commission_s_list_is_read_with_programmes_and_first_act() -> None:
    listing = eu_fsf.parse(EU, retrieved_at=AT)
    assert listing.edition.edition_on == dt.date(2026, 9, 30)
    found = listing.parties.select("list_id", "schema", "program", "listed_on", "is_dprk")
    assert found.rows() == [
        ("EU.1.1", "Organization", "PRK", dt.date(2016, 5, 20), True),
        ("EU.2.2", "Person", "PRK; SYR", dt.date(2018, 1, 2), True),
        ("EU.3.3", "Person", "UKR", dt.date(2022, 2, 28), False),
    ]
    bank, jane, _ = listing.parties.iter_rows(named=True)
    assert (bank["is_bank"], bank["country"]) == (True, "NORTH KOREA")
    assert (jane["birth_dates"], jane["passport_numbers"]) == ("1970-02-03", "123456789")
    assert listing.aliases.select("alias", "kind").rows() == [("MB", "weak")]
    assert listing.addresses.select("city", "country").rows() == [("Pyongyang", "NORTH KOREA")]


BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aa">]><export>&a;</export>'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (EU[:700], "not well-formed"),
        (BOMB, "document type or entities"),
        (EU.replace(b'"enterprise"', b'"robot"'), "unknown subjectType robot"),
        (EU.replace(b"wholeName", b"fullName"), "no nameAlias/wholeName"),
        (b"<export/>", "never empty"),
        (b"<other/>", "document of <other>"),
    ],
)
def test_what_is_not_the_eu_list_stops(content, message) -> None:
    with pytest.raises(SourceDrift, match=message):
        eu_fsf.parse(content, retrieved_at=AT)


def test_a_list_made_on_demand_is_waited_for_through_bursts_of_errors() -> None:
    assert eu_fsf.LIMITS.read_s >= 150
    assert eu_fsf.LIMITS.backoff_s >= 10
    with serving(lambda path, query: (EU, "text/xml"), Trouble.FAILING_TWICE) as server:
        answer = eu_fsf.fetch(Led(server=server.url, tight=LIMITS))
    assert answer.attempts == 3
    assert server.seen[0][1]["token"] == eu_fsf.PUBLIC_TOKEN


# --- both


@pytest.mark.parametrize(("source", "content"), [("uk_sanctions", UK), ("eu_fsf", EU)])
def test_they_are_official_lists_with_a_voice_and_editions_by_their_printed_day(
    tmp_path: Path, source, content
) -> None:
    assert source in LIST_VOICES
    official = next(one for one in LISTS if one.source == source)
    kind = "text/csv" if source == "uk_sanctions" else "text/xml"
    store = SnapshotStore(tmp_path)
    with serving(lambda path, query: (content, kind)) as server:
        asking = Led(server=server.url, tight=LIMITS)
        assert refresh_list(store, official, asking).stored == 1
    staged = stage_list(store, official)
    assert staged.listing is not None
    assert store.retrievals(source)[0].as_of == str(staged.listing.edition.edition_on)
