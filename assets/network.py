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
FILES: dict[str, type[Table]] = {
    "network_entities": contracts.NetworkEntities,
    "network_links": contracts.NetworkLinks,
    "relation_types": contracts.RelationTypes,
    "network_statements": contracts.NetworkStatements,
    "network_status_ends": contracts.NetworkStatusEnds,
    "network_amounts": contracts.NetworkAmounts,
    "network_headcounts": contracts.NetworkHeadcounts,
    "network_bank_notes": contracts.NetworkBankNotes,
    CORRECTIONS: contracts.NetworkCorrections,
    "evidence_grades": contracts.EvidenceGrades,
    "network_settings": contracts.NetworkSettings,
    "replaceability": contracts.Replaceability,
    "entity_decisions": contracts.EntityDecisions,
    "campaign_events": contracts.CampaignEvents,
    "missile_tests_yearly": contracts.MissileTestsYearly,
    "un_statement_endorsers": contracts.StatementEndorsers,
    "stream_eras": contracts.StreamEras,
    "act_days": contracts.ActDays,
}


def _staged_asset(table: str, contract: type[Table]) -> dg.AssetsDefinition:
    @dg.asset(
        key=["staged", table],
        group_name="staged",
        kinds={"duckdb", "polars"},
        deps=[
            ["raw", "landed_files"],
            *([] if table == CORRECTIONS else [["staged", CORRECTIONS]]),
        ],
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


STAGED_ASSETS = [_staged_asset(*one) for one in FILES.items()]
STAGED_COUNT_CHECKS = [_count_check(table) for table in FILES]
STAGED_REFUSED_CHECKS = [_refused_check(table) for table in FILES]


RESOLVED = (
    "entities",
    "links",
    "link_statements",
    "legal_status",
    "amounts",
    "all_entities",
    "all_links",
    "all_statements",
    "all_amounts",
    "entity_pairs",
    "lists",
)


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


GRADED = (
    "calibration",
    "grade_verdicts",
)


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


WALKED = (
    "attribution_annual",
    "conservation",
    "bank_exposure",
    "chinese_banks",
    "chinese_bank_tiers",
    "undesignated_share",
    "interdiction_frontier",
    "interdiction_nodes",
    "interdiction_sensitivity",
    "acts",
    "acts_by_tier",
    "acts_backtest",
)


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
            kinds={"python"},
        )
        for table in WALKED
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


CLOCK = (
    "campaign_monthly",
    "campaign_designations",
    "designation_lag",
    "designation_lag_summary",
    "joint_statements",
)


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
            kinds={"python"},
        )
        for table in CLOCK
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
