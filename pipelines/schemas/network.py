"""Contracts of the hand-kept network tables and of what is made from them."""

from __future__ import annotations

import datetime as dt

from pipelines.paths import stream_folders
from pipelines.schemas.table import (
    HandKept,
    Quantiles,
    Table,
    address_of,
    column,
    given,
    key,
    quantiles,
)

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
# designated, charged, convicted, alleged and inferred are different things and stay apart
STATEMENT_KINDS = (
    *LEGAL_KINDS,
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
ENDINGS = ("repealed", "withdrawn", "dismissed", "delisted", "superseded")
# lists, courts and prosecutors
_LISTS_AND_COURTS = ("OFAC", "UNSC", "EU", "ROK", "JPN", "UK", "DOJ", "US_COURT")
AUTHORITIES = (
    *_LISTS_AND_COURTS,
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
GOVERNMENT_OF = dict.fromkeys(
    ("OFAC", "DOJ", "US_COURT", "US_PRESIDENT", "US_STATE", "US_CBP", "FinCEN"), "US"
)
# who may put a private person on the page: lists, courts and prosecutors, UN reports
PERSON_AUTHORITIES = (*_LISTS_AND_COURTS, "UN_PoE")
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


class StagedNetworkEntities(
    HandKept, table="staged.network_entities", source="network_entities.csv"
):
    """Parties named by an official statement."""

    entity_id: str = key(str_matches=_IDENTIFIER)
    schema_: str = given(
        alias="schema", isin=("Person", "Company", "Organization", "Vessel", "PublicBody")
    )
    is_bank: bool = given()
    stage: str = given(isin=STAGES)
    name: str = given()
    aliases: str = column()
    country_iso2: str = column(str_matches=r"^[A-Z]{2}$")
    city: str = column()
    imo_number: str = column(str_matches=r"^\d{7}$")
    registration_number: str = column()
    bic: str = column(str_matches=r"^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$")
    topics: str = column()
    bank_size_tier: str = column(isin=BANK_TIERS)
    total_assets_usd: float = column(gt=0)
    total_assets_on: dt.date = column()
    total_assets_source: str = column()
    note: str = column()


class _Link(Table):
    link_id: str = key(str_matches=_IDENTIFIER)
    source_id: str = given(str_matches=_IDENTIFIER)
    target_id: str = given(str_matches=_IDENTIFIER)
    relation: str = given(isin=RELATIONS)
    stream: str = given(isin=LINK_STREAMS)
    money: str = given(isin=("with", "against", "none"))
    start_on: dt.date = column()
    end_on: dt.date = column()
    note: str = column()


class StagedNetworkLinks(HandKept, _Link, table="staged.network_links", source="network_links.csv"):
    """One relation between two parties.

    `money` says which way dollars run along the relation: with it (source to target), against
    it, or not at all (control, family, spending by the state).
    """


class _Statement(Table):
    statement_id: str = key(str_matches=_IDENTIFIER)
    about: str = given(str_matches=_IDENTIFIER)
    kind: str = given(isin=STATEMENT_KINDS)
    authority: str = given(isin=AUTHORITIES)
    program: str = column()
    stated_on: dt.date = given()
    stated_on_precision: str = given(isin=PRECISIONS)
    public_on: dt.date = column("where later than stated_on: sealed until then")
    is_edition_date: bool = given()
    document: str = given()
    locator: str = given()
    read_via: str = given(
        isin=("official_list", "official_text", "court_opinion", "repost", "press_account")
    )
    url: str = given(str_matches=_ADDRESS)
    is_contested: bool = given()
    note: str = column()


class NetworkStatements(
    HandKept, _Statement, table="staged.network_statements", source="network_statements.csv"
):
    """Who says what about a party or a relation."""


class NetworkStatusEnds(
    HandKept, table="staged.network_status_ends", source="network_status_ends.csv"
):
    """When and by what a statement's legal effect ended."""

    end_id: str = key(str_matches=_IDENTIFIER)
    statement_id: str = given(str_matches=_IDENTIFIER)
    ended_on: dt.date = given()
    ended_on_precision: str = given(isin=PRECISIONS)
    ended_by: str = given(isin=ENDINGS)
    authority: str = given(isin=AUTHORITIES)
    document: str = given()
    locator: str = given()
    url: str = given(str_matches=_ADDRESS)
    note: str = column()


class RelationTypes(HandKept, table="staged.relation_types", source="relation_types.csv"):
    """What kind of relation a word names, and whether money may run along it."""

    relation: str = key(isin=RELATIONS)
    relation_type: str = given(isin=RELATION_TYPES)
    may_carry_money: bool = given()
    is_channel: bool = given()
    reading: str = given()


class StagedNetworkHeadcounts(
    HandKept, table="staged.network_headcounts", source="network_headcounts.csv"
):
    """Workers that a statement counts at one employer.

    A stock: it speaks for every calendar year its window touches.
    """

    headcount_id: str = key(str_matches=_IDENTIFIER)
    employer_id: str = given(str_matches=_IDENTIFIER)
    host_iso3: str = given(str_matches=r"^[A-Z]{3}$")
    workers_low: float = given(gt=0)
    workers: float = given(gt=0)
    workers_high: float = given(gt=0)
    bound: str = given(isin=("exact", "about", "at_least", "at_most"))
    window_start_on: dt.date = given()
    window_end_on: dt.date = given()
    statement_id: str = given(str_matches=_IDENTIFIER)
    pay_to_dprk_side_per_month: str = column()
    pay_currency: str = column(str_matches=r"^[A-Z]{3}$")
    pay_kept_by_worker_per_month: str = column()
    note: str = column()


class NetworkBankNotes(
    HandKept, table="staged.network_bank_notes", source="network_bank_notes.csv"
):
    """What a document says of banks other than a sum: a share, or how many."""

    note_id: str = key(str_matches=_IDENTIFIER)
    bank_id: str = column(str_matches=_IDENTIFIER)
    n_banks: int = column(gt=0)
    bound: str = given(isin=("exact", "about", "at_least", "at_most"))
    share: float = column(gt=0, le=1)
    share_of: str = column()
    first_year: int = column()
    last_year: int = column()
    authority: str = given(isin=AUTHORITIES)
    document: str = given()
    locator: str = given()
    stated_on: dt.date = given()
    url: str = given(str_matches=_ADDRESS)
    note: str = column()


class _Amount(Table):
    amount_id: str = key(str_matches=_IDENTIFIER)
    stream: str = given(isin=LINK_STREAMS)
    usd: float = given(gt=0)
    bound: str = given(isin=("exact", "about", "at_least", "at_most"))
    scope: str = given(isin=("link", "scheme_total", "bank_total"))
    measure: str = given(isin=("income", "processed", "forfeited", "blocked", "spending"))
    parties: str = given()
    link_ids: str = given()
    statement_id: str = given()
    window_start_on: dt.date = given()
    window_end_on: dt.date = given()
    dated_by: str = given(isin=("window", "statement"))
    part_of: str = column()
    held_back: str = column(isin=AMOUNT_HOLDS)
    note: str = column()


class StagedNetworkAmounts(
    HandKept, _Amount, table="staged.network_amounts", source="network_amounts.csv"
):
    """One documented sum of dollars, placed once.

    A `scheme_total` covers several parties or relations together: its split is not public and
    it is never added per relation. A `bank_total` is the size of a bank's own business, other
    customers included: no sum of North Korea's.
    """


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


class StreamEras(HandKept, table="staged.stream_eras", source="stream_eras.csv"):
    """When the trade of a stream was banned."""

    stream: str = key(isin=LINK_STREAMS)
    first_day: dt.date = given()
    era: str = given()
    document: str = given()
    url: str = given(str_matches=_ADDRESS)


class ActDays(HandKept, table="staged.act_days", source="act_days.csv"):
    """Past days on which the choice of acts is tested."""

    as_of: dt.date = key()
    why: str = given()


class StagedNetworkCorrections(
    Table, table="staged.network_corrections", source="network_corrections.csv"
):
    """A cell set right, with the wrong value it expects to find."""

    line: int = given(ge=2)
    correction_id: str = key(str_matches=_IDENTIFIER)
    table_name: str = given(isin=tuple(CORRECTED))
    row_id: str = given()
    column_name: str = given()
    expected: str = column()
    corrected: str = column()
    corrected_on: dt.date = given()
    reason: str = given()
    source: str = given()


class EvidenceGrades(HandKept, table="staged.evidence_grades", source="evidence_grades.csv"):
    """How far each class of statement is trusted to state a real relation."""

    class_: str = key(alias="class")
    rank: int = given(ge=0, le=10)
    pairs: str = given(str_matches=r"^[a-z_]+:[A-Za-z_]+(;[a-z_]+:[A-Za-z_]+)*$")
    grade: float = given(gt=0, lt=1)
    grade_low: float = given(gt=0, lt=1)
    grade_high: float = given(gt=0, lt=1)
    basis: str = given()
    source: str = given()


class NetworkSettings(HandKept, table="staged.network_settings", source="network_settings.csv"):
    """Judged settings of the network model, each with a range."""

    name: str = key()
    value: float = given()
    low: float = given()
    high: float = given()
    unit: str = given()
    basis: str = given()
    source: str = given()


class Replaceability(HandKept, table="staged.replaceability", source="replaceability.csv"):
    """What share of a removed party's business comes back, and how fast."""

    node_type: str = key()
    share_low: float = given(ge=0, le=1)
    share: float = given(ge=0, le=1)
    share_high: float = given(ge=0, le=1)
    months_low: float = given(gt=0)
    months: float = given(gt=0)
    months_high: float = given(gt=0)
    basis: str = given()
    source: str = given()


class EntityDecisions(HandKept, table="staged.entity_decisions", source="entity_decisions.csv"):
    """A reviewer's word on whether two parties are one.

    Deleting a row undoes it: merges are computed afresh from this file on every run.
    """

    left_id: str = key()
    right_id: str = key()
    decision: str = given(isin=("same", "different", "unsure"))
    decided_by: str = given()
    decided_on: dt.date = given()
    reason: str = given()


class StagedCampaignEvents(HandKept, table="staged.campaign_events", source="campaign_events.csv"):
    """One dated event of the campaign or of the tests."""

    event_id: str = key(str_matches=_IDENTIFIER)
    event_on: dt.date = given()
    precision: str = given(isin=PRECISIONS)
    kind: str = given(
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
    actor: str = given()
    title: str = given()
    quantity: str = column()
    parties_announced: int = column(ge=0)
    vessels_announced: int = column(ge=0)
    is_tally: bool = given()
    source: str = given()
    url: str = given(str_startswith="http")
    note: str = column()


class StagedMissileTestsYearly(
    HandKept, table="staged.missile_tests_yearly", source="missile_tests_yearly.csv"
):
    """One source's count for one year; sources disagree and all are kept."""

    count_id: str = key()
    year: int = given(ge=1984, le=2100)
    missiles: int = column(ge=0)
    launch_events: int = column(ge=0)
    source: str = given()
    url: str = given(str_startswith="http")


class StagedStatementEndorsers(
    HandKept, table="staged.un_statement_endorsers", source="un_statement_endorsers.csv"
):
    """One country at one joint statement."""

    statement_id: str = key()
    statement_on: dt.date = given()
    title: str = given()
    kind: str = given(isin=("us_led", "elected_ten", "joint", "not_un"))
    country_iso3: str = key(str_matches=r"^[A-Z]{3}$|^EUU$")
    joined: str = given(isin=("true", "false", "unknown"))
    is_unsc_member_then: bool = given()
    url: str = given(str_startswith="http")


class AllLinks(
    _Link, table="network.all_links", source="staged.network_links and the official lists"
):
    """Relations between the parties, whatever the day."""

    relation_type: str = column(isin=RELATION_TYPES)
    is_channel: bool = column()


class NetworkLinks(AllLinks, table="network.links", source="network.all_links"):
    """Relations between the parties as known on the day, and how well they are evidenced."""

    probability: float = column(ge=0, le=1)
    n_origins: int = column(ge=0)
    best_class: str = column()
    only_inferred: bool = column()
    is_contested: bool = column("some statement on it is contested")
    is_publishable: bool = column()


class AllStatements(
    _Statement,
    table="network.all_statements",
    source="staged.network_statements and the official lists",
):
    """Who states what about a party or a relation, whatever the day."""

    class_: str = column("class of evidence", alias="class")
    rank: int = column()
    grade: float = column(ge=0, le=1)
    witness: str = column()


class NetworkLinkStatements(
    AllStatements, table="network.link_statements", source="network.all_statements"
):
    """Who states what about a party or a relation, by the day."""

    document_number: str = column()
    is_primary_read: bool = column()
    tracing: str = column()
    is_publishable: bool = column()


class AllAmounts(_Amount, table="network.all_amounts", source="staged.network_amounts"):
    """Money that documents put on parties, whatever the day."""


class Amounts(_Amount, table="network.amounts", source="network.all_amounts"):
    """Money that documents put on parties, by the day."""


class AllEntities(
    Table, table="network.all_entities", source="staged.network_entities and the official lists"
):
    """Parties of our cited cases and of the official lists, resolved into one, whatever the day."""

    entity_id: str = key()
    schema_: str = column(alias="schema")
    stage: str = column(isin=STAGES)
    name: str = column()
    country_iso2: str = column()
    city: str = column()
    imo_number: str = column()
    registration_number: str = column()
    bic: str = column()
    bank_size_tier: str = column()
    total_assets_usd: float = column(gt=0)
    total_assets_on: dt.date = column()
    total_assets_source: str = column()
    note: str = column()
    list_source: str = column()
    birth_dates: str = column()
    passport_numbers: str = column()
    is_bank: bool = column()
    topics: str = column()
    list_key: str = column()
    aliases: str = column()
    n_rows: int = column(ge=1)


class NetworkEntities(AllEntities, table="network.entities", source="network.all_entities"):
    """The parties as known on the day of the run, with their standing."""

    designated_on: dt.date = column()
    designated_by: str = column()
    is_designation_undated: bool = column()
    is_publishable: bool = column()


class EntityPairs(Table, table="network.entity_pairs", source="the rows compared"):
    """Pairs of rows compared: merged, kept apart or waiting for a person."""

    left_id: str = key()
    right_id: str = key()
    basis: str = column("key, name or reviewer that brought the two together")
    score: float = column()
    moved_share: float = column(ge=0, le=1)
    kind: str = column("kind of party")
    outcome: str = column(isin=("merged", "waits", "apart"))
    reason: str = column()
    left_name: str = column()
    left_list: str = column()
    left_head: str = column()
    right_name: str = column()
    right_list: str = column()
    right_head: str = column()


class NetworkCalibration(Table, table="network.calibration", source="network.all_statements"):
    """How often what a class of evidence asserts was confirmed by a higher one, by year."""

    class_: str = key("class of evidence", alias="class")
    n_links: int = given(ge=0)
    n_confirmed: int = given(ge=0)
    year: int = key(nullable=True)
    confirmed_share: float = column(ge=0, le=1)
    confirmed_share_low: float = column(ge=0, le=1)
    confirmed_share_high: float = column(ge=0, le=1)
    about: str = key("relations or parties")


class GradeVerdicts(Table, table="network.grade_verdicts", source="network.calibration"):
    """Whether what was confirmed later speaks against a grade."""

    class_: str = key("class of evidence", alias="class")
    rank: int = given()
    grade: float = given(ge=0, le=1)
    grade_low: float = given(ge=0, le=1)
    grade_high: float = given(ge=0, le=1)
    n_links: int = given(ge=0)
    n_confirmed: int = given(ge=0)
    confirmed_share: float = column(ge=0, le=1)
    confirmed_share_low: float = column(ge=0, le=1)
    confirmed_share_high: float = column(ge=0, le=1)
    n_with_second_body: int = column(ge=0)
    is_top: bool = given()
    is_consistent: bool = column()
    power_too_low: float = column()
    power_too_high: float = column()
    standing: str = given()
    about: str = key("relations or parties")


class Conservation(Table, table="network.conservation", source="network.attribution_annual"):
    """Whether attributed dollars add up to the income in every draw, by stream and year."""

    stream: str = key()
    year: int = key()
    draws: int = given(gt=0)
    largest_miss_usd: float = given()
    coverage_share: float = given()
    largest_attributed_share: float = given()
    largest_excess_usd: float = given()
    smallest_usd: float = given()
    documented_usd: float = given(ge=0)
    documented_workers: float = given(ge=0)
    income_usd_mean: float = given()


class NetworkInterdictionSensitivity(
    Table, table="network.interdiction_sensitivity", source="network.attribution_annual"
):
    """The best set of parties under other settings than those of the frontier."""

    k: int = key("parties removed", ge=0)
    cut_usd: Quantiles = quantiles(
        "attributed income cut before anything is replaced", unit="USD per year"
    )
    net_cut_usd: Quantiles = quantiles("the same less what comes back", unit="USD per year")
    attributed_usd_mean: float = given("mean of all attributed dollars", unit="USD per year")
    chosen: str = column("entity_ids of the best set, parted by ;")
    method: str = column("how the set was found")
    is_proven: bool = column("no other set cuts more")
    gap_usd: float = column("distance to the proven bound", unit="USD per year")
    greedy_net_cut_usd_mean: float = column("net cut of the greedy set", unit="USD per year")
    degree_net_cut_usd_mean: float = column("net cut by highest degree", unit="USD per year")
    betweenness_net_cut_usd_mean: float = column(
        "net cut by highest betweenness", unit="USD per year"
    )
    hop_distance_net_cut_usd_mean: float = column(
        "net cut of those nearest to a state body", unit="USD per year"
    )
    slack: float = column("how much more a surviving relation can carry", unit="ratio")
    first_year: int = column()
    last_year: int = column()
    draws: int = column()
    scenario: str = key("what is changed")


# tables that are kept by hand in files of their names
HAND_KEPT = tuple(
    address
    for one in list(vars().values())
    if isinstance(one, type)
    and issubclass(one, Table)
    and (address := address_of(one)).startswith("staged.")
)
