"""Through whom the money flows: parties, relations, attribution, banks, designations, clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl

from assets.checks import _count_check, _refused_check
from assets.reference import LICENCE, _keep_bytes
from assets.resources import Sampling, Snapshots, WarehouseResource
from assets.tables import note_source, result, results, table_specs
from pipelines.network.assemble import assemble
from pipelines.network.campaign import clock_tables
from pipelines.network.corrections import blame, corrections_of, mend
from pipelines.network.evidence import check_grades, graded
from pipelines.network.on_day import CHANGES, DAY_TABLES, LISTED, as_of_run, network_on
from pipelines.network.walk import HOSTS_FROM, judgements, walk_inputs, walked
from pipelines.quarantine import empty_quarantine
from pipelines.reference_tables import parse_table
from pipelines.schemas import network as contracts
from pipelines.schemas.table import Table
from pipelines.versions import code_version
from pipelines.warehouse import inputs_hash, is_current, read_frame, record, write_frame

CORRECTIONS = "network_corrections"
FILES: dict[str, tuple[type[Table], str]] = {
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


def _staged_asset(table: str, contract: type[Table], about: str) -> dg.AssetsDefinition:
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
        whole = assemble(connection)
        for table, frame in whole.tables.items():
            write_frame(connection, f"network.{table}", frame)
        day = network_on(connection, as_of_run(connection))
        for table in DAY_TABLES:
            write_frame(connection, f"network.{table}", getattr(day, table))
        yield from results(
            connection,
            "network",
            RESOLVED,
            as_of=day.as_of.isoformat(),
            **whole.told,
            held_back=day.entities.filter(~pl.col("is_publishable")).height,
        )


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
        table, verdicts = graded(statements, grades, relations)
        write_frame(connection, "network.calibration", table)
        write_frame(connection, "network.grade_verdicts", verdicts)
        yield from results(connection, "network", GRADED)


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
        judged = judgements(connection)
        made_from = inputs_hash(walk_inputs(connection, judged), code_version(), sampling.key())
        if not is_current(connection, "network.acts", made_from):
            tables = walked(connection, judged, sampling.seed)
            for table in WALKED:
                write_frame(connection, f"network.{table}", tables[table])
            record(connection, "network.acts", made_from)
        for table in WALKED:
            found = result(connection, f"network.{table}")
            yield dg.MaterializeResult(
                asset_key=dg.AssetKey(["network", table]), metadata=found.metadata
            )


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
        tables = clock_tables(connection)
        for table, frame in tables.items():
            write_frame(connection, f"network.{table}", frame)
            more: dict[str, Any] = {}
            if table == "designation_lag_summary":
                more = frame.drop("as_of").row(0, named=True)
            found = result(connection, f"network.{table}", **more)
            yield dg.MaterializeResult(
                asset_key=dg.AssetKey(["network", table]), metadata=found.metadata
            )


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
