"""The official lists as published: every row accounted for, the known counts found."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from pipelines.sources.eu_prk import read as eu
from pipelines.sources.listings import Listing
from pipelines.sources.ofac import csv_read as ofac
from pipelines.sources.un_sc import read as un_sc

AT = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def sdn(shared_dir: Path) -> Listing:
    folder = shared_dir / "real" / "ofac_2019_01"
    return ofac.parse_csv_set(
        (folder / "sdn.csv").read_bytes(),
        add=(folder / "add.csv").read_bytes(),
        alt=(folder / "alt.csv").read_bytes(),
        comments=(folder / "sdn_comments.csv").read_bytes(),
        retrieved_at=AT,
    )


@pytest.fixture(scope="module")
def un(shared_dir: Path) -> Listing:
    return un_sc.parse(
        (shared_dir / "real" / "un" / "consolidated_2026-02-27.xml").read_bytes(), retrieved_at=AT
    )


@pytest.fixture(scope="module")
def annexes(shared_dir: Path) -> Listing:
    return eu.parse((shared_dir / "real" / "eu" / "32017R1509.csv").read_bytes(), retrieved_at=AT)


@pytest.mark.parametrize("name", ["sdn", "un", "annexes"])
def test_every_row_is_kept_or_refused(name: str, request: pytest.FixtureRequest) -> None:
    listing: Listing = request.getfixturevalue(name)
    for split in listing.splits.values():
        assert split.rows_in == split.kept.height + split.quarantined["line"].n_unique()


def test_sdn_files_have_their_rows(sdn: Listing) -> None:
    rows = {source: (cut.rows_in, cut.rows_quarantined) for source, cut in sdn.splits.items()}
    # the overflow file at hand is of a later edition: ten of its parties are not on this list
    assert rows == {
        "ofac_sdn": (7_379, 0),
        "ofac_sdn_add": (11_696, 0),
        "ofac_sdn_alt": (9_682, 0),
        "ofac_sdn_comments": (13, 10),
    }


def test_sdn_dprk_rows_by_program_and_by_remark(sdn: Listing) -> None:
    dprk = sdn.parties.filter("is_dprk")
    assert dprk.height == 475
    assert dprk.filter(pl.col("dprk_reason") == "program").height == 388
    assert dprk.filter(pl.col("schema") == "Vessel").height == 101
    only_by_remark = dprk.filter(pl.col("dprk_reason") == "remarks")
    assert set(only_by_remark["program"]) == {"NPWMD"}


def test_sdn_vessels_of_the_dprk_measures_have_valid_ship_numbers(sdn: Listing) -> None:
    vessels = sdn.parties.filter("is_dprk", pl.col("schema") == "Vessel")
    assert vessels["imo_kind"].drop_nulls().unique().to_list() == ["ship"]
    assert vessels["imo_valid"].drop_nulls().all()
    assert vessels["mmsi"].null_count() == vessels.height


def test_sdn_dprk_links_all_resolve(sdn: Listing) -> None:
    links = sdn.links.filter("is_dprk")
    assert links.height == 157
    assert links["target_list_id"].null_count() == 0
    names = dict(sdn.parties.select("list_id", "name").iter_rows())
    whole = {row["target_name"] for row in links.iter_rows(named=True)}
    assert "DANDONG ZHICHENG METALLIC MATERIAL CO., LTD." in whole
    for target, listed in links.select("target_name", "target_list_id").iter_rows():
        assert names[listed].rstrip(".") == target.rstrip(".")


def test_sdn_remarks_go_on_in_the_overflow_file(sdn: Listing) -> None:
    (remarks,) = sdn.parties.filter(pl.col("list_id") == "12300")["remarks"]
    assert "PROMO RAIZ S.A.S." in remarks
    targets = sdn.links.filter(pl.col("source_list_id") == "12300")["target_name"].to_list()
    assert "GRUPO MUNDO MARINO, S.A." in targets


def test_sdn_banks_are_those_the_list_calls_banks(sdn: Listing) -> None:
    banks = sdn.parties.filter("is_dprk", "is_bank")
    assert banks.height == 24
    assert banks["bank_basis"].is_in(["swift_bic", "name"]).all()
    assert "FOREIGN TRADE BANK OF THE DEMOCRATIC PEOPLE'S REPUBLIC OF KOREA" in set(banks["name"])


def test_un_list_counts(un: Listing) -> None:
    kinds = un.parties.group_by("schema", "is_dprk").len().sort("schema", "is_dprk")
    assert kinds.rows() == [
        ("LegalEntity", False, 198),
        ("LegalEntity", True, 75),
        ("Person", False, 650),
        ("Person", True, 80),
    ]
    assert un.edition.edition_on == dt.date(2026, 2, 27)
    assert un.parties["listed_on"].null_count() == 0
    assert un.parties["list_id"].str.contains(r"\s").sum() == 0


def test_un_company_numbers_pass_as_company_numbers(un: Listing) -> None:
    numbered = un.parties.filter(pl.col("imo_number").is_not_null())
    assert numbered.height == 16
    assert numbered["imo_kind"].unique().to_list() == ["company"]
    assert numbered["imo_valid"].all()


def test_un_empty_alias_elements_are_no_aliases(un: Listing) -> None:
    assert un.aliases["alias"].null_count() == 0
    weihai = un.aliases.filter(pl.col("list_id") == "KPe.074")
    assert weihai.height == 0


def test_eu_counts(annexes: Listing) -> None:
    kinds = dict(annexes.parties.group_by("schema").len().iter_rows())
    assert kinds == {"Person": 157, "LegalEntity": 94, "Vessel": 75}
    vessels = annexes.parties.filter(pl.col("schema") == "Vessel")
    # the regulation itself says of one that its number does not exist
    assert vessels["imo_number"].null_count() == 1
    assert vessels["imo_valid"].drop_nulls().all()
    assert annexes.parties["listed_on"].max() == dt.date(2024, 12, 16)
    assert annexes.parties["listed_on"].null_count() == 1
