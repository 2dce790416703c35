"""Contracts of the official lists: who is listed, under what names, where, linked to whom.

Every list comes in one shape. Names are Unicode NFC with single spaces; what the list printed
stays beside them in `*_original`. Nobody is dropped for not being of interest: `is_dprk` and
`dprk_reason` say whether a row belongs to the North Korea measures, and by what.
"""

from __future__ import annotations

import polars as pl

from pipelines.schemas.table import Table, column, given, key
from pipelines.schemas.types import Instant

# FollowTheMoney schemata a listed party may have
PARTY_SCHEMATA = (
    "Person",
    "LegalEntity",
    "Organization",
    "Company",
    "PublicBody",
    "Vessel",
    "Airplane",
    "Vehicle",
    "Asset",
    "CryptoWallet",
    "BankAccount",
    "Security",
)
ORGANISATION_SCHEMATA = ("LegalEntity", "Organization", "Company", "PublicBody")
IMO_KINDS = ("ship", "company")
BANK_BASES = ("swift_bic", "name", "topic")
DPRK_REASONS = ("program", "remarks", "country", "list")
ALIAS_KINDS = ("aka", "fka", "nka", "weak", "original_script", "nickname")
RESOLUTIONS = ("identifier", "name", "name_and_program", "alias")
CHANGES = ("added", "removed", "changed")
# letters of any script; no control or bidirectional-override characters
_PRINTABLE = r"^[^\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]+$"
_BIRTH_DATES = r"^\d{4}(-\d\d-\d\d)?(;\d{4}(-\d\d-\d\d)?)*$"
_LIST_SOURCE = r"^[a-z][a-z0-9_]*$"


class ListedParties(Table, table="staged.listed_parties", source="the official list"):
    """Who stands on a list."""

    line: int = given("physical line, or number of the record in an XML file", ge=1)
    list_source: str = key(str_matches=_LIST_SOURCE)
    list_edition: str = given()
    edition_on: pl.Date = column("date the list prints on itself")
    retrieved_at: Instant = given()
    list_id: str = key(str_length={"min_value": 1, "max_value": 200})
    schema: str = given(isin=PARTY_SCHEMATA)
    name: str = given(str_matches=_PRINTABLE, str_length={"max_value": 1_000})
    name_original: str = given()
    country: str = column("as the list prints it")
    program: str = column("several are parted by '; '")
    position: str = column()
    listed_on: pl.Date = column()
    is_delisted: bool = given()
    imo_number: str = column(str_matches=r"^\d{7}$")
    imo_kind: str = column(isin=IMO_KINDS)
    imo_valid: bool = column("check digit of that kind of number")
    mmsi: str = column(str_matches=r"^\d{9}$")
    call_sign: str = column()
    vessel_type: str = column()
    flag: str = column()
    deadweight_t: float = column(ge=0)
    gross_tonnage: float = column(ge=0)
    vessel_owner: str = column()
    swift_bic: str = column()
    is_bank: bool = given()
    bank_basis: str = column(isin=BANK_BASES)
    is_dprk: bool = given()
    dprk_reason: str = column(isin=DPRK_REASONS)
    birth_dates: str = column(
        "ISO days, or bare years where the list prints no more; several are parted by ';'",
        str_matches=_BIRTH_DATES,
    )
    passport_numbers: str = column("digits alone; several are parted by ';'")
    remarks: str = column()
    file: str = given()


class ListedAliases(Table, table="staged.listed_aliases", source="the official list"):
    """Further names of listed parties. Grain: list_source, line, alias."""

    line: int = given(ge=1)
    list_source: str = given(str_matches=_LIST_SOURCE)
    list_edition: str = given()
    list_id: str = given()
    alias: str = given(str_matches=_PRINTABLE, str_length={"max_value": 1_000})
    alias_original: str = given()
    kind: str = given(isin=ALIAS_KINDS)
    quality: str = column()


class ListedAddresses(Table, table="staged.listed_addresses", source="the official list"):
    """Addresses of listed parties. Grain: list_source, line."""

    line: int = given(ge=1)
    list_source: str = given(str_matches=_LIST_SOURCE)
    list_edition: str = given()
    list_id: str = given()
    address: str = column()
    city: str = column()
    country: str = column()


class ListedLinks(Table, table="staged.listed_links", source="the official list"):
    """Relations a list itself states. Grain: list_source, source_list_id, target_name, relation."""

    line: int = given(ge=1)
    list_source: str = given(str_matches=_LIST_SOURCE)
    list_edition: str = given()
    source_list_id: str = given()
    target_name: str = given()
    target_list_id: str = column()
    resolved_by: str = column(isin=RESOLUTIONS)
    relation: str = given()
    is_former: bool = given()
    remark_excerpt: str = column()
    is_dprk: bool = given("the party the remark stands on is of the North Korea measures")


class ListingChanges(
    Table, table="staged.listing_changes", source="two editions of an official list"
):
    """What one edition of a list changed against the one before.

    Grain: list_source, edition_after, list_id, column_name.
    """

    list_source: str = given()
    list_id: str = given()
    name: str = given()
    change: str = given(isin=CHANGES)
    column_name: str = column("null for a whole row added or removed")
    value_before: str = column()
    value_after: str = column()
    edition_before: str = given()
    edition_after: str = given()
    seen_at: Instant = given()
    is_dprk: bool = given()
