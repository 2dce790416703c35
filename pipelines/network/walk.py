"""The walk: income placed on parties, seen to pass banks, acts weighed; today and on past days."""

from __future__ import annotations

import duckdb
import polars as pl

from pipelines.network import acts as network_acts
from pipelines.network.banks import (
    STATE_BANK,
    bank_exposure,
    channel_links,
    chinese_bank_tiers,
    chinese_banks,
    throughput,
)
from pipelines.network.on_day import NetworkOn, as_of_run, network_on, settings_of
from pipelines.network.run import (
    attribute_all,
    attribution_table,
    conservation_table,
    interdict,
    scenarios_of,
    state_bodies,
    undesignated_share,
)
from pipelines.network.status import designations, standing
from pipelines.network.summaries import evenly, quantile_names
from pipelines.versions import hash_frame
from pipelines.warehouse import fingerprint_of, inputs_hash, read_frame, sql_of, tables_read

K_MAX = 10
# variants show how far the answer moves: fewer draws do
SENSITIVITY_DRAWS = 50
FEWEST_DRAWS = 10
SLACKS = (1.0, 1.5, 3.0)
# a test of the method needs an order of names, not tails
PAST_DRAWS = 400
# how long a name has to come true
BACKTEST_MONTHS = 24

INCOME = "estimates.income_draws"
HOSTS_FROM = [
    table for table in tables_read(sql_of("network.hosts")) if table.startswith("estimates.")
]
JUDGED = (
    "evidence_grades",
    "replaceability",
    "network_settings",
    "network_headcounts",
    "network_bank_notes",
    "network_status_ends",
    "stream_eras",
    "act_days",
)
_KNOWN = ("all_entities", "all_links", "all_statements", "all_amounts", "legal_status")


def judgements(connection: duckdb.DuckDBPyConnection) -> dict[str, pl.DataFrame]:
    """The staged tables that the walk reads beside the network itself."""
    return {table: read_frame(connection, f"staged.{table}") for table in JUDGED}


def walk_inputs(connection: duckdb.DuckDBPyConnection, judged: dict[str, pl.DataFrame]) -> str:
    """Hash of every table the walk reads; seed and code are not among them."""
    return inputs_hash(
        fingerprint_of(connection, INCOME),
        *(fingerprint_of(connection, table) for table in HOSTS_FROM),
        *(hash_frame(one) for one in judged.values()),
        *(hash_frame(read_frame(connection, f"network.{table}")) for table in _KNOWN),
    )


def _thinned(frame: pl.DataFrame, draws: int) -> pl.DataFrame:
    """Evenly spaced draws, renumbered from 0; the same worlds in every frame."""
    most = int(frame["draw"].n_unique())
    take = evenly(most, draws)
    return frame.filter(pl.col("draw").is_in(take)).with_columns(
        draw=pl.col("draw").rank("dense").cast(pl.Int64) - 1
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


def walked(
    connection: duckdb.DuckDBPyConnection, judged: dict[str, pl.DataFrame], seed: int
) -> dict[str, pl.DataFrame]:
    """Every table of the walk, by name.

    Args:
        connection: the work database; only read.
        judged: what `judgements` gives.
        seed: same seed, same numbers.
    """
    settings = settings_of(connection)
    income, hosts = (
        connection.execute(sql_of(f"network.{name}")).pl() for name in ("income", "hosts")
    )
    day = network_on(connection, as_of_run(connection))
    placed = _placed(day, income, hosts, judged, settings, seed)
    parties, links, statements = day.shown()
    run = placed.run
    standings = standing(day.legal_status)
    live = day.legal_status.filter("is_in_force")["status_id"].to_list()
    attribution = attribution_table(run, parties)
    state = parties.filter(pl.col("bank_size_tier") == STATE_BANK)["entity_id"]
    state_banks = attribution.filter(pl.col("node_id").is_in(state.implode())).select(
        pl.col("stream", "year"),
        bank_id="node_id",
        **dict(zip(quantile_names("attributed_usd"), quantile_names("usd"), strict=True)),
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
        then = network_on(connection, past)
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
    ends = state_bodies(run.nodes, parties)
    slack = settings["rerouting_slack"][0]
    open_ = mine.filter("is_open")["party_id"].to_list()

    def choose(
        slack: float, candidates: list[str], *, per_draw: bool
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
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

    frontier, nodes = choose(slack, open_, per_draw=True)
    variants = [
        choose(value, names, per_draw=False)[0].with_columns(scenario=pl.lit(label))
        for label, value, names in (
            *((f"slack {value:g}", value, open_) for value in SLACKS if value != slack),
            ("whoever was acted on too", slack, parties["entity_id"].to_list()),
        )
    ]
    return {
        "interdiction_frontier": frontier,
        "interdiction_nodes": nodes.join(
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
