"""Contracts of the hand-kept network tables and of what is made from them."""

from __future__ import annotations

import datetime as dt

import pandera.polars as pa
import polars as pl

STAGES = ("asset", "broker", "front", "bank", "regime")
BANK_TIERS = (
    "global",
    "joint_stock",
    "city_commercial",
    "rural_commercial",
    "cooperative",
    "dprk_bank",
    "unknown",
)
# designated, charged, convicted, alleged and inferred are different things and stay apart
STATEMENT_KINDS = (
    "designated",
    "convicted",
    "charged",
    "forfeiture_complaint",
    "finding",
    "alleged",
    "reported",
    "reply",
    "inferred",
)
AUTHORITIES = (
    "OFAC",
    "UNSC",
    "EU",
    "ROK",
    "JPN",
    "UK",
    "DOJ",
    "US_COURT",
    "US_STATE",
    "US_CBP",
    "FinCEN",
    "UN_PoE",
    "MSMT",
    "PRC_GOV",
    "COMPANY",
    "PRESS",
    "MODEL",
)
# who may put a private person on the page: lists, courts and prosecutors, UN reports
PERSON_AUTHORITIES = (
    "OFAC",
    "UNSC",
    "EU",
    "ROK",
    "JPN",
    "UK",
    "DOJ",
    "US_COURT",
    "UN_PoE",
)
RELATIONS = (
    "agent",
    "associate",
    "cargo_shipper",
    "employee",
    "director",
    "parent",
    "payer",
    "front_for",
    "vessel_operator",
    "banked_by",
    "owner",
    "account_holder_at",
    "vessel_owner",
    "labor_employer",
    "labor_supplier",
    "family",
)
LINK_STREAMS = ("coal", "labor", "it_workers", "finance", "general")
_IDENTIFIER = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
PRECISIONS = ("day", "month", "year")
AMOUNT_HOLDS = ("mixed_goods", "part_of_another", "not_income", "undated", "no_stream")


class NetworkEntities(pa.DataFrameModel):
    """Parties named by an official statement. Grain: entity_id."""

    line: int = pa.Field(ge=2)
    entity_id: str = pa.Field(str_matches=_IDENTIFIER)
    schema_: str = pa.Field(
        alias="schema", isin=("Person", "Company", "Organization", "Vessel", "PublicBody")
    )
    is_bank: bool
    stage: str = pa.Field(isin=STAGES)
    name: str
    aliases: str = pa.Field(nullable=True)
    country_iso2: str = pa.Field(nullable=True, str_matches=r"^[A-Z]{2}$")
    city: str = pa.Field(nullable=True)
    imo_number: str = pa.Field(nullable=True, str_matches=r"^\d{7}$")
    registration_number: str = pa.Field(nullable=True)
    bic: str = pa.Field(nullable=True, str_matches=r"^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$")
    topics: str = pa.Field(nullable=True)
    bank_size_tier: str = pa.Field(nullable=True, isin=BANK_TIERS)
    total_assets_usd: float = pa.Field(nullable=True, gt=0)
    total_assets_on: dt.date = pa.Field(nullable=True)
    total_assets_source: str = pa.Field(nullable=True)
    note: str = pa.Field(nullable=True)

    class Config:
        strict = True
        unique = ["entity_id"]


class NetworkLinks(pa.DataFrameModel):
    """One relation between two parties. Grain: link_id.

    `money` says which way dollars run along the relation: with it (source to target), against
    it, or not at all (control, family, spending by the state).
    """

    line: int = pa.Field(ge=2)
    link_id: str = pa.Field(str_matches=_IDENTIFIER)
    source_id: str = pa.Field(str_matches=_IDENTIFIER)
    target_id: str = pa.Field(str_matches=_IDENTIFIER)
    relation: str = pa.Field(isin=RELATIONS)
    stream: str = pa.Field(isin=LINK_STREAMS)
    money: str = pa.Field(isin=("with", "against", "none"))
    start_on: dt.date = pa.Field(nullable=True)
    end_on: dt.date = pa.Field(nullable=True)
    note: str = pa.Field(nullable=True)

    class Config:
        strict = True
        unique = ["link_id"]


class NetworkStatements(pa.DataFrameModel):
    """Who says what about a party or a relation. Grain: statement_id."""

    line: int = pa.Field(ge=2)
    statement_id: str = pa.Field(str_matches=_IDENTIFIER)
    about: str = pa.Field(str_matches=_IDENTIFIER)
    kind: str = pa.Field(isin=STATEMENT_KINDS)
    authority: str = pa.Field(isin=AUTHORITIES)
    program: str = pa.Field(nullable=True)
    stated_on: dt.date
    stated_on_precision: str = pa.Field(isin=PRECISIONS)
    is_edition_date: bool
    document: str
    locator: str
    read_via: str = pa.Field(
        isin=("official_list", "official_text", "court_opinion", "repost", "press_account")
    )
    url: str = pa.Field(str_matches=r"^https?://[^\s\"'<>]+$")
    is_contested: bool
    note: str = pa.Field(nullable=True)

    class Config:
        strict = True
        unique = ["statement_id"]


class NetworkAmounts(pa.DataFrameModel):
    """One documented sum of dollars, placed once. Grain: amount_id.

    A `scheme_total` covers several parties or relations together: its split is not public and
    it is never added per relation.
    """

    line: int = pa.Field(ge=2)
    amount_id: str = pa.Field(str_matches=_IDENTIFIER)
    stream: str = pa.Field(isin=LINK_STREAMS)
    usd: float = pa.Field(gt=0)
    bound: str = pa.Field(isin=("exact", "about", "at_least", "at_most"))
    scope: str = pa.Field(isin=("link", "scheme_total"))
    measure: str = pa.Field(isin=("income", "processed", "forfeited", "blocked", "spending"))
    parties: str
    link_ids: str
    statement_id: str
    window_start_on: dt.date
    window_end_on: dt.date
    dated_by: str = pa.Field(isin=("window", "statement"))
    part_of: str = pa.Field(nullable=True)
    held_back: str = pa.Field(nullable=True, isin=AMOUNT_HOLDS)
    note: str = pa.Field(nullable=True)

    class Config:
        strict = True
        unique = ["amount_id"]


class NetworkCorrections(pa.DataFrameModel):
    """A cell set right, with the wrong value it expects to find. Grain: correction_id."""

    line: int = pa.Field(ge=2)
    correction_id: str = pa.Field(str_matches=_IDENTIFIER)
    table_name: str = pa.Field(isin=("entities", "links", "link_statements"))
    row_id: str
    column_name: str
    expected: str = pa.Field(nullable=True)
    corrected: str = pa.Field(nullable=True)
    corrected_on: dt.date
    reason: str
    source: str

    class Config:
        strict = True
        unique = ["correction_id"]


class EvidenceGrades(pa.DataFrameModel):
    """How far each class of statement is trusted to state a real relation. Grain: class."""

    line: int = pa.Field(ge=2)
    class_: str = pa.Field(alias="class")
    rank: int = pa.Field(ge=0, le=10)
    pairs: str = pa.Field(str_matches=r"^[a-z_]+:[A-Za-z_]+(;[a-z_]+:[A-Za-z_]+)*$")
    grade: float = pa.Field(gt=0, lt=1)
    grade_low: float = pa.Field(gt=0, lt=1)
    grade_high: float = pa.Field(gt=0, lt=1)
    basis: str
    source: str

    class Config:
        strict = True
        unique = ["class"]


class NetworkSettings(pa.DataFrameModel):
    """Judged settings of the network model, each with a range. Grain: name."""

    line: int = pa.Field(ge=2)
    name: str
    value: float
    low: float
    high: float
    unit: str
    basis: str
    source: str

    class Config:
        strict = True
        unique = ["name"]


class Replaceability(pa.DataFrameModel):
    """What share of a removed party's business comes back, and how fast. Grain: node_type."""

    line: int = pa.Field(ge=2)
    node_type: str
    share_low: float = pa.Field(ge=0, le=1)
    share: float = pa.Field(ge=0, le=1)
    share_high: float = pa.Field(ge=0, le=1)
    months_low: float = pa.Field(gt=0)
    months: float = pa.Field(gt=0)
    months_high: float = pa.Field(gt=0)
    basis: str
    source: str

    class Config:
        strict = True
        unique = ["node_type"]


class EntityDecisions(pa.DataFrameModel):
    """A reviewer's word on whether two parties are one. Grain: the pair.

    Deleting a row undoes it: merges are computed afresh from this file on every run.
    """

    line: int = pa.Field(ge=2)
    left_id: str
    right_id: str
    decision: str = pa.Field(isin=("same", "different", "unsure"))
    decided_by: str
    decided_on: dt.date
    reason: str

    class Config:
        strict = True
        unique = ["left_id", "right_id"]


class CampaignEvents(pa.DataFrameModel):
    """One dated event of the campaign or of the tests. Grain: event_id."""

    line: int = pa.Field(ge=2)
    event_id: str = pa.Field(str_matches=_IDENTIFIER)
    event_on: dt.date
    precision: str = pa.Field(isin=PRECISIONS)
    kind: str = pa.Field(
        isin=(
            "missile_test",
            "us_designation_round",
            "unsc_meeting",
            "un_joint_statement",
            "un_resolution",
            "enforcement_action",
            "satellite_launch",
            "summit",
            "nuclear_test",
            "ban_effective",
            "other_designation_round",
            "exercise",
        )
    )
    actor: str
    title: str
    quantity: str = pa.Field(nullable=True)
    is_tally: bool
    source: str
    url: str = pa.Field(str_startswith="http")
    note: str = pa.Field(nullable=True)

    class Config:
        strict = True
        unique = ["event_id"]


class MissileTestsYearly(pa.DataFrameModel):
    """One source's count for one year; sources disagree and all are kept. Grain: count_id."""

    line: int = pa.Field(ge=2)
    count_id: str
    year: int = pa.Field(ge=1984, le=2100)
    missiles: int = pa.Field(nullable=True, ge=0)
    launch_events: int = pa.Field(nullable=True, ge=0)
    source: str
    url: str = pa.Field(str_startswith="http")

    class Config:
        strict = True
        unique = ["count_id"]


class StatementEndorsers(pa.DataFrameModel):
    """One country at one joint statement. Grain: statement_id, country_iso3."""

    line: int = pa.Field(ge=2)
    statement_id: str
    statement_on: dt.date
    title: str
    country_iso3: str = pa.Field(str_matches=r"^[A-Z]{3}$|^EUU$")
    joined: str = pa.Field(isin=("true", "false", "unknown"))
    is_unsc_member_then: bool
    url: str = pa.Field(str_startswith="http")

    class Config:
        strict = True
        unique = ["statement_id", "country_iso3"]


def columns_of(contract: type[pa.DataFrameModel]) -> tuple[str, ...]:
    """The header an analyst types: every column of the contract but `line`."""
    return tuple(name for name in contract.to_schema().columns if name != "line")


# the network's own tables in the work database
STATEMENT_SCHEMA = {
    "statement_id": pl.String,
    "about": pl.String,
    "kind": pl.String,
    "authority": pl.String,
    "program": pl.String,
    "stated_on": pl.Date,
    "stated_on_precision": pl.String,
    "is_edition_date": pl.Boolean,
    "document": pl.String,
    "locator": pl.String,
    "read_via": pl.String,
    "url": pl.String,
    "is_contested": pl.Boolean,
    "note": pl.String,
}
