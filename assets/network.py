"""Through whom the money flows: parties, relations, attribution, banks, designations, clock."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg
import duckdb
import numpy as np
import pandera.polars as pa
import polars as pl

from assets.checks import _count_check, _refused_check
from assets.reference import LICENCE, _keep_bytes
from assets.resources import Sampling, Snapshots, WarehouseResource
from assets.tables import note_source, result, results, table_specs
from pipelines.network import acts as network_acts
from pipelines.network.banks import (
    STATE_BANK,
    bank_exposure,
    channel_links,
    chinese_bank_tiers,
    chinese_banks,
    throughput,
)
from pipelines.network.campaign import (
    campaign_designations,
    campaign_monthly,
    dated_entries,
    designation_lag,
    joint_statements,
    lag_summary,
)
from pipelines.network.corrections import blame, corrections_of, mend
from pipelines.network.entities import (
    from_lists,
    list_keys_of,
    lists_loaded,
    merge,
    parties_frame,
    typed_links,
)
from pipelines.network.evidence import (
    calibrate,
    check_grades,
    classify,
    link_probabilities,
    publishable,
)
from pipelines.network.resolution import (
    decide,
    exact_pairs,
    join_parties,
    name_pairs,
    person_pairs,
)
from pipelines.network.run import (
    Interdiction,
    attribute_all,
    attribution_table,
    conservation_table,
    interdict,
    scenarios_of,
    undesignated_share,
)
from pipelines.network.status import (
    delistings,
    designations,
    legal_status,
    public_by,
    standing,
    traced,
)
from pipelines.quarantine import empty_quarantine
from pipelines.schemas import network as contracts
from pipelines.schemas.listings import ListedParties
from pipelines.schemas.types import polars_schema
from pipelines.sources.tables import parse_table
from pipelines.versions import code_version, hash_frame
from pipelines.voices import LIST_VOICES
from pipelines.warehouse import (
    fingerprint_of,
    has_table,
    inputs_hash,
    is_current,
    read_frame,
    record,
    sql_of,
    tables_read,
    write_frame,
)

K_MAX = 10
# variants show how far the answer moves: fewer draws do
SENSITIVITY_DRAWS = 50
FEWEST_DRAWS = 10
SLACKS = (1.0, 1.5, 3.0)
# a test of the method needs an order of names, not tails
PAST_DRAWS = 400
# how long a name has to come true
BACKTEST_MONTHS = 24

CORRECTIONS = "network_corrections"
FILES: dict[str, tuple[type[pa.DataFrameModel], str]] = {
    "network_entities": (contracts.NetworkEntities, "Parties our cited cases name."),
    "network_links": (
        contracts.NetworkLinks,
        "Relations between parties, and which way money runs.",
    ),
    "relation_types": (contracts.RelationTypes, "Kinds of relation; which may carry money."),
    "network_statements": (contracts.NetworkStatements, "Who says what, when, where it was read."),
    "network_status_ends": (contracts.NetworkStatusEnds, "When and by what a legal act ended."),
    "network_amounts": (contracts.NetworkAmounts, "Documented sums of dollars, placed once."),
    "network_headcounts": (contracts.NetworkHeadcounts, "Workers documented at one employer."),
    "network_bank_notes": (contracts.NetworkBankNotes, "Shares and counts of banks, as stated."),
    CORRECTIONS: (contracts.NetworkCorrections, "Cells set right, with the reason."),
    "evidence_grades": (contracts.EvidenceGrades, "How far each class of statement is trusted."),
    "network_settings": (contracts.NetworkSettings, "Judged settings of the network model."),
    "replaceability": (contracts.Replaceability, "How much of a removed party comes back."),
    "entity_decisions": (contracts.EntityDecisions, "A reviewer's word on pairs of parties."),
    "campaign_events": (contracts.CampaignEvents, "Dated acts of the campaign and the tests."),
    "missile_tests_yearly": (contracts.MissileTestsYearly, "Counts of missiles a year, by source."),
    "un_statement_endorsers": (contracts.StatementEndorsers, "Who joined which joint statement."),
    "stream_eras": (contracts.StreamEras, "When the trade of a stream was banned."),
    "act_days": (contracts.ActDays, "Past days on which the choice of acts is tested."),
}

LISTED = ("listed_parties", "listed_aliases", "listed_links")
CHANGES = "listing_changes"


def _staged_asset(table: str, contract: type[pa.DataFrameModel], about: str) -> dg.AssetsDefinition:
    @dg.asset(
        key=["staged", table],
        group_name="staged",
        kinds={"duckdb", "polars"},
        deps=[
            ["raw", "landed_files"],
            *([] if table == CORRECTIONS else [["staged", CORRECTIONS]]),
        ],
        description=f"{about} Hand-kept in {table}.csv, corrections applied.",
    )
    def staged_table(warehouse: WarehouseResource, snapshots: Snapshots) -> dg.MaterializeResult:
        content, is_embedded = _keep_bytes(snapshots, table, f"{table}.csv")
        with warehouse.open().connect() as connection:
            touched: dict[int, str] = {}

            def corrected(text: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
                if table not in contracts.CORRECTABLE:
                    return text, empty_quarantine()
                every = read_frame(connection, f"staged.{CORRECTIONS}")
                done = mend(text, corrections_of(table, every), file=table)
                touched.update(done.touched)
                return done.text, done.withdrawn

            split = parse_table(
                content,
                contract,
                contracts.columns_of(contract),
                source=table,
                file=f"{table}.csv",
                mend=corrected,
            )
            blame(split.quarantined, touched)
            # a correction is named by its line; other tables need theirs no more
            kept = split.kept if table == CORRECTIONS else split.kept.drop("line")
            write_frame(connection, f"staged.{table}", kept)
            counts = note_source(
                connection,
                table,
                split,
                licence=LICENCE,
                status="embedded in the repository" if is_embedded else "landed copy",
                is_embedded=is_embedded,
            )
            return result(connection, f"staged.{table}", **counts)

    return staged_table


STAGED_ASSETS = [_staged_asset(table, *rest) for table, rest in FILES.items()]
STAGED_COUNT_CHECKS = [_count_check(table) for table in FILES]
STAGED_REFUSED_CHECKS = [_refused_check(table) for table in FILES]


def _settings(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[float, float, float]]:
    rows = read_frame(connection, "staged.network_settings").select("name", "value", "low", "high")
    return {name: (value, low, high) for name, value, low, high in rows.iter_rows()}


def _as_of(connection: duckdb.DuckDBPyConnection) -> dt.date:
    """The day the network speaks of: DPRK_AS_OF, else the latest of this month's first day and the
    last day anything on hand is dated to, so that the same evidence gives the same tables.

    Raises:
        ValueError: DPRK_AS_OF is not a date.
    """
    asked = os.environ.get("DPRK_AS_OF", "")
    if asked:
        try:
            return dt.date.fromisoformat(asked)
        except ValueError as error:
            raise ValueError(f"DPRK_AS_OF is {asked!r}; give a date as YYYY-MM-DD") from error
    today = dt.datetime.now(dt.UTC).date()
    latest = ["select max(stated_on) from staged.network_statements"]
    if has_table(connection, "staged.listed_parties"):
        latest.append(
            "select max(coalesce(listed_on, edition_on, retrieved_at::date)) "
            "from staged.listed_parties where is_dprk"
        )
    days = [today.replace(day=1)]
    for sql in latest:
        found = connection.execute(sql).fetchone()
        if found and found[0] and found[0] <= today:
            days.append(found[0])
    return max(days)


def _listed(
    connection: duckdb.DuckDBPyConnection,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame] | None:
    """Rows of the official lists, when any edition has been taken in."""
    if not all(has_table(connection, f"staged.{name}") for name in LISTED):
        return None
    parties, aliases, links = (read_frame(connection, f"staged.{name}") for name in LISTED)
    return (parties, aliases, links) if parties.height else None


RESOLVED = {
    "entities": (
        "Parties of our cited cases and of the official lists, resolved into one, as known on the "
        "day of the run. Grain: entity_id."
    ),
    "links": "Relations between them, as known on the day. Grain: link_id.",
    "link_statements": "Who states what about a party or a relation, by then. Grain: statement_id.",
    "legal_status": "What each act of law is worth on the day. Grain: status_id.",
    "amounts": "Money that documents put on parties, by the day. Grain: amount_id.",
    "all_entities": "The parties, whatever the day. Grain: entity_id.",
    "all_links": "The relations, whatever the day. Grain: link_id.",
    "all_statements": "The statements, whatever the day. Grain: statement_id.",
    "all_amounts": "The amounts, whatever the day. Grain: amount_id.",
    "entity_pairs": "Pairs of rows compared: merged, kept apart or waiting for a person.",
    "lists": "Official lists: read or not, entries, and what that means. Grain: list_source.",
}


@dg.multi_asset(
    name="network__entities",
    specs=table_specs(
        "network",
        RESOLVED,
        group="network",
        kinds={"python", "duckdb"},
        deps=[["staged", table] for table in (*FILES, *LISTED, CHANGES)],
    ),
)
def entities(warehouse: WarehouseResource) -> Iterator[dg.MaterializeResult]:
    """Join, resolve, grade; keep the ledger; mark what may be published."""
    with warehouse.open().connect() as connection:
        own = read_frame(connection, "staged.network_entities")
        types = read_frame(connection, "staged.relation_types")
        links = read_frame(connection, "staged.network_links")
        said = read_frame(connection, "staged.network_statements")
        amounts = read_frame(connection, "staged.network_amounts")
        decisions = read_frame(connection, "staged.entity_decisions")
        grades = read_frame(connection, "staged.evidence_grades")
        settings = _settings(connection)
        as_of = _as_of(connection)
        parties = own.join(
            list_keys_of(said, own), left_on="entity_id", right_on="about", how="left"
        ).with_columns(
            list_source=pl.lit("own"),
            birth_dates=pl.lit(None, dtype=pl.String),
            passport_numbers=pl.lit(None, dtype=pl.String),
        )
        listed = _listed(connection)
        list_ties: list[str] = []
        rows_in = (parties.height, links.height, said.height)
        if listed is not None:
            more, more_links, more_said = from_lists(*listed)
            list_ties = more_links["link_id"].to_list()
            parties = pl.concat([parties, more.select(parties.columns)])
            links = pl.concat([links, more_links.select(links.columns)])
            said = pl.concat([said, more_said.select(said.columns)])
        links = typed_links(links, types, parties)
        frame = parties_frame(parties)
        documented: dict[str, float] = {}
        for held_by, usd, held_back in amounts.select("parties", "usd", "held_back").iter_rows():
            if held_back is None:
                for name in held_by.split(";"):
                    documented[name] = documented.get(name, 0.0) + usd
        pairs = decide(
            pl.concat([exact_pairs(frame), person_pairs(frame)]).unique(
                ["left_id", "right_id"], keep="first", maintain_order=True
            ),
            name_pairs(frame),
            decisions,
            documented_usd=documented,
            review_share=settings["review_share"][0],
            kinds=dict(frame.select("party_id", "kind").iter_rows()),
        )
        joined = join_parties(frame, pairs, preferred=set(own["entity_id"]))
        canonical, pairs = joined.canonical, joined.pairs
        whole, ties, statements = merge(parties, links, said, canonical, list_ties)
        statements = classify(statements, grades)
        heads = pl.col("parties").str.split(";").list.eval(pl.element().replace(canonical))
        write_frame(connection, "network.all_entities", whole)
        write_frame(connection, "network.all_links", ties)
        write_frame(connection, "network.all_statements", statements)
        named = frame.select(
            "party_id", name=pl.col("names").list.first(), list="list_source"
        ).with_columns(head=pl.col("party_id").replace_strict(canonical, return_dtype=pl.String))
        for side in ("left", "right"):
            pairs = pairs.join(
                named.rename({one: f"{side}_{one}" for one in ("name", "list", "head")}),
                left_on=f"{side}_id",
                right_on="party_id",
                how="left",
                maintain_order="left",
            )
        write_frame(connection, "network.entity_pairs", pairs)
        write_frame(
            connection, "network.all_amounts", amounts.with_columns(parties=heads.list.join(";"))
        )
        write_frame(
            connection, "network.lists", lists_loaded(None if listed is None else listed[0])
        )
        day = _network_on(connection, as_of)
        for table in ("entities", "links", "link_statements", "legal_status", "amounts"):
            write_frame(connection, f"network.{table}", getattr(day, table))
        outcome = dict(pairs.group_by("outcome").len().iter_rows())
        yield from results(
            connection,
            "network",
            RESOLVED,
            as_of=as_of.isoformat(),
            own_parties=rows_in[0],
            own_links=rows_in[1],
            own_statements=rows_in[2],
            list_parties=parties.height - rows_in[0],
            links=ties.height,
            statements=statements.height,
            pairs_merged=outcome.get("merged", 0),
            pairs_waiting_for_review=outcome.get("waits", 0),
            held_back=day.entities.filter(~pl.col("is_publishable")).height,
        )


@dataclass(frozen=True)
class NetworkOn:
    """The network as anybody could know it on a day; names of fields are names of tables."""

    as_of: dt.date
    entities: pl.DataFrame
    links: pl.DataFrame
    link_statements: pl.DataFrame
    legal_status: pl.DataFrame
    amounts: pl.DataFrame

    def shown(self) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """What the walk may use: only parties, relations and statements that may be shown."""
        return (
            self.entities.filter("is_publishable"),
            self.links.filter("is_publishable"),
            self.link_statements.filter("is_publishable"),
        )


def _network_on(connection: duckdb.DuckDBPyConnection, as_of: dt.date) -> NetworkOn:
    """Parties, relations, statements and ledger from what was public by a day."""
    settings = _settings(connection)
    everything = read_frame(connection, "network.all_statements")
    statements = public_by(everything, as_of)
    ends = read_frame(connection, "staged.network_status_ends").join(
        statements.select("statement_id"), on="statement_id", how="semi"
    )
    if has_table(connection, f"staged.{CHANGES}"):
        found = delistings(
            read_frame(connection, f"staged.{CHANGES}"),
            read_frame(connection, "network.all_entities"),
            statements,
            {name: voice.authority for name, voice in LIST_VOICES.items()},
        )
        ends = pl.concat([ends, found.select(ends.columns)])
    ledger = legal_status(statements, ends, as_of=as_of)
    links = read_frame(connection, "network.all_links")
    probability = link_probabilities(
        statements, links, contested_factor=settings["contested_factor"][0]
    )
    whole, ties, said = publishable(
        read_frame(connection, "network.all_entities").join(
            designations(ledger), on="entity_id", how="left"
        ),
        links.join(probability, on="link_id", how="left"),
        traced(statements),
    )
    ties = ties.with_columns(is_publishable=pl.col("is_publishable") & ~pl.col("only_inferred"))
    spoken = said.filter("is_publishable")["statement_id"]
    amounts = (
        read_frame(connection, "network.all_amounts")
        .join(statements.select("statement_id"), on="statement_id", how="semi")
        .with_columns(
            held_back=pl.when(
                pl.col("held_back").is_null() & ~pl.col("statement_id").is_in(spoken.implode())
            )
            .then(pl.lit("not_shown"))
            .otherwise("held_back")
        )
    )
    return NetworkOn(as_of, whole, ties, said, ledger, amounts)


GRADED = {
    "calibration": (
        "What later years made of each class's assertions, about relations and about parties. "
        "Grain: about, class, year."
    ),
    "grade_verdicts": "Whether each class's grade is held to be right. Grain: about, class, rank.",
}


@dg.multi_asset(
    name="network__calibration",
    specs=table_specs(
        "network",
        GRADED,
        group="network",
        kinds={"python"},
        deps=[["network", name] for name in ("links", "link_statements")],
    ),
)
def calibration(warehouse: WarehouseResource) -> Iterator[dg.MaterializeResult]:
    """Time-split of the grades."""
    with warehouse.open().connect() as connection:
        statements = read_frame(connection, "network.link_statements")
        grades = read_frame(connection, "staged.evidence_grades")
        relations = read_frame(connection, "network.links")["link_id"]
        tables, verdicts = [], []
        is_relation = pl.col("about").is_in(relations.implode())
        for about, chosen in (("relations", is_relation), ("parties", ~is_relation)):
            found = calibrate(statements.filter(chosen), grades)
            tables.append(found.table.with_columns(about=pl.lit(about)))
            verdicts.append(found.verdicts.with_columns(about=pl.lit(about)))
        write_frame(connection, "network.calibration", pl.concat(tables))
        write_frame(connection, "network.grade_verdicts", pl.concat(verdicts))
        yield from results(connection, "network", GRADED)


def _income(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Every stream's headline by year and draw."""
    return connection.execute(sql_of("network.income")).pl()


def _hosts(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Modelled persons and income of the host countries that headcounts name, by stream."""
    return connection.execute(sql_of("network.hosts")).pl()


def _thinned(frame: pl.DataFrame, draws: int) -> pl.DataFrame:
    """Evenly spaced draws, renumbered from 0; the same worlds in every frame."""
    most = int(frame["draw"].n_unique())
    take = np.unique(np.linspace(0, most - 1, min(draws, most)).astype(int))
    return frame.filter(pl.col("draw").is_in(take)).with_columns(
        draw=pl.col("draw").replace_strict(
            dict(zip(take.tolist(), range(take.size), strict=True)), return_dtype=pl.Int64
        )
    )


HOSTS_FROM = [
    table for table in tables_read(sql_of("network.hosts")) if table.startswith("estimates.")
]
WALKED = {
    "attribution_annual": (
        "Dollars of each stream through each named party. Grain: stream, year, node_id."
    ),
    "conservation": (
        "Placed plus unplaced against income, per stream and year. Grain: stream, year."
    ),
    "bank_exposure": (
        "What documents say of each bank, and what may have passed. Grain: bank_id, stream, year."
    ),
    "chinese_banks": "Every Chinese bank an official document names, or counts. Grain: row_id.",
    "chinese_bank_tiers": "What each tier of them holds of the named customers. Grain: tier.",
    "undesignated_share": (
        "Attributed dollars entering at parties not designated. Grain: stream, year."
    ),
    "interdiction_frontier": "Income cut against the number of designations. Grain: k.",
    "interdiction_nodes": "How often a party is among the best k. Grain: node_id, k.",
    "interdiction_sensitivity": (
        "The frontier under other slacks and candidates. Grain: scenario, k."
    ),
    "acts": "What is open for whom, and what it would cut. Grain: as_of, act, party_id.",
    "acts_by_tier": "What acts would cut by the tier of the banks used. Grain: as_of, act, tier.",
    "acts_backtest": "Whether names of past days came true. Grain: as_of.",
}


@dg.multi_asset(
    name="network_walk",
    group_name="network",
    specs=[
        dg.AssetSpec(
            ["network", table],
            deps=[
                dg.AssetKey(["network", "entities"]),
                dg.AssetKey(["estimates", "income_draws"]),
                *(dg.AssetKey(table.split(".")) for table in HOSTS_FROM),
                dg.AssetKey(["staged", "network_headcounts"]),
                dg.AssetKey(["staged", "network_bank_notes"]),
                dg.AssetKey(["staged", "replaceability"]),
                dg.AssetKey(["staged", "network_settings"]),
                dg.AssetKey(["staged", "stream_eras"]),
                dg.AssetKey(["staged", "act_days"]),
            ],
            description=about,
            kinds={"python"},
        )
        for table, about in WALKED.items()
    ],
)
def walk(warehouse: WarehouseResource, sampling: Sampling) -> Iterator[dg.MaterializeResult[Any]]:
    """Place income on parties, see it pass banks, and weigh acts, draw by draw."""
    with warehouse.open().connect() as connection:
        # one thread: sums of floating-point numbers come out the same on every run
        connection.execute("set threads = 1")
        judged = {
            table: read_frame(connection, f"staged.{table}")
            for table in (
                "evidence_grades",
                "replaceability",
                "network_settings",
                "network_headcounts",
                "network_bank_notes",
                "network_status_ends",
                "stream_eras",
                "act_days",
            )
        }
        made_from = inputs_hash(
            fingerprint_of(connection, "estimates.income_draws"),
            *(fingerprint_of(connection, table) for table in HOSTS_FROM),
            *(hash_frame(one) for one in judged.values()),
            *(
                hash_frame(read_frame(connection, f"network.{table}"))
                for table in (
                    "all_entities",
                    "all_links",
                    "all_statements",
                    "all_amounts",
                    "legal_status",
                )
            ),
            code_version(),
            sampling.key(),
        )
        if not is_current(connection, "network.acts", made_from):
            tables = _walked(connection, judged, sampling.seed)
            for table in WALKED:
                write_frame(connection, f"network.{table}", tables[table])
            record(connection, "network.acts", made_from)
        for table in WALKED:
            found = result(connection, f"network.{table}")
            yield dg.MaterializeResult(
                asset_key=dg.AssetKey(["network", table]), metadata=found.metadata
            )


def _placed(
    day: NetworkOn,
    income: pl.DataFrame,
    hosts: pl.DataFrame,
    judged: dict[str, pl.DataFrame],
    settings: dict[str, tuple[float, float, float]],
    seed: int,
) -> network_acts.ActsRun:
    """Income placed on what was known on a day, and what of it may have passed banks."""
    parties, links, statements = day.shown()
    headcounts = judged["network_headcounts"].join(
        statements.select("statement_id"), on="statement_id", how="semi"
    )
    run = attribute_all(
        income,
        entities=parties,
        links=links,
        statements=statements,
        amounts=day.amounts,
        headcounts=headcounts,
        hosts=hosts,
        grades=judged["evidence_grades"],
        settings=settings,
        seed=seed,
    )
    channels = channel_links(links, parties)
    passed = [throughput(one, channels, run.edge_probability, seed=seed) for one in run.years]
    return network_acts.ActsRun(day.as_of, run, parties, links, day.legal_status, passed)


def _walked(
    connection: duckdb.DuckDBPyConnection, judged: dict[str, pl.DataFrame], seed: int
) -> dict[str, pl.DataFrame]:
    """Every table of the walk."""
    settings = _settings(connection)
    income, hosts = _income(connection), _hosts(connection)
    day = _network_on(connection, _as_of(connection))
    placed = _placed(day, income, hosts, judged, settings, seed)
    parties, links, statements = day.shown()
    run = placed.run
    standings = standing(day.legal_status)
    live = day.legal_status.filter("is_in_force")["status_id"].to_list()
    attribution = attribution_table(run, parties)
    state = parties.filter(pl.col("bank_size_tier") == STATE_BANK)["entity_id"]
    prefix = "attributed_usd_"
    state_banks = attribution.filter(pl.col("node_id").is_in(state.implode())).select(
        pl.col("stream", "year"),
        bank_id="node_id",
        **{
            column.replace("usd_", prefix, 1): pl.col(column)
            for column in attribution.columns
            if column.startswith("usd_")
        },
    )
    banks = chinese_banks(
        entities=parties,
        links=links,
        statements=statements,
        amounts=day.amounts,
        notes=judged["network_bank_notes"].filter(pl.col("stated_on") <= day.as_of),
        standings=standings,
        live=live,
        passed=placed.passed,
    )
    chosen = min(int(settings["interdiction_draws"][0]), max(FEWEST_DRAWS, run.draws // 20))
    questions = {
        "eras": judged["stream_eras"],
        "replaceability": judged["replaceability"],
        "settings": settings,
    }
    acts = [network_acts.acts_table(placed, standings=standings, draws=chosen, **questions)]
    few_income, few_hosts = _thinned(income, PAST_DRAWS), _thinned(hosts, PAST_DRAWS)
    for past in judged["act_days"].sort("as_of")["as_of"]:
        if past >= day.as_of:
            continue
        then = _network_on(connection, past)
        years = pl.col("year") < past.year
        if then.shown()[0].height == 0:
            continue
        was = _placed(
            then, few_income.filter(years), few_hosts.filter(years), judged, settings, seed
        )
        acts.append(
            network_acts.acts_table(
                was, standings=standing(then.legal_status), draws=chosen, **questions
            )
        )
    return {
        "attribution_annual": attribution,
        "conservation": conservation_table(run),
        "bank_exposure": bank_exposure(
            passed=placed.passed,
            state_banks=state_banks,
            entities=parties,
            links=links,
            statements=statements,
            amounts=day.amounts,
            standings=standings,
            live=live,
        ),
        "chinese_banks": banks,
        "chinese_bank_tiers": chinese_bank_tiers(banks, channel_links(links, parties)),
        "undesignated_share": undesignated_share(run, designations(day.legal_status)),
        **_interdiction(placed, acts[0].table, judged, settings, chosen),
        "acts": pl.concat([one.table for one in acts]),
        "acts_by_tier": pl.concat([one.tiers for one in acts]),
        "acts_backtest": network_acts.backtest(
            [one.table for one in acts[1:]],
            day.legal_status,
            months=BACKTEST_MONTHS,
            until=day.as_of,
        ),
    }


def _interdiction(
    placed: network_acts.ActsRun,
    acts: pl.DataFrame,
    judged: dict[str, pl.DataFrame],
    settings: dict[str, tuple[float, float, float]],
    draws: int,
) -> dict[str, pl.DataFrame]:
    """The frontier of designations still open on the day, and its variants."""
    run, parties = placed.run, placed.entities
    mine = acts.filter(pl.col("act") == "designate")
    first, last = (
        mine.filter("is_open")
        .select(pl.col("window_first_year").min(), pl.col("window_last_year").max())
        .row(0)
    )
    first, last = first or placed.as_of.year - 1, last or placed.as_of.year - 1
    inside = network_acts.in_window(run, placed.as_of, judged["stream_eras"])
    ends = network_acts.state_bodies(run, parties)
    slack = settings["rerouting_slack"][0]
    open_ = mine.filter("is_open")["party_id"].to_list()

    def choose(slack: float, candidates: list[str], *, per_draw: bool) -> Interdiction:
        scenarios = scenarios_of(
            inside,
            entities=parties,
            replaceability=judged["replaceability"],
            settings=settings,
            first_year=first,
            last_year=last,
            draws=draws if per_draw else min(draws, SENSITIVITY_DRAWS),
            candidates=candidates,
        )
        return interdict(
            inside,
            scenarios,
            ends,
            slack=slack,
            k_max=K_MAX,
            first_year=first,
            last_year=last,
            per_draw=per_draw,
        )

    found = choose(slack, open_, per_draw=True)
    variants = [
        choose(value, names, per_draw=False).frontier.with_columns(scenario=pl.lit(label))
        for label, value, names in (
            *((f"slack {value:g}", value, open_) for value in SLACKS if value != slack),
            ("whoever was acted on too", slack, parties["entity_id"].to_list()),
        )
    ]
    return {
        "interdiction_frontier": found.frontier,
        "interdiction_nodes": found.nodes.join(
            parties.select(
                node_id="entity_id",
                name="name",
                stage="stage",
                schema="schema",
                is_designated=pl.col("designated_by").is_not_null(),
                designated_on="designated_on",
            ),
            on="node_id",
            how="left",
        ),
        "interdiction_sensitivity": pl.concat(variants),
    }


CLOCK = {
    "campaign_monthly": "Designations, tests, Council acts and income by month. Grain: month.",
    "campaign_designations": (
        "Parties designated by month, body, program, type and country. "
        "Grain: month, authority, program, schema, country_iso2."
    ),
    "designation_lag": "Months from first official allegation to designation. Grain: entity_id.",
    "designation_lag_summary": "The median lag, its n and its interval. One row.",
    "joint_statements": "Who joined which statement. Grain: statement_id.",
}


@dg.multi_asset(
    name="network_clock",
    group_name="network",
    specs=[
        dg.AssetSpec(
            ["network", table],
            deps=[
                dg.AssetKey(["network", "entities"]),
                dg.AssetKey(["estimates", "total_draws"]),
                dg.AssetKey(["staged", "campaign_events"]),
                dg.AssetKey(["staged", "un_statement_endorsers"]),
            ],
            description=about,
            kinds={"python"},
        )
        for table, about in CLOCK.items()
    ],
)
def clock(warehouse: WarehouseResource) -> Iterator[dg.MaterializeResult[Any]]:
    """The campaign beside the income."""
    with warehouse.open().connect() as connection:
        connection.execute("set threads = 1")
        day = _network_on(connection, _as_of(connection))
        parties, _, statements = day.shown()
        listed = _listed(connection)
        endorsers = read_frame(connection, "staged.un_statement_endorsers").filter(
            pl.col("statement_on") <= day.as_of
        )
        lag = designation_lag(parties, statements, day.legal_status, as_of=day.as_of)
        tables = {
            "campaign_monthly": campaign_monthly(
                ledger=day.legal_status,
                entities=parties,
                events=read_frame(connection, "staged.campaign_events").filter(
                    pl.col("event_on") <= day.as_of
                ),
                lists=dated_entries(_no_parties() if listed is None else listed[0]),
                endorsers=endorsers,
                income=connection.execute(sql_of("network.income_monthly")).pl(),
            ),
            "campaign_designations": campaign_designations(day.legal_status, parties),
            "designation_lag": lag,
            "designation_lag_summary": lag_summary(lag, as_of=day.as_of),
            "joint_statements": joint_statements(endorsers),
        }
        for table, frame in tables.items():
            write_frame(connection, f"network.{table}", frame)
            more: dict[str, Any] = {}
            if table == "designation_lag_summary":
                more = frame.drop("as_of").row(0, named=True)
            found = result(connection, f"network.{table}", **more)
            yield dg.MaterializeResult(
                asset_key=dg.AssetKey(["network", table]), metadata=found.metadata
            )


def _no_parties() -> pl.DataFrame:
    return pl.DataFrame(schema=polars_schema(ListedParties))


@dg.asset_check(
    asset=["network", "calibration"],
    blocking=True,
    description="No class of statement is graded against what later years showed.",
)
def grades_stand_up_to_later_years(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Every grade against its Jeffreys interval, its range and the classes below it."""
    with warehouse.open().connect(read_only=True) as connection:
        verdicts = read_frame(connection, "network.grade_verdicts")
    wrong = [
        text
        for _, group in verdicts.group_by("about", maintain_order=True)
        for text in check_grades(group)
    ]
    return dg.AssetCheckResult(passed=not wrong, description="; ".join(wrong) or "grades stand")
