"""Contracts of the official lists: who is listed, under what names, where, linked to whom.

Every list comes in one shape. Names are Unicode NFC with single spaces; what the list printed
stays beside them in `*_original`. Nobody is dropped for not being of interest: `is_dprk` and
`dprk_reason` say whether a row belongs to the North Korea measures, and by what.
"""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

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
Instant = Annotated[pl.Datetime, "us", None]


class ListedParties(pa.DataFrameModel):
    """Who stands on a list. Grain: list_source, list_id."""

    line: int = pa.Field(ge=1)  # physical line, or number of the record in an XML file
    list_source: str = pa.Field(str_matches=_LIST_SOURCE)
    list_edition: str
    edition_on: pl.Date = pa.Field(nullable=True)  # date the list prints on itself
    retrieved_at: Instant
    list_id: str = pa.Field(str_length={"min_value": 1, "max_value": 200})
    schema: str = pa.Field(isin=PARTY_SCHEMATA)
    name: str = pa.Field(str_matches=_PRINTABLE, str_length={"max_value": 1_000})
    name_original: str
    country: str = pa.Field(nullable=True)  # as the list prints it
    program: str = pa.Field(nullable=True)  # several are parted by "; "
    position: str = pa.Field(nullable=True)
    listed_on: pl.Date = pa.Field(nullable=True)
    is_delisted: bool
    imo_number: str = pa.Field(str_matches=r"^\d{7}$", nullable=True)
    imo_kind: str = pa.Field(isin=IMO_KINDS, nullable=True)
    imo_valid: bool = pa.Field(nullable=True)  # check digit of that kind of number
    mmsi: str = pa.Field(str_matches=r"^\d{9}$", nullable=True)
    call_sign: str = pa.Field(nullable=True)
    vessel_type: str = pa.Field(nullable=True)
    flag: str = pa.Field(nullable=True)
    deadweight_t: float = pa.Field(ge=0, nullable=True)
    gross_tonnage: float = pa.Field(ge=0, nullable=True)
    vessel_owner: str = pa.Field(nullable=True)
    swift_bic: str = pa.Field(nullable=True)
    is_bank: bool
    bank_basis: str = pa.Field(isin=BANK_BASES, nullable=True)
    is_dprk: bool
    dprk_reason: str = pa.Field(isin=DPRK_REASONS, nullable=True)
    # ISO days, or bare years where the list prints no more; several are parted by ";"
    birth_dates: str = pa.Field(nullable=True, str_matches=_BIRTH_DATES)
    passport_numbers: str = pa.Field(nullable=True)  # digits alone; several are parted by ";"
    remarks: str = pa.Field(nullable=True)
    file: str

    class Config:
        strict = True
        unique = ["list_source", "list_id"]


class ListedAliases(pa.DataFrameModel):
    """Further names of listed parties. Grain: list_source, line, alias."""

    line: int = pa.Field(ge=1)
    list_source: str = pa.Field(str_matches=_LIST_SOURCE)
    list_edition: str
    list_id: str
    alias: str = pa.Field(str_matches=_PRINTABLE, str_length={"max_value": 1_000})
    alias_original: str
    kind: str = pa.Field(isin=ALIAS_KINDS)
    quality: str = pa.Field(nullable=True)

    class Config:
        strict = True


class ListedAddresses(pa.DataFrameModel):
    """Addresses of listed parties. Grain: list_source, line."""

    line: int = pa.Field(ge=1)
    list_source: str = pa.Field(str_matches=_LIST_SOURCE)
    list_edition: str
    list_id: str
    address: str = pa.Field(nullable=True)
    city: str = pa.Field(nullable=True)
    country: str = pa.Field(nullable=True)

    class Config:
        strict = True


class ListedLinks(pa.DataFrameModel):
    """Relations a list itself states. Grain: list_source, source_list_id, target_name, relation."""

    line: int = pa.Field(ge=1)
    list_source: str = pa.Field(str_matches=_LIST_SOURCE)
    list_edition: str
    source_list_id: str
    target_name: str
    target_list_id: str = pa.Field(nullable=True)
    resolved_by: str = pa.Field(isin=RESOLUTIONS, nullable=True)
    relation: str
    is_former: bool
    remark_excerpt: str = pa.Field(nullable=True)
    is_dprk: bool  # the party the remark stands on is of the North Korea measures

    class Config:
        strict = True


class ListingChanges(pa.DataFrameModel):
    """What one edition of a list changed against the one before.

    Grain: list_source, edition_after, list_id, column_name.
    """

    list_source: str
    list_id: str
    name: str
    change: str = pa.Field(isin=CHANGES)
    column_name: str = pa.Field(nullable=True)  # null for a whole row added or removed
    value_before: str = pa.Field(nullable=True)
    value_after: str = pa.Field(nullable=True)
    edition_before: str
    edition_after: str
    seen_at: Instant  # retrieval of the later edition
    is_dprk: bool

    class Config:
        strict = True
