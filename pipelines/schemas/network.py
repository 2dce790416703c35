"""Contracts of the hand-kept network tables and of what is made from them."""

from __future__ import annotations

import datetime as dt

import pandera.polars as pa
import polars as pl

from pipelines.paths import stream_folders

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
    "identified",
    "blocked_by_order",
    "finding",
    "proposed_rule",
    "final_rule",
    "charged",
    "convicted",
    "sentenced",
    "forfeiture_complaint",
    "forfeited",
    "warrant",
    "subpoenaed",
    "record_holder",
    "alleged",
    "reported",
    "own_statement",
    "refused",
    "denied",
    "reply",
    "inferred",
)
# what the party itself says, or did not do: no statement that a relation exists
ASSERTS_NOTHING = ("refused", "denied", "reply", "inferred")
# served on a bank or a holder of records: no finding against them
NO_FINDING = (
    "warrant",
    "subpoenaed",
    "record_holder",
    "refused",
    "own_statement",
    "reply",
    "denied",
)
# what the law did; the others say something
LEGAL_KINDS = (
    "designated",
    "identified",
    "blocked_by_order",
    "finding",
    "proposed_rule",
    "final_rule",
    "charged",
    "convicted",
    "sentenced",
    "forfeiture_complaint",
    "forfeited",
    "warrant",
    "subpoenaed",
)
ENDINGS = ("repealed", "withdrawn", "dismissed", "delisted", "superseded")
AUTHORITIES = (
    "OFAC",
    "UNSC",
    "EU",
    "ROK",
    "JPN",
    "UK",
    "DOJ",
    "US_COURT",
    "US_PRESIDENT",
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
# agencies of one government speak from one file: on one day they are one witness
GOVERNMENT_OF = {
    "OFAC": "US",
    "DOJ": "US",
    "US_COURT": "US",
    "US_PRESIDENT": "US",
    "US_STATE": "US",
    "US_CBP": "US",
    "FinCEN": "US",
}
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
    "clears",
    "owner",
    "account_holder_at",
    "vessel_owner",
    "labor_employer",
    "labor_supplier",
    "family",
)
RELATION_TYPES = (
    "pays",
    "clears",
    "holds_account",
    "banks",
    "owns",
    "controls",
    "directs",
    "employs",
    "ships",
    "brokers",
    "agent_of",
    "tied_to",
)
LINK_STREAMS = (*stream_folders(), "finance", "general")
_IDENTIFIER = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
_ADDRESS = r"^https?://[^\s\"'<>]+$"
PRECISIONS = ("day", "month", "year")
AMOUNT_HOLDS = (
    "mixed_goods",
    "part_of_another",
    "not_income",
    "undated",
    "no_stream",
    "replaced",
)


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
    public_on: dt.date = pa.Field(nullable=True)  # where later than stated_on: sealed until then
    is_edition_date: bool
    document: str
    locator: str
    read_via: str = pa.Field(
        isin=("official_list", "official_text", "court_opinion", "repost", "press_account")
    )
    url: str = pa.Field(str_matches=_ADDRESS)
    is_contested: bool
    note: str = pa.Field(nullable=True)

    class Config:
        strict = True
        unique = ["statement_id"]


class NetworkStatusEnds(pa.DataFrameModel):
    """When and by what a statement's legal effect ended. Grain: end_id."""

    line: int = pa.Field(ge=2)
    end_id: str = pa.Field(str_matches=_IDENTIFIER)
    statement_id: str = pa.Field(str_matches=_IDENTIFIER)
    ended_on: dt.date
    ended_on_precision: str = pa.Field(isin=PRECISIONS)
    ended_by: str = pa.Field(isin=ENDINGS)
    authority: str = pa.Field(isin=AUTHORITIES)
    document: str
    locator: str
    url: str = pa.Field(str_matches=_ADDRESS)
    note: str = pa.Field(nullable=True)

    class Config:
        strict = True
        unique = ["end_id"]


class RelationTypes(pa.DataFrameModel):
    """What kind of relation a word names, and whether money may run along it. Grain: relation."""

    line: int = pa.Field(ge=2)
    relation: str = pa.Field(isin=RELATIONS)
    relation_type: str = pa.Field(isin=RELATION_TYPES)
    may_carry_money: bool
    is_channel: bool
    reading: str

    class Config:
        strict = True
        unique = ["relation"]


class NetworkHeadcounts(pa.DataFrameModel):
    """Workers that a statement counts at one employer. Grain: headcount_id.

    A stock: it speaks for every calendar year its window touches.
    """

    line: int = pa.Field(ge=2)
    headcount_id: str = pa.Field(str_matches=_IDENTIFIER)
    employer_id: str = pa.Field(str_matches=_IDENTIFIER)
    host_iso3: str = pa.Field(str_matches=r"^[A-Z]{3}$")
    workers_low: float = pa.Field(gt=0)
    workers: float = pa.Field(gt=0)
    workers_high: float = pa.Field(gt=0)
    bound: str = pa.Field(isin=("exact", "about", "at_least", "at_most"))
    window_start_on: dt.date
    window_end_on: dt.date
    statement_id: str = pa.Field(str_matches=_IDENTIFIER)
    pay_to_dprk_side_per_month: str = pa.Field(nullable=True)
    pay_currency: str = pa.Field(nullable=True, str_matches=r"^[A-Z]{3}$")
    pay_kept_by_worker_per_month: str = pa.Field(nullable=True)
    note: str = pa.Field(nullable=True)

    class Config:
        strict = True
        unique = ["headcount_id"]


class NetworkBankNotes(pa.DataFrameModel):
    """What a document says of banks other than a sum: a share, or how many. Grain: note_id."""

    line: int = pa.Field(ge=2)
    note_id: str = pa.Field(str_matches=_IDENTIFIER)
    bank_id: str = pa.Field(nullable=True, str_matches=_IDENTIFIER)
    n_banks: int = pa.Field(nullable=True, gt=0)
    bound: str = pa.Field(isin=("exact", "about", "at_least", "at_most"))
    share: float = pa.Field(nullable=True, gt=0, le=1)
    share_of: str = pa.Field(nullable=True)
    first_year: int = pa.Field(nullable=True)
    last_year: int = pa.Field(nullable=True)
    authority: str = pa.Field(isin=AUTHORITIES)
    document: str
    locator: str
    stated_on: dt.date
    url: str = pa.Field(str_matches=_ADDRESS)
    note: str = pa.Field(nullable=True)

    class Config:
        strict = True
        unique = ["note_id"]


class NetworkAmounts(pa.DataFrameModel):
    """One documented sum of dollars, placed once. Grain: amount_id.

    A `scheme_total` covers several parties or relations together: its split is not public and
    it is never added per relation. A `bank_total` is the size of a bank's own business, other
    customers included: no sum of North Korea's.
    """

    line: int = pa.Field(ge=2)
    amount_id: str = pa.Field(str_matches=_IDENTIFIER)
    stream: str = pa.Field(isin=LINK_STREAMS)
    usd: float = pa.Field(gt=0)
    bound: str = pa.Field(isin=("exact", "about", "at_least", "at_most"))
    scope: str = pa.Field(isin=("link", "scheme_total", "bank_total"))
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


# table named in a correction → (hand-kept file, its key; columns of a joint key parted by /)
CORRECTED = {
    "entities": ("network_entities", "entity_id"),
    "links": ("network_links", "link_id"),
    "link_statements": ("network_statements", "statement_id"),
    "amounts": ("network_amounts", "amount_id"),
    "status_ends": ("network_status_ends", "end_id"),
    "headcounts": ("network_headcounts", "headcount_id"),
    "bank_notes": ("network_bank_notes", "note_id"),
    "campaign_events": ("campaign_events", "event_id"),
    "missile_tests_yearly": ("missile_tests_yearly", "count_id"),
    "statement_endorsers": ("un_statement_endorsers", "statement_id/country_iso3"),
    "entity_decisions": ("entity_decisions", "left_id/right_id"),
    "evidence_grades": ("evidence_grades", "class"),
    "network_settings": ("network_settings", "name"),
    "replaceability": ("replaceability", "node_type"),
    "relation_types": ("relation_types", "relation"),
}


CORRECTABLE = frozenset(file for file, _ in CORRECTED.values())


class StreamEras(pa.DataFrameModel):
    """When the trade of a stream was banned. Grain: stream."""

    line: int = pa.Field(ge=2)
    stream: str = pa.Field(isin=LINK_STREAMS)
    first_day: dt.date
    era: str
    document: str
    url: str = pa.Field(str_matches=_ADDRESS)

    class Config:
        strict = True
        unique = ["stream"]


class ActDays(pa.DataFrameModel):
    """Past days on which the choice of acts is tested. Grain: as_of."""

    line: int = pa.Field(ge=2)
    as_of: dt.date
    why: str

    class Config:
        strict = True
        unique = ["as_of"]


class NetworkCorrections(pa.DataFrameModel):
    """A cell set right, with the wrong value it expects to find. Grain: correction_id."""

    line: int = pa.Field(ge=2)
    correction_id: str = pa.Field(str_matches=_IDENTIFIER)
    table_name: str = pa.Field(isin=tuple(CORRECTED))
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
    parties_announced: int = pa.Field(nullable=True, ge=0)
    vessels_announced: int = pa.Field(nullable=True, ge=0)
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
    kind: str = pa.Field(isin=("us_led", "elected_ten", "joint", "not_un"))
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
    "public_on": pl.Date,
    "is_edition_date": pl.Boolean,
    "document": pl.String,
    "locator": pl.String,
    "read_via": pl.String,
    "url": pl.String,
    "is_contested": pl.Boolean,
    "note": pl.String,
}
