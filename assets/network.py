"""Through whom the money flows: parties, relations, attribution, banks, designations, clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import dagster as dg
import duckdb
import pandera.polars as pa
import polars as pl

from assets.checks import _count_check, _refused_check
from assets.reference import LICENCE, _keep_bytes
from assets.resources import Sampling, Snapshots, WarehouseResource
from assets.tables import note_source, result
from pipelines.network.attribution import CENT
from pipelines.network.entities import from_lists, list_keys_of, merge, parties_frame
from pipelines.network.evidence import (
    apply_corrections,
    calibrate,
    check_grades,
    classify,
    link_probabilities,
    unpublishable_persons,
)
from pipelines.network.resolution import decide, exact_pairs, join_parties, name_pairs
from pipelines.network.run import (
    Run,
    attribute_all,
    attribution_table,
    bank_exposure,
    campaign_designations,
    campaign_monthly,
    conservation_table,
    designation_dates,
    designation_lag,
    interdict,
    scenarios_of,
    undesignated_share,
)
from pipelines.schemas import network as contracts
from pipelines.sources.tables import parse_table
from pipelines.versions import code_version, hash_frame
from pipelines.warehouse import (
    fingerprint_of,
    has_table,
    inputs_hash,
    is_current,
    read_frame,
    record,
    write_frame,
)

K_MAX = 10
# variants show how far the answer moves: fewer draws do
SENSITIVITY_DRAWS = 50
FEWEST_DRAWS = 10
SLACKS = (1.0, 1.5, 3.0)
FIRST_YEAR = 2013
RECENT_YEARS = 5

FILES: dict[str, tuple[type[pa.DataFrameModel], str]] = {
    "network_entities": (contracts.NetworkEntities, "Parties our cited cases name."),
    "network_links": (
        contracts.NetworkLinks,
        "Relations between parties, and which way money runs.",
    ),
    "network_statements": (contracts.NetworkStatements, "Who says what, when, where it was read."),
    "network_amounts": (contracts.NetworkAmounts, "Documented sums of dollars, placed once."),
    "network_corrections": (contracts.NetworkCorrections, "Cells set right, with the reason."),
    "evidence_grades": (contracts.EvidenceGrades, "How far each class of statement is trusted."),
    "network_settings": (contracts.NetworkSettings, "Judged settings of the network model."),
    "replaceability": (contracts.Replaceability, "How much of a removed party comes back."),
    "entity_decisions": (contracts.EntityDecisions, "A reviewer's word on pairs of parties."),
    "campaign_events": (contracts.CampaignEvents, "Dated acts of the campaign and the tests."),
    "missile_tests_yearly": (contracts.MissileTestsYearly, "Counts of missiles a year, by source."),
    "un_statement_endorsers": (contracts.StatementEndorsers, "Who joined which joint statement."),
}

LISTED = ("listed_parties", "listed_aliases", "listed_links")


def _staged_asset(table: str, contract: type[pa.DataFrameModel], about: str) -> dg.AssetsDefinition:
    @dg.asset(
        key=["staged", table],
        group_name="staged",
        kinds={"duckdb", "polars"},
        deps=[["raw", "landed_files"]],
        description=f"{about} Hand-kept in {table}.csv.",
    )
    def staged_table(warehouse: WarehouseResource, snapshots: Snapshots) -> dg.MaterializeResult:
        content, is_embedded = _keep_bytes(snapshots, table, f"{table}.csv")
        split = parse_table(
            content,
            contract,
            contracts.columns_of(contract),
            source=table,
            file=f"{table}.csv",
        )
        with warehouse.open().connect() as connection:
            write_frame(connection, f"staged.{table}", split.kept.drop("line"))
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


def _corrected(
    connection: duckdb.DuckDBPyConnection, staged: str, table: str, key: str
) -> pl.DataFrame:
    return apply_corrections(
        read_frame(connection, f"staged.{staged}"),
        read_frame(connection, "staged.network_corrections"),
        table=table,
        key=key,
    )


def _listed(
    connection: duckdb.DuckDBPyConnection,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame] | None:
    """Rows of the official lists, when any edition has been taken in."""
    if not all(has_table(connection, f"staged.{name}") for name in LISTED):
        return None
    parties, aliases, links = (read_frame(connection, f"staged.{name}") for name in LISTED)
    return (parties, aliases, links) if parties.height else None


@dg.asset(
    key=["network", "entities"],
    group_name="network",
    kinds={"python", "duckdb"},
    deps=[["staged", table] for table in (*FILES, *LISTED)],
    description=(
        "Parties, relations and statements of our cited cases and of the official lists, resolved "
        "into one; also writes network.links, network.link_statements, network.entity_pairs. "
        "Grain: entity_id."
    ),
)
def entities(warehouse: WarehouseResource) -> dg.MaterializeResult:
    """Join, resolve, grade; mark what may be published."""
    with warehouse.open().connect() as connection:
        own = _corrected(connection, "network_entities", "entities", "entity_id")
        links = _corrected(connection, "network_links", "links", "link_id")
        said = _corrected(connection, "network_statements", "link_statements", "statement_id")
        amounts = read_frame(connection, "staged.network_amounts")
        decisions = read_frame(connection, "staged.entity_decisions")
        grades = read_frame(connection, "staged.evidence_grades")
        settings = _settings(connection)
        parties = own.join(
            list_keys_of(said, own), left_on="entity_id", right_on="about", how="left"
        ).with_columns(list_source=pl.lit("own"))
        listed = _listed(connection)
        list_ties: list[str] = []
        rows_in = (parties.height, links.height, said.height)
        if listed is not None:
            more, more_links, more_said = from_lists(*listed)
            list_ties = more_links["link_id"].to_list()
            parties = pl.concat([parties, more.select(parties.columns)])
            links = pl.concat([links, more_links.select(links.columns)])
            said = pl.concat([said, more_said.select(said.columns)])
        frame = parties_frame(parties)
        documented: dict[str, float] = {}
        for held_by, usd, held_back in amounts.select("parties", "usd", "held_back").iter_rows():
            if held_back is None:
                for name in held_by.split(";"):
                    documented[name] = documented.get(name, 0.0) + usd
        pairs = decide(
            exact_pairs(frame),
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
        probability = link_probabilities(
            statements, ties, contested_factor=settings["contested_factor"][0]
        )
        hidden = unpublishable_persons(whole, statements)["entity_id"].to_list()
        asserted = statements.filter(~pl.col("kind").is_in(["inferred", "reply"]))["about"]
        whole = whole.join(
            designation_dates(statements).rename({"is_edition_date": "is_designation_undated"}),
            on="entity_id",
            how="left",
        ).with_columns(
            is_publishable=~pl.col("entity_id").is_in(hidden)
            & pl.col("entity_id").is_in(asserted.implode())
        )
        shown = whole.filter("is_publishable")["entity_id"]
        ties = ties.join(probability, on="link_id", how="left").with_columns(
            is_publishable=pl.col("link_id").is_in(asserted.implode())
            & ~pl.col("only_inferred")
            & pl.col("source_id").is_in(shown.implode())
            & pl.col("target_id").is_in(shown.implode())
        )
        write_frame(connection, "network.entities", whole)
        write_frame(connection, "network.links", ties)
        write_frame(connection, "network.link_statements", statements)
        write_frame(connection, "network.entity_pairs", pairs)
        heads = pl.col("parties").str.split(";").list.eval(pl.element().replace(canonical))
        write_frame(
            connection, "network.amounts", amounts.with_columns(parties=heads.list.join(";"))
        )
        outcome = dict(pairs.group_by("outcome").len().iter_rows())
        return result(
            connection,
            "network.entities",
            own_parties=rows_in[0],
            own_links=rows_in[1],
            own_statements=rows_in[2],
            list_parties=parties.height - rows_in[0],
            links=ties.height,
            statements=statements.height,
            pairs_merged=outcome.get("merged", 0),
            pairs_waiting_for_review=outcome.get("waits", 0),
            persons_held_back=len(hidden),
        )


@dg.asset(
    key=["network", "calibration"],
    group_name="network",
    kinds={"python"},
    deps=[["network", "entities"]],
    description=(
        "What later years made of each class's assertions, about relations and about parties. "
        "Also writes network.grade_verdicts. Grain: about, class, year."
    ),
)
def calibration(warehouse: WarehouseResource) -> dg.MaterializeResult:
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
        return result(connection, "network.calibration")


def _income(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Every stream's headline by year and draw."""
    return connection.execute(
        """
        select stream, year(month)::bigint as year, draw, sum(usd) as usd
        from estimates.income_draws
        where measure = 'state_income_usd'
        group by all
        order by all
        """
    ).pl()


def _last_full_year(connection: duckdb.DuckDBPyConnection) -> int:
    """The last year whose twelve months are all estimated."""
    found = connection.execute(
        """
        select max(year) from (
            select year(month) as year
            from estimates.income_draws
            group by year(month)
            having count(distinct month) = 12
        )
        """
    ).fetchone()
    return int(found[0]) if found and found[0] else FIRST_YEAR


def _publishable(
    connection: duckdb.DuckDBPyConnection,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """What the walk may use: only parties and relations that may also be shown."""
    return (
        read_frame(connection, "network.entities").filter("is_publishable"),
        read_frame(connection, "network.links").filter("is_publishable"),
        read_frame(connection, "network.link_statements").filter(pl.col("kind") != "inferred"),
    )


WALKED = {
    "attribution_annual": (
        "Dollars of each stream through each named party. Grain: stream, year, node_id."
    ),
    "conservation": (
        "Placed plus unplaced against income, per stream and year. Grain: stream, year."
    ),
    "bank_exposure": (
        "What documents and the walk place at each bank. Grain: bank_id, stream, year."
    ),
    "undesignated_share": (
        "Attributed dollars entering at parties not designated. Grain: stream, year."
    ),
    "interdiction_frontier": "Income cut against the number of designations. Grain: k.",
    "interdiction_nodes": "How often a party is among the best k. Grain: node_id, k.",
    "interdiction_sensitivity": (
        "The frontier under other slacks, years and candidates. Grain: scenario, k."
    ),
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
                dg.AssetKey(["staged", "network_amounts"]),
                dg.AssetKey(["staged", "replaceability"]),
                dg.AssetKey(["staged", "network_settings"]),
            ],
            description=about,
            kinds={"python"},
        )
        for table, about in WALKED.items()
    ],
)
def walk(warehouse: WarehouseResource, sampling: Sampling) -> Iterator[dg.MaterializeResult[Any]]:
    """Place income on parties and choose designations, draw by draw."""
    with warehouse.open().connect() as connection:
        # one thread: sums of floating-point numbers come out the same on every run
        connection.execute("set threads = 1")
        parties, links, statements = _publishable(connection)
        amounts = read_frame(connection, "network.amounts")
        grades = read_frame(connection, "staged.evidence_grades")
        replaceability = read_frame(connection, "staged.replaceability")
        settings_frame = read_frame(connection, "staged.network_settings")
        made_from = inputs_hash(
            fingerprint_of(connection, "estimates.income_draws"),
            *(hash_frame(one) for one in (amounts, grades, replaceability, settings_frame)),
            hash_frame(parties),
            hash_frame(links),
            hash_frame(statements),
            code_version(),
            sampling.key(),
        )
        if not is_current(connection, "network.interdiction_frontier", made_from):
            settings = _settings(connection)
            run = attribute_all(
                _income(connection),
                entities=parties,
                links=links,
                statements=statements,
                amounts=amounts,
                grades=grades,
                settings=settings,
                seed=sampling.seed,
            )
            tables = {
                "attribution_annual": attribution_table(run, parties),
                "conservation": conservation_table(run),
                "bank_exposure": bank_exposure(
                    run, entities=parties, links=links, statements=statements, amounts=amounts
                ),
                "undesignated_share": undesignated_share(run, statements),
                **_interdiction(
                    run, parties, links, replaceability, settings, _last_full_year(connection)
                ),
            }
            for table in WALKED:
                write_frame(connection, f"network.{table}", tables[table])
            record(connection, "network.interdiction_frontier", made_from)
        for table in WALKED:
            found = result(connection, f"network.{table}")
            yield dg.MaterializeResult(
                asset_key=dg.AssetKey(["network", table]), metadata=found.metadata
            )


def _interdiction(
    run: Run,
    parties: pl.DataFrame,
    links: pl.DataFrame,
    replaceability: pl.DataFrame,
    settings: dict[str, tuple[float, float, float]],
    last: int,
) -> dict[str, pl.DataFrame]:
    """The headline frontier and its variants."""
    designated = frozenset(
        parties.filter(pl.col("designated_on").is_not_null())["entity_id"].to_list()
    )
    slack = settings["rerouting_slack"][0]

    def choose(
        first_year: int, slack: float, held: frozenset[str], *, per_draw: bool
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        scenarios = scenarios_of(
            run,
            entities=parties,
            links=links,
            replaceability=replaceability,
            settings=settings,
            first_year=first_year,
            last_year=last,
            # every twentieth draw at most: a small sample asks for few
            draws=max(
                FEWEST_DRAWS,
                min(
                    run.draws // 20,
                    int(settings["interdiction_draws"][0]) if per_draw else SENSITIVITY_DRAWS,
                ),
            ),
            designated=held,
        )
        found = interdict(
            run,
            scenarios,
            slack=slack,
            k_max=K_MAX,
            first_year=first_year,
            last_year=last,
            per_draw=per_draw,
        )
        return found.frontier, found.nodes

    frontier, nodes = choose(FIRST_YEAR, slack, frozenset(), per_draw=True)
    variants = []
    recent = last - RECENT_YEARS + 1
    for name, first_year, how_much, held in (
        *(
            (f"slack {value:g}", FIRST_YEAR, value, frozenset())
            for value in SLACKS
            if value != slack
        ),
        (f"since {recent}", recent, slack, frozenset()),
        ("not yet designated", FIRST_YEAR, slack, designated),
        (f"not yet designated, since {recent}", recent, slack, designated),
    ):
        rows, _ = choose(first_year, how_much, held, per_draw=False)
        variants.append(rows.with_columns(scenario=pl.lit(name)))
    return {
        "interdiction_frontier": frontier,
        "interdiction_nodes": nodes.join(
            parties.select(
                node_id="entity_id",
                name="name",
                stage="stage",
                schema="schema",
                is_designated=pl.col("designated_on").is_not_null(),
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
        parties, _, statements = _publishable(connection)
        events = read_frame(connection, "staged.campaign_events")
        income = connection.execute(
            """
            select
                month,
                quantile_cont(usd, 0.05) as q05,
                quantile_cont(usd, 0.50) as q50,
                quantile_cont(usd, 0.95) as q95
            from estimates.total_draws
            where measure = 'state_income_usd'
            group by month
            order by month
            """
        ).pl()
        as_of: dt.date = statements.select(pl.col("stated_on").max()).item()
        tables = {
            "campaign_monthly": campaign_monthly(
                statements=statements,
                entities=parties,
                events=events,
                endorsers=read_frame(connection, "staged.un_statement_endorsers"),
                income=income,
            ),
            "campaign_designations": campaign_designations(statements, parties),
            "designation_lag": designation_lag(parties, statements, as_of=as_of),
        }
        for table, frame in tables.items():
            write_frame(connection, f"network.{table}", frame)
            more: dict[str, Any] = {}
            if table == "designation_lag":
                lag = frame["lag_months"].drop_nulls()
                more = {
                    "median_lag_months": frame.select(pl.col("lag_months").median()).item(),
                    "parties_with_a_lag": lag.len(),
                    "parties_waiting": frame["waiting_months"].drop_nulls().len(),
                }
            found = result(connection, f"network.{table}", **more)
            yield dg.MaterializeResult(
                asset_key=dg.AssetKey(["network", table]), metadata=found.metadata
            )


def _rows(warehouse: WarehouseResource, sql: str) -> list[tuple[Any, ...]]:
    with warehouse.open().connect(read_only=True) as connection:
        return connection.execute(sql).fetchall()


@dg.asset_check(
    asset=["network", "conservation"],
    blocking=True,
    description="In every draw, dollars placed and dollars placed on nobody add up to income.",
)
def placed_and_unplaced_dollars_are_income(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """To the cent, in every stream and year."""
    with warehouse.open().connect(read_only=True) as connection:
        frame = read_frame(connection, "network.conservation")
    bad = frame.filter(~(pl.col("largest_miss_usd") < CENT) | (pl.col("smallest_usd") < -CENT))
    return dg.AssetCheckResult(
        passed=frame.height > 0 and bad.height == 0,
        description=f"{frame.height} stream-years; {bad.height} miss: {bad.rows()[:3]}",
    )


@dg.asset_check(
    asset=["network", "conservation"],
    blocking=True,
    description="In no draw is a larger share of income attributed than documents cover.",
)
def attributed_share_is_within_coverage(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Coverage is documented dollars over mean income."""
    with warehouse.open().connect(read_only=True) as connection:
        frame = read_frame(connection, "network.conservation")
    over = frame.filter(
        (pl.col("largest_attributed_share") > pl.col("coverage_share") + 1e-9)
        | (
            pl.col("coverage_share")
            > (pl.col("documented_usd") / pl.col("income_usd_mean")).clip(0, 1) + 1e-9
        )
    )
    return dg.AssetCheckResult(
        passed=frame.height > 0 and over.height == 0,
        description=f"{over.height} stream-years place more than is documented: {over.rows()[:3]}",
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


@dg.asset_check(
    asset=["network", "entities"],
    blocking=True,
    description=(
        "No inferred relation, no person without an official statement and no row without a "
        "statement may be published; no statement is lost in merging."
    ),
)
def publication_rules_hold(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Read straight from the tables, not from the flags' own making."""
    officials = ", ".join(f"'{name}'" for name in contracts.PERSON_AUTHORITIES)
    broken = {
        "relations shown that only a model asserts, or nobody": """
            select link_id from network.links as links
            where links.is_publishable and not exists (
                select 1 from network.link_statements as said
                where said.about = links.link_id and said.kind not in ('inferred', 'reply')
            )
        """,
        "parties shown without a statement": """
            select entity_id from network.entities as parties
            where parties.is_publishable and not exists (
                select 1 from network.link_statements as said
                where said.about = parties.entity_id and said.kind not in ('inferred', 'reply')
            )
        """,
        "persons shown without an official statement": f"""
            select entity_id from network.entities as parties
            where parties.is_publishable and parties.schema = 'Person' and not exists (
                select 1 from network.link_statements as said
                where said.about = parties.entity_id and said.kind not in ('inferred', 'reply')
                    and said.authority in ({officials})
            )
        """,
        "relations shown between parties that are not": """
            select link_id from network.links as links
            where links.is_publishable and not (
                links.source_id in (select entity_id from network.entities where is_publishable)
                and links.target_id in (
                    select entity_id from network.entities where is_publishable)
            )
        """,
        "statements about nothing": """
            select statement_id from network.link_statements
            where about not in (select entity_id from network.entities)
                and about not in (select link_id from network.links)
        """,
        "statements of our table that are gone": """
            select statement_id from staged.network_statements
            where statement_id not in (select statement_id from network.link_statements)
                and statement_id not in (
                    select row_id from staged.network_corrections where column_name = 'withdrawn')
        """,
    }
    told = []
    for what, sql in broken.items():
        rows = _rows(warehouse, sql)
        if rows:
            told.append(f"{what}: {len(rows)}, first {rows[0][0]}")
    return dg.AssetCheckResult(passed=not told, description="; ".join(told) or "all rules hold")
