"""Through whom the money flows: parties, relations, attribution, banks, designations, clock."""

from __future__ import annotations

import dagster as dg
import polars as pl

from assets.checks import _count_check, _refused_check
from assets.reference import LICENCE, _keep_bytes
from assets.resources import Snapshots, WarehouseResource
from assets.tables import result
from pipelines.network.corrections import blame, corrections_of, mend
from pipelines.network.evidence import check_grades
from pipelines.quarantine import empty_quarantine
from pipelines.reference_tables import parse_table
from pipelines.schemas import network as contracts
from pipelines.schemas.table import Table
from pipelines.sources.notes import note_source
from pipelines.warehouse import read_frame, write_frame

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
