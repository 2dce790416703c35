"""Checks that block publication."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from assets.resources import Snapshots, WarehouseResource
from assets.tables import code_links
from pipelines.hand_kept import CORRECTED
from pipelines.network.attribution import CENT
from pipelines.network.evidence import check_grades
from pipelines.operating.alerting import stale_text
from pipelines.operating.asking import answers_of
from pipelines.operating.makers import RAW
from pipelines.paths import SQL_DIR
from pipelines.schemas.network import ASSERTS_NOTHING, PERSON_AUTHORITIES
from pipelines.sources.folders import SourceFolder, list_folders
from pipelines.sources.list_editions import LISTS
from pipelines.sources.notes import note_source
from pipelines.warehouse import bound, head_of, read_frame, record, row_count, sql_of, tables_read


def count_check(table: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=["staged", table],
        name=f"{table}_rows_in_are_rows_kept_plus_refused",
        blocking=True,
        description="Every row received is in the table or in quarantine, with a reason.",
    )
    def rows_add_up(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        with warehouse.open().connect(read_only=True) as connection:
            run = connection.execute(sql_of("runs.source_rows"), {"source": table}).fetchone()
            in_table = row_count(connection, f"staged.{table}")
        rows_in, kept, quarantined, in_quarantine = run or (-1, -1, -1, -1)
        return dg.AssetCheckResult(
            passed=rows_in == in_table + in_quarantine
            and kept == in_table
            and quarantined == in_quarantine,
            description=(
                f"{rows_in} rows in; {in_table} in the table; {in_quarantine} in quarantine"
            ),
            metadata={"rows_in": rows_in, "kept": in_table, "quarantined": in_quarantine},
        )

    return rows_add_up


def refused_check(table: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=["staged", table],
        name=f"{table}_no_row_refused",
        blocking=True,
        description="A refused figure would move an estimate silently: mend or remove it first.",
    )
    def none_refused(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        with warehouse.open().connect(read_only=True) as connection:
            refused = connection.execute(
                sql_of("runs.refused_cells"), {"source": table, "corrected": CORRECTED}
            ).fetchall()
        told = "\n".join(f"{file}, line {line}: {reason}" for file, line, reason in refused)
        return dg.AssetCheckResult(
            passed=not refused,
            description=told or "no row was refused",
            metadata={"refused": len(refused)},
        )

    return none_refused


def _drift_check(source: SourceFolder) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=["staged", source.name],
        name=f"{source.name}_has_its_agreed_form",
        blocking=False,
        description="A source that changed its form stops here; older snapshots carry on.",
    )
    def agreed_form(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        with warehouse.open().connect(read_only=True) as connection:
            found = connection.execute(sql_of("runs.form_of_source"), {"source": source.name})
            status, has_drifted, is_stale, lost = found.fetchone() or ("not staged", False, True, 0)
        return dg.AssetCheckResult(
            passed=not has_drifted and lost == 0,
            severity=dg.AssetCheckSeverity.WARN,
            description=status,
            metadata={"is_stale": is_stale, "rows_lost": lost},
        )

    return agreed_form


DRIFT_CHECKS = [_drift_check(source) for source in list_folders()]


# sources with a rhythm of their own, and the table that a reading of them fills
_TIMED = {one.name: one.name for one in list_folders() if one.refresh is not None} | {
    one.source: "listed_parties" for one in LISTS
}


@dg.multi_asset_check(
    name="sources_up_to_date",
    specs=[
        dg.AssetCheckSpec(
            "is_up_to_date",
            asset=["raw", source],
            additional_deps=[["staged", table]],
            description="The source itself spoke within its rhythm, whoever looked since.",
        )
        for source, table in _TIMED.items()
    ],
    can_subset=True,
)
def sources_up_to_date(warehouse: WarehouseResource) -> Iterator[dg.AssetCheckResult]:
    """Warn on the page of each source that is stale: a run that looked at it made it no fresher."""
    selected = dg.AssetCheckExecutionContext.get().selected_asset_check_keys
    with warehouse.open().connect(read_only=True) as connection:
        rows = read_frame(connection, "staged.source_runs").rows_by_key(
            "source", named=True, include_key=True, unique=True
        )
    for key in sorted(selected, key=lambda key: key.to_user_string()):
        row = rows.get(key.asset_key.path[-1])
        is_stale = row is None or row["is_stale"]
        yield dg.AssetCheckResult(
            check_name=key.name,
            asset_key=key.asset_key,
            passed=not is_stale,
            severity=dg.AssetCheckSeverity.WARN,
            description="not read yet" if row is None else (
                f"STALE. {stale_text(row)}" if is_stale else str(row["status"])
            ),
        )  # fmt: skip


@dg.asset_check(
    asset=["published", "release"],
    additional_deps=[one.makes[0].split(".") for one in RAW],
    blocking=True,
    description=(
        "Sources that this run asked over the network answered, and no fewer than last time. The "
        "release is out either way, with what it rests on; the run is not called a success."
    ),
)
def sources_answered(snapshots: Snapshots) -> dg.AssetCheckResult:
    """Compare the answers of this run with the last time each source was asked."""
    context = dg.AssetCheckExecutionContext.get()
    answers = answers_of(context.run.run_id, snapshots.store())
    if answers.asked:
        context.instance.add_run_tags(context.run.run_id, {"dprk/sources": answers.counted})
    if answers.is_outage:
        # the page of a failed run shows Dagster's own trace for any check; this stands above it
        context.log.error(answers.told)
    elif answers.silent:
        # nobody who answered before fell silent; that some never did is still worth a line
        context.log.warning(answers.told.replace("\n", "; "))
    return dg.AssetCheckResult(
        passed=not answers.is_outage,
        description=answers.told,
        metadata={
            "asked": len(answers.asked),
            "answered": len(answers.asked) - len(answers.silent),
            "lost": len(answers.lost),
        },
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


# tables that many assets write a part of: an address, and no maker of its own
LEDGERS = [
    dg.AssetSpec(address.split("."), group_name=group, metadata=code_links(by))
    for address, group, by in (
        ("staged.source_runs", "staged", note_source),
        ("staged.quarantine", "staged", note_source),
        ("meta.fingerprints", "published_release", record),
    )
]


# what rules may ask by name
RULE_VALUES = {
    "asserts_nothing": list(ASSERTS_NOTHING),
    "person_authorities": list(PERSON_AUTHORITIES),
    "cent_usd": CENT,
    "lists": [one.source for one in LISTS],
}
_FIRST_ROWS = 3
_SEVERITY = {True: dg.AssetCheckSeverity.ERROR, False: dg.AssetCheckSeverity.WARN}


def _rule_checks(folder: Path) -> dg.AssetChecksDefinition:
    """Every rule of one table, `sql/checks/<schema>/<table>/<rule>.sql`: the rows that break it.

    One under `sql/warnings` blocks nothing.
    """
    kind, *address = folder.relative_to(SQL_DIR).parts
    is_blocking = kind == "checks"
    rules = {file.stem: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.sql"))}

    @dg.multi_asset_check(
        name="__".join([*address, "rules" if is_blocking else "warnings"]),
        specs=[
            dg.AssetCheckSpec(
                rule,
                asset=address,
                blocking=is_blocking,
                description=head_of(sql),
                additional_deps=[
                    read for table in tables_read(sql) if (read := table.split(".")) != address
                ],
            )
            for rule, sql in rules.items()
        ],
    )
    def rules_hold(warehouse: WarehouseResource) -> Iterator[dg.AssetCheckResult]:
        with warehouse.open().connect(read_only=True) as connection:
            for rule, sql in rules.items():
                breaking = connection.execute(sql, bound(sql, RULE_VALUES)).pl()
                told = "; ".join(str(row) for row in breaking.head(_FIRST_ROWS).rows())
                yield dg.AssetCheckResult(
                    check_name=rule,
                    asset_key=dg.AssetKey(address),
                    passed=breaking.is_empty(),
                    severity=_SEVERITY[is_blocking],
                    description=(
                        f"{head_of(sql)} Broken {breaking.height} times, first by {told}"
                        if told
                        else "holds"
                    ),
                    metadata={"rows_breaking": breaking.height},
                )

    return rules_hold


RULE_CHECKS = [
    _rule_checks(folder)
    for kind in ("checks", "warnings")
    for folder in sorted((SQL_DIR / kind).glob("*/*"))
]
