"""The live doors as their publishers' servers answer: moved pages, checksums, publications."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from pipelines.snapshots import SnapshotStore
from pipelines.sources.baci import read as baci
from pipelines.sources.http import BodyCutOff, Fetcher, Limits
from pipelines.sources.list_editions import LISTS, refresh_list
from pipelines.sources.ofac import csv_read as ofac
from pipelines.sources.ofac import read as official_ofac
from pipelines.sources.opensanctions import read as opensanctions
from pipelines.sources.pink_sheet import read as pink_sheet
from pipelines.sources.refresh import refresh_file
from tests.fixtures import listing_samples, samples
from tests.fixtures.source_server import SIGNATURE, Led, Reply, Trouble, serving

LIMITS = Limits(
    hosts=frozenset({"127.0.0.1", "localhost"}), attempts=2, backoff_s=0.01, min_interval_s=0
)
PAGE_LIMITS = replace(LIMITS, content_types=("text/html",))
BOOK = "/en/doc/0123456789abcdef-0050012027/related/CMO-Historical-Data-Monthly.xlsx"


def mocked(answer) -> Fetcher:
    return Fetcher(transport=httpx.MockTransport(answer), sleep=lambda _: None)


# --- OFAC


def test_the_allow_list_holds_the_service_and_its_store_and_no_other() -> None:
    assert ofac.LIMITS.hosts == {
        "sanctionslistservice.ofac.treas.gov",
        "wc2h-sls-prod-public-published.s3.us-gov-west-1.amazonaws.com",
    }


def test_a_file_from_the_signed_store_is_kept_without_its_signature(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    sdn = listing_samples.sdn_set()["sdn"]
    with serving(lambda path, query: (sdn, "text/csv"), Trouble.SIGNED_STORE) as server:
        refresh_file(
            store,
            "ofac_sdn",
            "x",
            lambda etag: official_ofac.ask(
                "ofac_sdn", Led(server=server.url, tight=LIMITS), "sdn", None, None
            ),
        )
    assert store.retrievals("ofac_sdn")[0].url.endswith("/SDN.CSV")
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(kept) == 2
    assert all(SIGNATURE.encode() not in path.read_bytes() for path in kept)


@pytest.mark.parametrize(("second", "stored"), [("p1", 4), ("p2", 0)])
def test_files_of_two_publications_are_not_one_edition(tmp_path: Path, second, stored) -> None:
    contents = listing_samples.sdn_set()
    publication = {"SDN.CSV": "p1", "ADD.CSV": second, "ALT.CSV": "p1", "SDN_COMMENTS.CSV": "p1"}
    names = {name: part for part, name in ofac.CSV_FILES.items()}

    def answer(request: httpx.Request) -> httpx.Response:
        name = request.url.path.rsplit("/", 1)[-1]
        if name not in names:
            return httpx.Response(404)
        return httpx.Response(
            200,
            content=contents[names[name]],
            headers={
                "Content-Type": "text/csv",
                "x-amz-meta-publication-id": publication[name],
            },
        )

    official = next(one for one in LISTS if one.source == "ofac_sdn")
    done = refresh_list(SnapshotStore(tmp_path), official, mocked(answer))
    assert done.stored == stored
    assert done.is_complete is bool(stored)
    assert ("2 publications" in done.outcome) is not bool(stored)


# --- Pink Sheet


@pytest.mark.parametrize(
    "link",
    [f'<a href="{BOOK}">', f"<a class=x href = 'https://thedocs.worldbank.org{BOOK}'>"],
)
def test_the_workbook_is_found_by_its_link_whole_or_relative(link) -> None:
    with serving(lambda path, query: (link.encode(), "text/html")) as server:
        found = pink_sheet.workbook_address(Led(server=server.url, tight=PAGE_LIMITS))
    assert found == (f"https://thedocs.worldbank.org{BOOK}", "")


@pytest.mark.parametrize("page", [Reply(403), (b"<a href='/elsewhere.xlsx'>", "text/html")])
def test_a_page_without_the_link_is_said_and_is_not_up_to_date(page, tmp_path) -> None:
    with serving(lambda path, query: page) as server:
        address, doubt = pink_sheet.workbook_address(Led(server=server.url, tight=PAGE_LIMITS))
    assert address == pink_sheet.URL
    assert "may be an older book" in doubt
    book = replace_answer(doubt)
    done = refresh_file(SnapshotStore(tmp_path), "pink_sheet", "CC", lambda etag: book)
    assert not done.is_complete
    assert "may be an older book" in done.outcome


def replace_answer(note: str):
    with serving(
        lambda path, query: (samples.pink_sheet_xlsx(), pink_sheet.LIMITS.content_types[0])
    ) as server:
        got = pink_sheet.fetch_pink_sheet(Led(server=server.url, tight=LIMITS))
    return replace(got, note=note)


# --- OpenSanctions


@pytest.mark.parametrize("is_right", [True, False])
def test_entities_are_held_against_the_checksum_of_their_index(is_right) -> None:
    checksum = hashlib.sha1(listing_samples.ENTITIES, usedforsecurity=False).hexdigest()
    index = {"resources": [{"name": "entities.ftm.json", "checksum": checksum}]}
    served = listing_samples.ENTITIES + (b"" if is_right else b"\n")

    def body(path: str, query: dict[str, str]) -> tuple[bytes, str]:
        is_index = path.endswith("index.json")
        return (json.dumps(index).encode() if is_index else served), "application/json"

    with serving(body) as server:
        ask = lambda: opensanctions.fetch(  # noqa: E731
            Led(server=server.url, tight=LIMITS), "us_nk_jointventures"
        )
        if is_right:
            assert ask().note == ""
        else:
            with pytest.raises(BodyCutOff, match="checksum"):
                ask()


def test_data_sets_bear_the_names_their_publisher_gives_them() -> None:
    assert "us_nkjv" not in opensanctions.DATASETS
    assert {"us_nk_jointventures", "us_fincen_special_measures", "kp_rusi_reports"} <= set(
        opensanctions.DATASETS
    )


# --- BACI


def test_a_zip_may_be_called_as_some_servers_call_it() -> None:
    limits = replace(baci.LIMITS, hosts=LIMITS.hosts)
    with serving(lambda path, query: (b"PK\x03\x04", "application/x-zip-compressed")) as server:
        answer = baci.fetch_baci(Led(server=server.url, tight=limits), "BACI_HS12_V202601.zip")
    assert answer.content == b"PK\x03\x04"
    assert answer.retrieved_at <= dt.datetime.now(dt.UTC)
