"""Rules that block a release: each on rows typed by hand, one of which breaks it."""

from __future__ import annotations

import duckdb
import pytest

from assets.checks import RULE_VALUES
from pipelines.paths import SQL_DIR
from pipelines.warehouse import bound, head_of

# the rows that obey every rule of the network's parties: a person a list names, an unnamed firm of
# which only the press speaks, and what joins them
SOUND = """
create table network.entities as from (values
    ('kim', 'Person', null, true, false, null),
    ('firm', 'Company', 'unnamed', true, false, null),
    ('state', 'Company', null, true, true, 'dprk_bank'),
    ('bank', 'Company', null, true, true, 'large'))
    t (entity_id, schema, topics, is_publishable, is_bank, bank_size_tier);
create table network.links as from (values
    ('kim-firm', 'kim', 'firm', true, 'goods'),
    ('kim-bank', 'kim', 'bank', true, 'none'),
    ('kim-state', 'kim', 'state', true, 'cash'))
    t (link_id, source_id, target_id, is_publishable, money);
create table network.link_statements as from (values
    ('s1', 'kim', 'stated', 'OFAC', true),
    ('s2', 'firm', 'stated', 'PRESS', true),
    ('s3', 'kim-firm', 'stated', 'PRESS', true),
    ('s4', 'kim-bank', 'stated', 'UNPOE', true),
    ('s5', 'kim-state', 'stated', 'UNPOE', true),
    ('s6', 'state', 'stated', 'UNPOE', true),
    ('s7', 'bank', 'stated', 'UNPOE', true),
    ('s8', 'kim', 'stated', 'PRESS', false))
    t (statement_id, about, kind, authority, is_publishable);
create table network.all_entities as from network.entities;
create table network.all_links as from network.links;
create table network.all_statements as from network.link_statements;
create table staged.network_statements as select statement_id from network.all_statements;
create table network.conservation as from (values
    ('coal', 2025, 4e-3, 0e0, 0e0, 0, 2e-1, 2e1, 1e2),
    ('labor', 2025, 4e-3, 0e0, 0e0, 40, 9e-1, 2e1, 1e2))
    t (stream, year, largest_miss_usd, smallest_usd, largest_excess_usd, documented_workers,
       coverage_share, documented_usd, income_usd_mean);
create table staged.figures as from (values ('f1'), ('f2')) t (observation_id);
create table facts.observations as from (values ('f1'), ('f2'), ('customs')) t (observation_id);
create table staged.source_runs as from (values
    ('un_sc', 3, 2, 'edition of 2026-02-27'),
    ('opensanctions_sanctions', 4, 4, 'edition of 2026-02-27'))
    t (source, rows_in, rows_kept, status);
create table staged.listed_parties as from (values
    ('un_sc', '1'), ('un_sc', '2'), ('opensanctions_sanctions', '3'))
    t (list_source, list_id);
create table staged.quarantine as from (values
    ('un_sc', 'un.xml', 7, 'name'), ('un_sc', 'un.xml', 7, 'list_id'))
    t (source, file, line, column_name);
create table staged.listed_links as from (values
    ('ofac_sdn', '102', '101', true), ('ofac_sdn', '103', null, false), ('un_sc', '1', null, true))
    t (list_source, source_list_id, target_list_id, is_dprk);
create table published.income_annual as from (values
    ('coal', 2024, 2, false), ('coal', 2030, 0, true), ('total', 2024, 2, false))
    t (stream, year, n_origins, is_prior_driven);
create table published.figures as from (values
    ('f1', 'coal', true, null, 's', 'p. 1', date '2026-01-01', 'Report'),
    ('f2', 'coal', false, 'an echo', null, null, null, null))
    t (observation_id, stream, is_used, reason_not_used, source_id, locator, retrieved_at,
       source_title);
"""
NETWORK = "network/entities"
LISTS = ["un_sc", "opensanctions_sanctions"]
# what breaks the rule, and the first cell of the only row it then lists
BROKEN = {
    f"{NETWORK}/no_relation_rests_on_the_press_or_a_model_alone": [
        ("update network.link_statements set authority = 'PRESS' where about = 'kim-bank'",
         "kim-bank"),
        ("update network.link_statements set kind = 'denied' where about = 'kim-state'",
         "kim-state"),
    ],
    f"{NETWORK}/every_party_named_has_an_official_statement": [
        ("update network.link_statements set authority = 'MODEL' where about = 'bank'", "bank"),
        ("update network.link_statements set kind = 'refused' where about = 'bank'", "bank"),
    ],
    f"{NETWORK}/every_person_shown_has_sworn_words": [
        ("update network.link_statements set authority = 'GOV' where statement_id = 's1'", "kim"),
    ],
    f"{NETWORK}/no_press_statement_about_a_named_party": [
        ("update network.link_statements set is_publishable = true where statement_id = 's8'",
         "s8"),
        ("update network.link_statements set authority = 'MODEL' where statement_id = 's4'", "s4"),
    ],
    f"{NETWORK}/relations_shown_join_parties_shown": [
        ("update network.entities set is_publishable = false where entity_id = 'bank'",
         "kim-bank"),
    ],
    f"{NETWORK}/no_money_ends_at_a_bank": [
        ("update network.links set money = 'cash' where link_id = 'kim-bank'", "kim-bank"),
    ],
    f"{NETWORK}/every_statement_is_about_a_party_or_relation": [
        ("update network.all_statements set about = 'nobody' where statement_id = 's6'", "s6"),
    ],
    f"{NETWORK}/no_statement_is_lost_in_merging": [
        ("delete from network.all_statements where statement_id = 's2'", "s2"),
    ],
    "network/conservation/income_is_placed": [
        ("delete from network.conservation", "network.conservation is empty"),
    ],
    "network/conservation/placed_and_unplaced_dollars_are_income": [
        ("update network.conservation set largest_miss_usd = 0.02 where stream = 'coal'", "coal"),
        ("update network.conservation set largest_miss_usd = 'nan' where stream = 'coal'", "coal"),
        ("update network.conservation set smallest_usd = -0.02 where stream = 'labor'", "labor"),
    ],
    "network/conservation/attributed_share_is_within_coverage": [
        ("update network.conservation set coverage_share = 0.21 where stream = 'coal'", "coal"),
        ("update network.conservation set coverage_share = 1.01 where stream = 'labor'", "labor"),
        ("update network.conservation set largest_excess_usd = 1 where stream = 'labor'", "labor"),
    ],
    "staged/listed_parties/listed_rows_in_are_rows_kept_plus_refused": [
        ("delete from staged.listed_parties where list_id = '2'", "un_sc"),
        ("delete from staged.quarantine", "un_sc"),
        ("update staged.source_runs set rows_in = 5 where source like 'open%'",
         "opensanctions_sanctions"),
        ("delete from staged.source_runs where source = 'un_sc'", "un_sc"),
    ],
    "staged/listed_parties/lists_have_their_agreed_form": [
        ("update staged.source_runs set status = 'DRIFT: 3 cells' where source = 'un_sc'", "un_sc"),
    ],
    "staged/listed_links/dprk_links_resolve": [
        ("update staged.listed_links set target_list_id = null where list_source like 'ofac%'",
         "ofac_sdn"),
    ],
    "facts/observations/every_figure_is_in_the_ledger": [
        ("delete from facts.observations where observation_id = 'f2'", "f2"),
    ],
    "published/income_annual/every_year_rests_on_a_figure_or_says_so": [
        ("update published.income_annual set n_origins = 0 where year = 2024 and stream = 'coal'",
         "coal"),
    ],
    "published/income_annual/every_figure_used_has_its_source": [
        ("update published.figures set locator = null where observation_id = 'f1'", "f1"),
    ],
    "published/income_annual/every_stream_rests_on_a_figure": [
        ("insert into published.income_annual values ('statues', 2024, 1, false)", "statues"),
    ],
    "published/figures/every_unused_figure_says_why": [
        ("update published.figures set reason_not_used = null where observation_id = 'f2'", "f2"),
        ("update published.figures set reason_not_used = 'late' where observation_id = 'f1'",
         "f1"),
    ],
}  # fmt: skip
RULES = sorted(
    str(file.relative_to(SQL_DIR / kind).with_suffix(""))
    for kind in ("checks", "warnings")
    for file in (SQL_DIR / kind).rglob("*.sql")
)


def text_of(rule: str) -> str:
    (file,) = (path for path in SQL_DIR.glob(f"*/{rule}.sql"))
    return file.read_text(encoding="utf-8")


def broken(connection: duckdb.DuckDBPyConnection, rule: str) -> list[tuple[object, ...]]:
    sql = text_of(rule)
    return connection.execute(sql, bound(sql, RULE_VALUES | {"lists": LISTS})).fetchall()


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_told_in_a_sentence_and_sound_rows_obey_it(connection, rule):
    connection.execute(SOUND)
    assert broken(connection, rule) == []
    assert head_of(text_of(rule)).endswith(".")


@pytest.mark.parametrize(
    ("rule", "change", "named"),
    [(rule, *one) for rule, changes in BROKEN.items() for one in changes],
)
def test_a_row_that_breaks_a_rule_is_named(connection, rule, change, named):
    connection.execute(SOUND)
    connection.execute(change)
    assert [row[0] for row in broken(connection, rule)] == [named]


def test_every_rule_was_broken_once():
    assert sorted(BROKEN) == RULES
