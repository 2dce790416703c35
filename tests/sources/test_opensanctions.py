"""FollowTheMoney lines: real ones kept, hostile ones refused one at a time."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pipelines.quarantine import SourceDrift
from pipelines.sources.listings import Listing
from pipelines.sources.opensanctions import read as opensanctions

AT = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)

SHIP = {
    "id": "ship-1",
    "schema": "Vessel",
    "caption": "EXAMPLE STAR",
    "properties": {
        "name": ["EXAMPLE STAR", "EXEMPLE STAR"],
        "imoNumber": ["IMO9074729"],
        "flag": ["kp"],
        "owner": ["firm-1"],
        "mmsi": ["445000001"],
    },
}
FIRM: dict[str, Any] = {
    "id": "firm-1",
    "schema": "Company",
    "caption": "Example Trust",
    "properties": {"name": ["Example Trust"], "topics": ["fin.bank"], "alias": ["ET"]},
}
MEASURE: dict[str, Any] = {
    "id": "measure-1",
    "schema": "Sanction",
    "properties": {"entity": ["ship-1"], "program": ["EU-PRK"], "listingDate": ["2018-03-30"]},
}
LINK = {
    "id": "link-1",
    "schema": "UnknownLink",
    "properties": {"subject": ["firm-1"], "object": ["ship-1"], "role": ["manager"]},
}
GOOD = [SHIP, FIRM, MEASURE, LINK]


def read(lines: Sequence[object]) -> Listing:
    text = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines)
    return opensanctions.parse(
        text.encode("utf-8", "surrogatepass"), retrieved_at=AT, dataset="example"
    )


def test_real_lines_are_all_kept(shared_dir: Path) -> None:
    content = (shared_dir / "real" / "ftm" / "donations.ijson").read_bytes()
    found = opensanctions.parse(content, retrieved_at=AT, dataset="donations")
    split = found.splits["opensanctions_donations"]
    assert (split.rows_in, split.kept.height, split.rows_quarantined) == (474, 474, 0)
    assert found.parties.height == 56 + 22 + 17
    assert found.links.filter(found.links["relation"] == "payment").height == 290


def test_ship_firm_measure_and_link() -> None:
    listing = read(GOOD)
    ship, firm = listing.parties.sort("list_id", descending=True).iter_rows(named=True)
    assert (ship["imo_number"], ship["imo_kind"], ship["imo_valid"]) == ("9074729", "ship", True)
    assert (ship["is_dprk"], ship["dprk_reason"]) == (True, "program")
    assert ship["listed_on"] == dt.date(2018, 3, 30)
    assert (firm["is_bank"], firm["bank_basis"]) == (True, "topic")
    links = listing.links.select("source_list_id", "target_list_id", "relation").rows()
    assert set(links) == {
        ("firm-1", "ship-1", "ownership"),
        ("firm-1", "ship-1", "unknown_link"),
    }
    assert set(listing.aliases["alias"]) == {"EXEMPLE STAR", "ET"}


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("{not json", "not_json"),
        ("[1, 2]", "not_an_entity"),
        ('{"id": 5, "schema": "Person", "properties": {}}', "not_an_entity"),
        ('{"id": "a", "schema": "Person", "properties": []}', "not_an_entity"),
        ('{"id": "a", "schema": "Dragon", "properties": {}}', "unknown_schema"),
        ('{"id": "a", "schema": "Person", "properties": {"name": ["\\ud800"]}}', "not_json"),
        ('{"id": "a", "schema": "Person", "properties": {"name": "no list"}}', "not_nullable"),
        ("[" * 50_000 + "]" * 50_000, "not_an_entity"),
        ('{"id": "a\ud800", "schema": "Person", "properties": {}}', "not_json"),
        ('{"id": "' + "x" * 5_000_000 + '"}', "line_too_long"),
        (
            '{"id": "a", "schema": "Person", "properties": {"name": ["a\\u202eb"]}}',
            "str_matches",
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_one_bad_line_is_refused_alone(line: str, rule: str) -> None:
    found = read([*GOOD, line])
    split = found.splits["opensanctions_example"]
    assert (split.rows_in, split.kept.height, split.rows_quarantined) == (5, 4, 1)
    assert split.quarantined["line"].to_list() == [5]
    assert split.quarantined["rule"][0].startswith(rule)


def test_mostly_bad_lines_stop_the_source() -> None:
    with pytest.raises(SourceDrift, match="first at line 1"):
        read(["{", "{", json.dumps(FIRM)])


def test_empty_file_stops_the_source() -> None:
    with pytest.raises(SourceDrift, match="is empty"):
        read([""])


def test_blocks_and_lines_do_not_depend_on_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read(GOOD)
    monkeypatch.setattr(opensanctions, "BLOCK_BYTES", 7)
    cut = read(GOOD)
    assert cut.parties.equals(whole.parties)
    assert cut.links.equals(whole.links)
