"""From tables to tables: attribution of every stream and year, and what is read off it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import stats

from pipelines.draws import QUANTILES, named_generator
from pipelines.network.attribution import (
    UNATTRIBUTED,
    Attribution,
    active_in,
    attribute_year,
    money_edges,
    year_shares,
)
from pipelines.network.evidence import grade_draws, probability_draws
from pipelines.network.interdiction import (
    FlowModel,
    Scenarios,
    best_in_each_draw,
    best_sets,
    centrality_order,
    greedy,
    replaced_share,
)

CORRESPONDENT = "correspondent"
_EXPOSURE_RELATIONS = ("account_holder_at", "banked_by", "front_for", "agent", "payer", "owner")


def quantiles(values: np.ndarray, prefix: str) -> dict[str, np.ndarray]:
    """Columns `prefix_q05` … `prefix_mean` of an array (rows, draws)."""
    points = np.quantile(values, list(QUANTILES.values()), axis=1)
    out = {f"{prefix}_{name}": points[row] for row, name in enumerate(QUANTILES)}
    out[f"{prefix}_mean"] = values.mean(axis=1)
    return out


def beta_or_lognormal(
    value: float, low: float, high: float, draws: int, rng: np.random.Generator, *, share: bool
) -> np.ndarray:
    """Draws whose central 80% is about [low, high]: normal on the logit, or on the log.

    Equal ends give the value itself.
    """
    if low == high:
        return np.full(draws, value)
    z = stats.norm.ppf(0.9)
    noise = rng.standard_normal(draws)
    if not share:
        spread = (np.log(high) - np.log(low)) / (2 * z)
        return np.exp(np.log(value) + spread * noise)
    middle, lower, upper = (np.log(x / (1 - x)) for x in (value, low, high))
    return 1 / (1 + np.exp(-(middle + (upper - lower) / (2 * z) * noise)))


@dataclass(frozen=True)
class Run:
    """Every stream and year, placed.

    Attributes:
        years: one Attribution per stream and year, sorted.
        nodes: entity ids, the row axis of every array.
        amounts: usable documented sums per year (`year_shares`).
        draws: number of joint draws.
        seed: the seed they came from.
    """

    years: list[Attribution]
    nodes: list[str]
    amounts: pl.DataFrame
    draws: int
    seed: int


def attribute_all(
    income: pl.DataFrame,
    *,
    entities: pl.DataFrame,
    links: pl.DataFrame,
    statements: pl.DataFrame,
    amounts: pl.DataFrame,
    grades: pl.DataFrame,
    settings: dict[str, tuple[float, float, float]],
    seed: int,
) -> Run:
    """Place every stream's yearly income on named parties, draw by draw.

    Args:
        income: stream, year, draw, usd; every stream holds the same draws 0…n-1.
        entities: grain entity_id, with stage.
        links: grain link_id, with money.
        statements: classified; about links, and the statement an amount rests on.
        amounts: grain amount_id; rows with held_back are documented but not placed.
        grades, settings: judged tables; settings name → (value, low, high).
        seed: same seed, same numbers.

    Returns:
        Run, one Attribution per stream and year of `income`.
    """
    draws = int(income["draw"].n_unique())
    edges = money_edges(links)
    # only parties that dollars can reach; the rest carry none
    reached = {
        *edges["payer"],
        *edges["payee"],
        *(name for parties in amounts["parties"] for name in parties.split(";")),
    }
    nodes = sorted(reached)
    stage = dict(entities.select("entity_id", "stage").iter_rows())
    absorbing = np.array([stage[name] == "regime" for name in nodes])
    usable = statements.filter(pl.col("class") != "inferred")
    grade = grade_draws(grades, draws, named_generator(seed, "network grades"))
    contested = beta_or_lognormal(
        *settings["contested_factor"], draws, named_generator(seed, "network contested"), share=True
    )
    leak = beta_or_lognormal(
        *settings["leak_share"], draws, named_generator(seed, "network leak"), share=True
    )
    ids = edges["link_id"].to_list()
    p_edge = dict(zip(ids, probability_draws(usable, ids, grade, contested), strict=True))
    placed = year_shares(amounts.filter(pl.col("held_back").is_null()))
    # a sum stands or falls with the statement it was read in
    about = dict(statements.select("statement_id", "about").iter_rows())
    p_amount = {}
    for amount_id, statement_id in amounts.select("amount_id", "statement_id").iter_rows():
        own = usable.filter(pl.col("statement_id") == statement_id).with_columns(
            about=pl.lit(amount_id)
        )
        if own.height == 0:
            raise ValueError(
                f"amount {amount_id} rests on statement {statement_id}, which is "
                f"{'a reply or a guess' if statement_id in about else 'not there'}; cite another"
            )
        p_amount[amount_id] = probability_draws(own, [amount_id], grade, contested)[0]
    found = []
    for (stream, year), rows in income.sort("stream", "year", "draw").group_by(
        ["stream", "year"], maintain_order=True
    ):
        found.append(
            attribute_year(
                stream=str(stream),
                year=int(str(year)),
                income=rows["usd"].to_numpy(),
                amounts=placed.filter((pl.col("stream") == stream) & (pl.col("year") == year)),
                edges=active_in(edges, int(str(year)), str(stream)),
                nodes=nodes,
                absorbing=absorbing,
                edge_probability=p_edge,
                amount_probability=p_amount,
                leak=leak,
                rng=named_generator(seed, f"network walk {stream} {year}"),
                split_shape=settings["split_concentration"][0],
            )
        )
    return Run(found, nodes, placed, draws, seed)


def attribution_table(run: Run, entities: pl.DataFrame) -> pl.DataFrame:
    """Grain stream, year, node_id: dollars through each named party, and through nobody named."""
    stage = dict(entities.select("entity_id", "stage").iter_rows())
    frames = []
    for one in run.years:
        seen = np.flatnonzero(one.through.sum(axis=1) > 0)
        values = np.vstack([one.through[seen], one.unattributed[None, :]])
        ended = np.vstack([one.ended[seen], one.unattributed[None, :]])
        names = [one.nodes[i] for i in seen] + [UNATTRIBUTED]
        frames.append(
            pl.DataFrame(
                {
                    "stream": [one.stream] * len(names),
                    "year": [one.year] * len(names),
                    "node_id": names,
                    "stage": [stage.get(name, "unattributed") for name in names],
                    **quantiles(values, "usd"),
                    "ended_usd_mean": ended.mean(axis=1),
                    "documented_usd": [one.documented_usd] * len(names),
                    "coverage_share": [one.coverage] * len(names),
                }
            )
        )
    return pl.concat(frames).sort("stream", "year", "node_id")


def conservation_table(run: Run) -> pl.DataFrame:
    """Grain stream, year: what the blocking checks read."""
    return pl.DataFrame(
        [
            {
                "stream": one.stream,
                "year": one.year,
                "draws": one.income.size,
                "largest_miss_usd": one.residual_usd(),
                "coverage_share": one.coverage,
                "largest_attributed_share": float(
                    np.max(
                        np.divide(
                            one.income - one.unattributed,
                            one.income,
                            out=np.zeros_like(one.income),
                            where=one.income > 0,
                        ),
                        initial=0.0,
                    )
                ),
                "smallest_usd": float(min(one.through.min(initial=0), one.unattributed.min())),
                "documented_usd": one.documented_usd,
                "income_usd_mean": float(one.income.mean()),
            }
            for one in run.years
        ]
    ).sort("stream", "year")


def designation_dates(statements: pl.DataFrame) -> pl.DataFrame:
    """Grain entity_id: earliest designation; is_edition_date where only an edition dates it.

    Returns:
        entity_id, designated_on, designated_by, is_edition_date.
    """
    return (
        statements.filter(pl.col("kind") == "designated")
        .sort("is_edition_date", "stated_on", "authority")
        .group_by("about", maintain_order=True)
        .agg(
            designated_on=pl.col("stated_on").first(),
            designated_by=pl.col("authority").first(),
            is_edition_date=pl.col("is_edition_date").first(),
        )
        .rename({"about": "entity_id"})
    )


def undesignated_share(run: Run, statements: pl.DataFrame) -> pl.DataFrame:
    """Share of attributed dollars that entered at parties no body had designated by year's end.

    Each dollar is counted once, at the party where a document places it. Grain: stream, year;
    stream-years without attributed dollars are absent.
    """
    when = dict(designation_dates(statements).select("entity_id", "designated_on").iter_rows())
    rows = []
    for one in run.years:
        total = one.entry.sum(axis=0)
        if total.sum() <= 0:
            continue
        last = dt.date(one.year, 12, 31)
        free = np.array([not (name in when and when[name] <= last) for name in one.nodes])
        share = np.divide(
            one.entry[free].sum(axis=0), total, out=np.full(total.size, np.nan), where=total > 0
        )
        share = share[~np.isnan(share)]
        rows.append(
            {
                "stream": one.stream,
                "year": one.year,
                **{
                    key: float(value[0])
                    for key, value in quantiles(share[None, :], "share").items()
                },
            }
        )
    return pl.DataFrame(
        rows,
        schema={
            "stream": pl.String,
            "year": pl.Int64,
            **{f"share_{name}": pl.Float64 for name in (*QUANTILES, "mean")},
        },
    )


def bank_exposure(
    run: Run,
    *,
    entities: pl.DataFrame,
    links: pl.DataFrame,
    statements: pl.DataFrame,
    amounts: pl.DataFrame,
) -> pl.DataFrame:
    """Grain bank_id, stream, year: what documents place at a bank, and what the walk sends there.

    `documented_usd` counts sums on one relation of the bank alone; a sum shared with other banks
    or parties stands in `documented_scheme_usd` and is never to be added over banks. Banks that
    official statements name without any figure keep one row, in the year last stated, with
    has_dollars false: no number is made up for them.
    """
    banks = entities.filter(pl.col("is_bank"))
    names = banks["entity_id"].to_list()
    ends = pl.concat(
        [
            links.select("link_id", "relation", "stream", "start_on", "end_on", bank_id=a, other=b)
            for a, b in (("source_id", "target_id"), ("target_id", "source_id"))
        ]
    ).filter(pl.col("bank_id").is_in(names))

    touching = (
        year_shares(amounts)
        .with_columns(link_id=pl.col("link_ids").str.split(";"))
        .explode("link_id")
        .join(ends.select("link_id", "bank_id").unique(), on="link_id")
        .unique(["amount_id", "bank_id", "year"])
        .filter(pl.col("measure") != "spending")
    )
    documented = touching.group_by("bank_id", "stream", "year").agg(
        documented_usd=pl.col("usd_in_year").filter(pl.col("scope") == "link").sum(),
        documented_scheme_usd=pl.col("usd_in_year").filter(pl.col("scope") != "link").sum(),
    )
    rows = []
    place = {name: index for index, name in enumerate(run.nodes)}
    held = [name for name in names if name in place]
    where = np.array([place[name] for name in held], dtype=np.int64)
    for one in run.years:
        through = one.through[where]
        seen = np.flatnonzero(through.sum(axis=1) > 0)
        if seen.size:
            rows.append(
                pl.DataFrame(
                    {
                        "bank_id": [held[i] for i in seen],
                        "stream": [one.stream] * seen.size,
                        "year": [one.year] * seen.size,
                        **quantiles(through[seen], "attributed_usd"),
                    },
                    schema_overrides={"year": pl.Int64},
                )
            )
    columns = [f"attributed_usd_{name}" for name in (*QUANTILES, "mean")]
    empty = pl.DataFrame(
        schema={
            "bank_id": pl.String,
            "stream": pl.String,
            "year": pl.Int64,
            **dict.fromkeys(columns, pl.Float64),
        }
    )
    attributed = pl.concat([empty, *rows])
    key = ["bank_id", "stream", "year"]
    both = documented.join(attributed, on=key, how="full", coalesce=True)

    about_bank = pl.concat(
        [
            statements.filter(pl.col("about").is_in(names)).with_columns(bank_id="about"),
            statements.join(
                ends.select("link_id", "bank_id").unique(), left_on="about", right_on="link_id"
            ),
        ],
        how="diagonal",
    ).filter(~pl.col("kind").is_in(["reply", "inferred"]))
    said = about_bank.group_by("bank_id").agg(
        n_origins=pl.col("authority").n_unique().cast(pl.Int64),
        last_stated=pl.col("stated_on").dt.year().max().cast(pl.Int64),
        is_contested=pl.col("is_contested").all(),
    )
    stage = entities.select(other="entity_id", other_stage="stage")
    fronts = (
        ends.filter(pl.col("relation").is_in(_EXPOSURE_RELATIONS))
        .join(stage, on="other")
        .filter(pl.col("other_stage").is_in(["front", "broker", "asset"]))
        .group_by("bank_id")
        .agg(n_fronts=pl.col("other").n_unique().cast(pl.Int64))
    )
    tied = ends.group_by("bank_id").agg(streams=pl.col("stream").unique().sort().str.join(";"))
    spans = pl.concat(
        [
            ends.filter(pl.col("start_on").is_not_null() | pl.col("end_on").is_not_null()).select(
                "bank_id",
                first=pl.coalesce("start_on", "end_on").dt.year(),
                last=pl.coalesce("end_on", "start_on").dt.year(),
            ),
            touching.filter(pl.col("dated_by") == "window").select(
                "bank_id",
                first=pl.col("window_start_on").dt.year(),
                last=pl.col("window_end_on").dt.year(),
            ),
        ]
    )
    active = (
        spans.with_columns(year=pl.int_ranges("first", pl.col("last") + 1, dtype=pl.Int64))
        .explode("year")
        .group_by("bank_id")
        .agg(years_active=pl.col("year").n_unique().cast(pl.Int64))
    )
    unpriced = (
        banks.select(bank_id="entity_id")
        .join(both, on="bank_id", how="anti")
        .join(said.select("bank_id", "last_stated"), on="bank_id")
        .with_columns(stream=pl.lit("finance"))
        .rename({"last_stated": "year"})
    )
    facts = banks.select(
        bank_id="entity_id",
        bank_name="name",
        country_iso2="country_iso2",
        size_tier=pl.col("bank_size_tier").fill_null("unknown"),
        role=pl.when(pl.col("topics").fill_null("").str.split(";").list.contains(CORRESPONDENT))
        .then(pl.lit(CORRESPONDENT))
        .when(pl.col("bank_size_tier") == "dprk_bank")
        .then(pl.lit("dprk_bank"))
        .otherwise(pl.lit("holds_accounts_or_named")),
        note="note",
        total_assets_usd="total_assets_usd",
        total_assets_on="total_assets_on",
        total_assets_source="total_assets_source",
    )
    return (
        pl.concat(
            [
                both.with_columns(has_dollars=pl.lit(value=True)),
                unpriced.with_columns(has_dollars=pl.lit(value=False)),
            ],
            how="diagonal",
        )
        .with_columns(
            pl.col("documented_usd", "documented_scheme_usd").fill_null(0.0),
        )
        .join(facts, on="bank_id", how="left")
        .join(said.drop("last_stated"), on="bank_id", how="left")
        .join(fronts, on="bank_id", how="left")
        .join(tied, on="bank_id", how="left")
        .join(active, on="bank_id", how="left")
        .with_columns(
            pl.col("n_origins", "n_fronts").fill_null(0),
            exposure_to_assets_share=pl.when(
                pl.col("total_assets_usd").is_not_null() & pl.col("has_dollars")
            ).then(
                (pl.col("documented_usd") + pl.col("attributed_usd_q50").fill_null(0.0))
                / pl.col("total_assets_usd")
            ),
        )
        .sort(key)
    )


def node_type(schema: str, stage: str, *, is_bank: bool) -> str:
    """The replaceability class of a party."""
    if is_bank:
        return "bank"
    if schema == "Vessel":
        return "vessel"
    if schema == "Person":
        return "person"
    return {"front": "front", "asset": "worker_unit"}.get(stage, "company")


def scenarios_of(
    run: Run,
    *,
    entities: pl.DataFrame,
    links: pl.DataFrame,
    replaceability: pl.DataFrame,
    settings: dict[str, tuple[float, float, float]],
    first_year: int,
    last_year: int,
    draws: int,
    designated: frozenset[str] = frozenset(),
) -> Scenarios:
    """Mean annual flows of evenly spaced draws over a span of years, all streams together.

    State bodies end the chain and are no candidates; nor are correspondent banks served with a
    warrant, which cleared payments and are named without any finding against them; nor is any
    party in `designated`.
    """
    nodes = run.nodes
    place = {name: index for index, name in enumerate(nodes)}
    take = np.unique(np.linspace(0, run.draws - 1, min(draws, run.draws)).astype(int))
    edges = money_edges(links)
    ids = edges["link_id"].to_list()
    row = {name: index for index, name in enumerate(ids)}
    flow = np.zeros((len(ids), take.size))
    entry = np.zeros((len(nodes), take.size))
    through = np.zeros((len(nodes), take.size))
    inside = [one for one in run.years if first_year <= one.year <= last_year]
    years = last_year - first_year + 1
    for one in inside:
        if one.edge_ids:
            np.add.at(flow, [row[name] for name in one.edge_ids], one.edge[:, take] / years)
        entry += one.entry[:, take] / years
        through += one.through[:, take] / years
    source = np.array([place[name] for name in edges["payer"]], dtype=np.int64)
    target = np.array([place[name] for name in edges["payee"]], dtype=np.int64)
    out = np.zeros_like(through)
    np.add.at(out, source, flow)
    ended = np.where(through - out > 1e-9 * np.maximum(through, 1.0), through - out, 0.0)
    party = {row_["entity_id"]: row_ for row_ in entities.iter_rows(named=True)}
    types = [
        node_type(party[name]["schema"], party[name]["stage"], is_bank=party[name]["is_bank"])
        for name in nodes
    ]
    rng = named_generator(run.seed, "network replacement")
    table = {}
    for name, low, middle, high, fast, usual, slow in (
        replaceability.sort("node_type")
        .select(
            "node_type", "share_low", "share", "share_high", "months_low", "months", "months_high"
        )
        .iter_rows()
    ):
        table[name] = (
            beta_or_lognormal(middle, low, high, take.size, rng, share=True),
            beta_or_lognormal(usual, fast, slow, take.size, rng, share=False),
        )
    horizon = beta_or_lognormal(*settings["horizon_months"], take.size, rng, share=False)
    candidates = np.array(
        [
            place[name]
            for name in nodes
            if party[name]["stage"] != "regime"
            and CORRESPONDENT not in (party[name]["topics"] or "").split(";")
            and name not in designated
        ],
        dtype=np.int64,
    )
    return Scenarios(
        source, target, flow, entry, ended,
        replaced_share(take.size, types, table, horizon), candidates,
    )  # fmt: skip


@dataclass(frozen=True)
class Interdiction:
    """Tables of one question: frontier (grain k), nodes (grain node_id, k)."""

    frontier: pl.DataFrame
    nodes: pl.DataFrame


def interdict(
    run: Run,
    scenarios: Scenarios,
    *,
    slack: float,
    k_max: int,
    first_year: int,
    last_year: int,
    per_draw: bool = True,
) -> Interdiction:
    """The frontier of cut against k, who is in the best set how often, and what ranks would cut.

    The sets minimise the expected flow left net of replacement; the gross cut is that of the
    same sets before anything comes back.
    """
    net = FlowModel(scenarios, slack=slack)
    gross = FlowModel(
        Scenarios(
            scenarios.source,
            scenarios.target,
            scenarios.flow,
            scenarios.entry,
            scenarios.ended,
            np.zeros_like(scenarios.left),
            scenarios.candidates,
        ),
        slack=slack,
    )
    total = net.total
    choices = best_sets(net, k_max)
    by_greed = greedy(net, k_max)
    orders = centrality_order(
        scenarios.source,
        scenarios.target,
        scenarios.nodes,
        scenarios.candidates,
        np.flatnonzero(scenarios.ended.sum(axis=1) > 0),
    )
    frontier = []
    for choice in choices:
        cut = (total - gross.remaining(choice.chosen))[None, :]
        net_cut = (total - choice.remaining)[None, :]
        row: dict[str, object] = {"k": choice.k}
        row |= {key: float(value[0]) for key, value in quantiles(cut, "cut_usd").items()}
        row |= {key: float(value[0]) for key, value in quantiles(net_cut, "net_cut_usd").items()}
        row |= {
            "attributed_usd_mean": float(total.mean()),
            "chosen": ";".join(run.nodes[i] for i in choice.chosen),
            "method": choice.method,
            "is_proven": choice.is_proven,
            "gap_usd": float(choice.remaining.mean() - choice.bound),
            "greedy_net_cut_usd_mean": float((total - net.remaining(by_greed[: choice.k])).mean()),
        }
        row |= {
            f"{name}_net_cut_usd_mean": float((total - net.remaining(order[: choice.k])).mean())
            for name, order in orders.items()
        }
        row |= {"slack": slack, "first_year": first_year, "last_year": last_year}
        row["draws"] = scenarios.draws
        frontier.append(row)
    rank = {
        name: {node: place for place, node in enumerate(order, start=1)}
        for name, order in orders.items()
    }
    nodes: list[dict[str, object]] = []
    if per_draw:
        live = np.flatnonzero(total > 0)
        best = best_in_each_draw(net, k_max)[live]
        chosen = {choice.k: set(choice.chosen) for choice in choices}
        alone = {
            node: float((total - net.remaining([node])).mean())
            for node in {int(n) for n in np.unique(best) if n >= 0}
            | {n for choice in choices for n in choice.chosen}
        }
        for k in range(1, k_max + 1):
            for node in sorted(alone):
                share = float((best[:, :k] == node).any(axis=1).mean()) if live.size else 0.0
                if share > 0 or node in chosen[k]:
                    nodes.append(
                        {
                            "node_id": run.nodes[node],
                            "k": k,
                            "p_in_best_k": share,
                            "is_in_best_set": node in chosen[k],
                            "net_cut_alone_usd_mean": alone[node],
                            **{f"{name}_rank": ranks[node] for name, ranks in rank.items()},
                        }
                    )
    schema = {
        "node_id": pl.String,
        "k": pl.Int64,
        "p_in_best_k": pl.Float64,
        "is_in_best_set": pl.Boolean,
        "net_cut_alone_usd_mean": pl.Float64,
        **{f"{name}_rank": pl.Int64 for name in orders},
    }
    return Interdiction(
        pl.DataFrame(frontier), pl.DataFrame(nodes, schema=schema).sort("k", "node_id")
    )


def designation_lag(
    entities: pl.DataFrame, statements: pl.DataFrame, *, as_of: dt.date
) -> pl.DataFrame:
    """Months from the first public official allegation to the first designation. Grain: entity_id.

    Dates that are only a list's edition are left out. Parties alleged and not yet designated wait
    from their allegation to `as_of`. Absent, for want of a lag to measure: parties first named by
    their designation, correspondent banks named as holders of payments without a finding against
    them, and parties whose every allegation is contested.
    """
    dated = statements.filter(~pl.col("is_edition_date"))
    alleged = (
        dated.filter(
            pl.col("kind").is_in(
                ["alleged", "reported", "finding", "charged", "forfeiture_complaint", "convicted"]
            )
            & ~pl.col("authority").is_in(["PRC_GOV", "COMPANY"])
            & ~pl.col("is_contested")
        )
        .sort("stated_on")
        .group_by("about", maintain_order=True)
        .agg(
            alleged_on=pl.col("stated_on").first(),
            alleged_by=pl.col("authority").first(),
            alleged_as=pl.col("kind").first(),
        )
    )
    made = designation_dates(statements)
    months = lambda later, earlier: (  # noqa: E731
        (pl.col(later) - pl.col(earlier)).dt.total_days() / 30.4375
    )
    return (
        entities.filter(~pl.col("topics").fill_null("").str.split(";").list.contains(CORRESPONDENT))
        .select("entity_id", "name", "schema")
        .join(alleged, left_on="entity_id", right_on="about")
        .join(made, on="entity_id", how="left")
        .filter(
            pl.col("designated_on").is_null() | (pl.col("alleged_on") <= pl.col("designated_on"))
        )
        .with_columns(_as_of=pl.lit(as_of))
        .with_columns(
            is_designated=pl.col("designated_on").is_not_null(),
            is_date_known=~pl.col("is_edition_date").fill_null(value=False),
        )
        .with_columns(
            lag_months=pl.when(pl.col("is_designated") & pl.col("is_date_known")).then(
                months("designated_on", "alleged_on")
            ),
            waiting_months=pl.when(~pl.col("is_designated")).then(months("_as_of", "alleged_on")),
        )
        .drop("_as_of", "is_edition_date")
        .sort("entity_id")
    )


def campaign_monthly(
    *,
    statements: pl.DataFrame,
    entities: pl.DataFrame,
    events: pl.DataFrame,
    endorsers: pl.DataFrame,
    income: pl.DataFrame,
) -> pl.DataFrame:
    """Grain month: designations by body and kind of party, tests, Council acts, income.

    A party counts once per body, in the month of that body's first dated designation; listings
    dated only by a list's edition, or by year only, are in no month.

    Args:
        income: month, q05, q50, q95 of all streams together, USD.
    """
    designated = (
        statements.filter(
            (pl.col("kind") == "designated")
            & ~pl.col("is_edition_date")
            & (pl.col("stated_on_precision") != "year")
        )
        .join(entities.select(about="entity_id", schema="schema", is_bank="is_bank"), on="about")
        .group_by("about", "authority", "schema", "is_bank")
        .agg(month=pl.col("stated_on").min().dt.truncate("1mo"))
    )
    body = {"OFAC": "us", "UNSC": "un", "EU": "eu", "ROK": "rok", "JPN": "japan"}
    listed = designated.group_by("month").agg(
        designations=pl.len().cast(pl.Int64),
        **{
            f"designations_{name}": (pl.col("authority") == code).sum().cast(pl.Int64)
            for code, name in body.items()
        },
        designated_persons=(pl.col("schema") == "Person").sum().cast(pl.Int64),
        designated_vessels=(pl.col("schema") == "Vessel").sum().cast(pl.Int64),
        designated_banks=pl.col("is_bank").sum().cast(pl.Int64),
    )
    kinds = {
        "missile_test": "missile_test_events",
        "nuclear_test": "nuclear_tests",
        "satellite_launch": "satellite_launches",
        "un_resolution": "un_resolutions",
        "unsc_meeting": "unsc_meetings",
        "us_designation_round": "us_designation_rounds",
        "other_designation_round": "other_designation_rounds",
        "enforcement_action": "enforcement_actions",
        "un_joint_statement": "joint_statements",
    }
    happened = (
        events.filter(~pl.col("is_tally") & (pl.col("precision") != "year"))
        .with_columns(month=pl.col("event_on").dt.truncate("1mo"))
        .group_by("month")
        .agg(
            **{name: (pl.col("kind") == kind).sum().cast(pl.Int64) for kind, name in kinds.items()}
        )
    )
    joined = (
        endorsers.filter(pl.col("joined") == "true")
        .with_columns(month=pl.col("statement_on").dt.truncate("1mo"))
        .group_by("month")
        .agg(joint_statement_countries=pl.col("country_iso3").n_unique().cast(pl.Int64))
    )
    every = pl.concat([frame.select("month") for frame in (listed, happened, income)])
    first, last = every.select(pl.col("month").min(), last=pl.col("month").max()).row(0)
    months = pl.DataFrame({"month": pl.date_range(first, last, "1mo", eager=True)})
    out = months
    for frame in (listed, happened, joined):
        out = out.join(frame, on="month", how="left")
    counts = [name for name in out.columns if name != "month"]
    return (
        out.with_columns(pl.col(counts).fill_null(0))
        .join(
            income.select(
                "month",
                income_usd_q05="q05",
                income_usd_q50="q50",
                income_usd_q95="q95",
            ),
            on="month",
            how="left",
        )
        .with_columns(designations_12m=pl.col("designations").rolling_sum(12, min_samples=1))
        .sort("month")
    )


def campaign_designations(statements: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
    """Grain month, authority, program, schema, country_iso2: parties designated that month.

    A listing under several programs counts once under each.
    """
    return (
        statements.filter(
            (pl.col("kind") == "designated")
            & ~pl.col("is_edition_date")
            & (pl.col("stated_on_precision") != "year")
        )
        .join(
            entities.select(about="entity_id", schema="schema", country_iso2="country_iso2"),
            on="about",
        )
        .with_columns(
            program=pl.col("program").fill_null("not stated").str.split(";"),
            country_iso2=pl.col("country_iso2").fill_null("unknown"),
        )
        .explode("program")
        .with_columns(
            program=pl.col("program").str.strip_chars(),
            month=pl.col("stated_on").dt.truncate("1mo"),
        )
        .group_by("month", "authority", "program", "schema", "country_iso2")
        .agg(parties=pl.col("about").n_unique().cast(pl.Int64))
        .sort("month", "authority", "program", "schema", "country_iso2")
    )


def statements_of(
    ids: Sequence[str], statements: pl.DataFrame, links: pl.DataFrame
) -> pl.DataFrame:
    """Every statement about these parties or their relations: node_id and the statement."""
    ends = pl.concat(
        [links.select(node_id=column, about="link_id") for column in ("source_id", "target_id")]
    )
    own = pl.DataFrame({"node_id": list(ids), "about": list(ids)})
    return (
        pl.concat([own, ends.filter(pl.col("node_id").is_in(list(ids)))])
        .unique()
        .join(statements, on="about")
        .sort("node_id", "stated_on", "statement_id")
    )
