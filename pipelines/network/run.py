"""From tables to tables: attribution of every stream and year, and what removals would cut."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import polars as pl

from pipelines.draws import named_generator
from pipelines.network.attribution import (
    UNATTRIBUTED,
    Attribution,
    Counted,
    active_in,
    attribute_year,
    money_edges,
    state_bank_edges,
    year_shares,
)
from pipelines.network.banks import STATE_BANK
from pipelines.network.cuts import (
    MOST_PARTIES,
    best_over_trails,
    enumerate_trail,
    greedy_over,
    remaining_of,
    trails_of,
)
from pipelines.network.evidence import grade_draws, probability_draws
from pipelines.network.interdiction import (
    FlowModel,
    InterdictionError,
    Scenarios,
    best_in_each_draw,
    best_sets,
    centrality_order,
    greedy,
)
from pipelines.network.summaries import (
    beta_or_lognormal,
    evenly,
    quantile_names,
    quantile_row,
    quantiles,
    replaced_share,
)


@dataclass(frozen=True)
class Run:
    """Every stream and year, placed.

    Attributes:
        years: one Attribution per stream and year, sorted.
        nodes: entity ids, the row axis of every array.
        amounts: usable documented sums per year (`year_shares`).
        edge_probability: link_id → (draws,) of every relation asked for.
        draws: number of joint draws.
        seed: the seed they came from.
    """

    years: list[Attribution]
    nodes: list[str]
    amounts: pl.DataFrame
    edge_probability: dict[str, np.ndarray]
    draws: int
    seed: int


def reachable(starts: Iterable[str], edges: pl.DataFrame) -> set[str]:
    """The parties that dollars entering at `starts` can come to, these included."""
    onward: dict[str, list[str]] = {}
    for payer, payee in edges.select("payer", "payee").iter_rows():
        onward.setdefault(payer, []).append(payee)
    seen = set(starts)
    front = list(seen)
    while front:
        front = [new for old in front for new in onward.get(old, []) if new not in seen]
        seen.update(front)
    return seen


def state_bodies(nodes: Sequence[str], entities: pl.DataFrame) -> np.ndarray:
    """(nodes,) True for bodies of the state, where trails end."""
    regime = set(entities.filter(pl.col("stage") == "regime")["entity_id"])
    return np.array([name in regime for name in nodes], dtype=bool)


def attribute_all(
    income: pl.DataFrame,
    *,
    entities: pl.DataFrame,
    links: pl.DataFrame,
    statements: pl.DataFrame,
    amounts: pl.DataFrame,
    headcounts: pl.DataFrame,
    hosts: pl.DataFrame,
    grades: pl.DataFrame,
    settings: dict[str, tuple[float, float, float]],
    seed: int,
) -> Run:
    """Place every stream's yearly income on named parties, draw by draw.

    Args:
        income: stream, year, draw, usd; every stream holds the same draws 0…n-1.
        entities: grain entity_id, with stage and bank_size_tier.
        links: grain link_id, with money and is_channel.
        statements: classified; about links, and the statement an amount rests on.
        amounts: grain amount_id; rows with held_back are documented but not placed.
        headcounts: workers documented at employers, grain headcount_id.
        hosts: stream, host_iso3, year, draw, headcount, usd, same draws; of streams of people.
        grades, settings: judged tables; settings name → (value, low, high).
        seed: same seed, same numbers.

    Returns:
        Run, one Attribution per stream and year of `income`.
    """
    draws = int(income["draw"].n_unique())
    used = amounts.filter(pl.col("held_back").is_null())
    counted_at = headcounts.filter(pl.col("employer_id").is_in(entities["entity_id"].implode()))
    starts = {
        *(name for parties in used["parties"] for name in parties.split(";")),
        *counted_at["employer_id"],
    }
    every = pl.concat([money_edges(links), state_bank_edges(entities)])
    # only parties that dollars can reach; the rest carry none
    nodes = sorted(reachable(starts, every))
    edges = every.filter(pl.col("payer").is_in(nodes))
    absorbing = state_bodies(nodes, entities)
    state_banks = set(entities.filter(pl.col("bank_size_tier") == STATE_BANK)["entity_id"])
    edges = edges.filter(
        ~pl.col("payer").is_in(list(state_banks)) | pl.col("link_id").str.contains("--state_bank--")
    )
    usable = statements.filter(pl.col("class") != "inferred")
    grade = grade_draws(grades, draws, named_generator(seed, "network grades"))
    contested = beta_or_lognormal(
        *settings["contested_factor"], draws, named_generator(seed, "network contested"), share=True
    )
    leak = beta_or_lognormal(
        *settings["leak_share"], draws, named_generator(seed, "network leak"), share=True
    )
    # a bank of the state passes on all it receives
    leaks = np.where(np.array([name in state_banks for name in nodes])[:, None], 0.0, leak)
    channels = links.filter("is_channel")["link_id"].to_list()
    ids = sorted({*edges["link_id"], *channels})
    p_edge = dict(zip(ids, probability_draws(usable, ids, grade, contested), strict=True))
    for name in ids:
        if "--state_bank--" in name:
            p_edge[name] = np.ones(draws)
    placed = year_shares(used)
    about = dict(statements.select("statement_id", "about").iter_rows())

    def standing(row_id: str, statement_id: str) -> np.ndarray:
        """A figure stands or falls with the statement it was read in."""
        own = usable.filter(pl.col("statement_id") == statement_id).with_columns(
            about=pl.lit(row_id)
        )
        if own.height == 0:
            raise ValueError(
                f"{row_id} rests on statement {statement_id}, which is "
                f"{'a reply or a guess' if statement_id in about else 'not there'}; cite another"
            )
        return probability_draws(own, [row_id], grade, contested)[0]

    p_amount = {
        row_id: standing(row_id, said)
        for row_id, said in used.select("amount_id", "statement_id").iter_rows()
    }
    workers = {
        str(of): _counted(counted_at, there, draws, standing, seed)
        for (of,), there in hosts.group_by(["stream"], maintain_order=True)
    }
    sums = placed.partition_by(["stream", "year"], as_dict=True)
    no_sum, no_edge = placed.clear(), edges.clear()
    found = []
    for (stream, year), rows in income.sort("stream", "year", "draw").group_by(
        ["stream", "year"], maintain_order=True
    ):
        name, when = str(stream), int(str(year))
        here = sums.get((stream, year), no_sum)
        counted = workers.get(name, {}).get(when, [])
        active = no_edge
        if here.height or counted:
            enter = {
                *(party for parties in here["parties"] for party in parties.split(";")),
                *(one.employer for one in counted),
            }
            active = active_in(edges, when, name)
            active = active.filter(pl.col("payer").is_in(list(reachable(enter, active))))
        found.append(
            attribute_year(
                stream=name,
                year=when,
                income=rows["usd"].to_numpy(),
                amounts=here,
                edges=active,
                nodes=nodes,
                absorbing=absorbing,
                edge_probability=p_edge,
                amount_probability=p_amount,
                leak=leaks,
                rng=named_generator(seed, f"network walk {name} {when}"),
                split_shape=settings["split_concentration"][0],
                counted=counted,
            )
        )
    return Run(found, nodes, placed, p_edge, draws, seed)


def _counted(
    headcounts: pl.DataFrame,
    hosts: pl.DataFrame,
    draws: int,
    standing: Callable[[str, str], np.ndarray],
    seed: int,
) -> dict[int, list[Counted]]:
    """Workers documented at employers, by the calendar years their windows touch."""
    modelled = {
        (str(host), int(str(year))): rows.sort("draw")
        for (host, year), rows in hosts.group_by(["host_iso3", "year"], maintain_order=True)
    }
    out: dict[int, list[Counted]] = {}
    for row in headcounts.sort("headcount_id").iter_rows(named=True):
        people = beta_or_lognormal(
            row["workers"], row["workers_low"], row["workers_high"], draws,
            named_generator(seed, f"network workers {row['headcount_id']}"), share=False,
        )  # fmt: skip
        for year in range(row["window_start_on"].year, row["window_end_on"].year + 1):
            host = modelled.get((row["host_iso3"], year))
            if host is None or host.height != draws:
                continue
            out.setdefault(year, []).append(
                Counted(
                    row["host_iso3"],
                    row["employer_id"],
                    people,
                    host["headcount"].to_numpy(),
                    host["usd"].to_numpy(),
                    standing(row["headcount_id"], row["statement_id"]),
                )
            )
    return out


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
                    "documented_workers": [one.documented_workers] * len(names),
                    "coverage_share": [one.coverage] * len(names),
                }
            )
        )
    return pl.concat(frames).sort("stream", "year", "node_id")


def conservation_table(run: Run) -> pl.DataFrame:
    """Grain stream, year: what the blocking checks read."""
    rows = []
    for one in run.years:
        income, placed = one.income, one.income - one.unattributed
        share = np.divide(placed, income, out=np.zeros_like(income), where=income > 0)
        excess = placed - one.covered * np.maximum(income, 0.0)
        rows.append(
            {
                "stream": one.stream,
                "year": one.year,
                "draws": income.size,
                "largest_miss_usd": one.residual_usd(),
                "coverage_share": one.coverage,
                "largest_attributed_share": float(share.max(initial=0.0)),
                "largest_excess_usd": float(excess.max(initial=0.0)),
                "smallest_usd": float(min(one.through.min(initial=0), one.unattributed.min())),
                "documented_usd": one.documented_usd,
                "documented_workers": one.documented_workers,
                "income_usd_mean": float(income.mean()),
            }
        )
    return pl.DataFrame(rows).sort("stream", "year")


def undesignated_share(run: Run, designated: pl.DataFrame) -> pl.DataFrame:
    """Share of attributed dollars that entered at parties no body had designated by year's end.

    Each dollar is counted once, at the party where a document places it. A party on a list whose
    day nobody knows counts as designated. Grain: stream, year; stream-years without attributed
    dollars are absent.

    Args:
        designated: entity_id, designated_on (null: listed, day not known).
    """
    when = {
        name: day or dt.date.min
        for name, day in designated.select("entity_id", "designated_on").iter_rows()
    }
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
        rows.append(
            {
                "stream": one.stream,
                "year": one.year,
                **quantile_row(share[~np.isnan(share)], "share"),
            }
        )
    shares = dict.fromkeys(quantile_names("share"), pl.Float64)
    return pl.DataFrame(rows, schema={"stream": pl.String, "year": pl.Int64, **shares})


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
    replaceability: pl.DataFrame,
    settings: dict[str, tuple[float, float, float]],
    first_year: int,
    last_year: int,
    draws: int,
    candidates: Iterable[str],
) -> Scenarios:
    """Mean annual flows of evenly spaced draws over a span of years, all streams together.

    Args:
        candidates: the parties for whom the act is still open; state bodies end the chain and are
            never among them.
    """
    nodes = run.nodes
    take = evenly(run.draws, draws)
    inside = [one for one in run.years if first_year <= one.year <= last_year]
    ends_of = {
        name: ends
        for one in inside
        for name, *ends in zip(one.edge_ids, one.source, one.target, strict=True)
    }
    ids = sorted(ends_of)
    row = {name: index for index, name in enumerate(ids)}
    source, target = np.array([ends_of[name] for name in ids], dtype=np.int64).reshape(-1, 2).T
    flow = np.zeros((len(ids), take.size))
    entry, through, out = (np.zeros((len(nodes), take.size)) for _ in range(3))
    years = last_year - first_year + 1
    for one in inside:
        np.add.at(flow, [row[name] for name in one.edge_ids], one.edge[:, take] / years)
        entry += one.entry[:, take] / years
        through += one.through[:, take] / years
    np.add.at(out, source, flow)
    ended = np.where(through - out > 1e-9 * np.maximum(through, 1.0), through - out, 0.0)
    party = {row_["entity_id"]: row_ for row_ in entities.iter_rows(named=True)}
    types = [
        node_type(party[name]["schema"], party[name]["stage"], is_bank=party[name]["is_bank"])
        for name in nodes
    ]
    rng = named_generator(run.seed, "network replacement")
    left = replaced_share(replaceability, settings["horizon_months"], types, take.size, rng)
    open_ = set(candidates)
    removable = [
        place
        for place, name in enumerate(nodes)
        if name in open_ and party[name]["stage"] != "regime"
    ]
    return Scenarios(source, target, flow, entry, ended, left, np.array(removable, dtype=np.int64))


@dataclass(frozen=True)
class Solved:
    """Best removals of one question, by whichever method fits the network.

    Attributes:
        sets: for k = 1 … k_max the best set of node indices.
        left, gross: (k_max, draws) dollars left by it, with and before what comes back.
        total: (draws,) dollars with nothing removed.
        in_best: (k_max, nodes) share of live draws with a party in that draw's own best set.
        gap_usd: per k, how far from proven.
        method: `enumerated` (every cut of every trail), `mip` or `greedy`, per k.
        greedy: node indices in the order in which each cuts most.
        remaining: dollars left by any set of candidates, with what comes back.
    """

    sets: list[tuple[int, ...]]
    left: np.ndarray
    gross: np.ndarray
    total: np.ndarray
    in_best: np.ndarray
    gap_usd: list[float]
    method: list[str]
    greedy: list[int]
    remaining: Callable[[Sequence[int]], np.ndarray]


def solve(
    scenarios: Scenarios, ends: np.ndarray, *, slack: float, k_max: int, per_draw: bool = True
) -> Solved:
    """The best set for every k: by listing all cuts of small trails, else by cutting planes.

    Args:
        ends: (nodes,) True for state bodies.
        slack: how much more a surviving relation carries than it does; at least 1.
    """
    if slack < 1:
        raise InterdictionError(f"slack is {slack}; a relation carries at least what it does")
    trails = trails_of(scenarios, ends)
    draws = scenarios.draws
    if all(trail.size <= MOST_PARTIES for trail in trails):
        listed = [enumerate_trail(scenarios, trail, slack=slack) for trail in trails]
        best = best_over_trails(listed, nodes=scenarios.nodes, draws=draws, k_max=k_max)
        remaining = lambda removed: remaining_of(listed, removed, draws)  # noqa: E731
        return Solved(
            best.sets[1:], best.left[1:], best.gross[1:], best.total, best.in_best[1:],
            [0.0] * k_max, ["enumerated"] * k_max,
            greedy_over(listed, draws, k_max), remaining,
        )  # fmt: skip
    net = FlowModel(scenarios, slack=slack)
    bare = FlowModel(replace(scenarios, left=np.zeros_like(scenarios.left)), slack=slack)
    choices = best_sets(net, k_max)
    in_best = np.zeros((k_max, scenarios.nodes))
    if per_draw:
        live = np.flatnonzero(net.total > 0)
        own = best_in_each_draw(net, k_max)[live]
        for k in range(k_max):
            for node in np.unique(own[:, : k + 1]):
                if node >= 0:
                    in_best[k, node] = (own[:, : k + 1] == node).any(axis=1).mean()
    return Solved(
        [tuple(one.chosen) for one in choices],
        np.array([one.remaining for one in choices]),
        np.array([bare.remaining(one.chosen) for one in choices]),
        net.total,
        in_best,
        [float(one.remaining.mean() - one.bound) for one in choices],
        [one.method for one in choices],
        greedy(net, k_max),
        net.remaining,
    )


def interdict(
    run: Run,
    scenarios: Scenarios,
    ends: np.ndarray,
    *,
    slack: float,
    k_max: int,
    first_year: int,
    last_year: int,
    per_draw: bool = True,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The frontier of cut against k, who is in the best set how often, and what ranks would cut.

    The sets minimise the expected flow left net of replacement; the gross cut is that of the
    same sets before anything comes back.

    Returns:
        frontier, grain k; nodes, grain node_id, k.
    """
    solved = solve(scenarios, ends, slack=slack, k_max=k_max, per_draw=per_draw)
    total = solved.total
    orders = centrality_order(
        scenarios.source,
        scenarios.target,
        scenarios.nodes,
        scenarios.candidates,
        np.flatnonzero(scenarios.ended.sum(axis=1) > 0),
    )
    by_greed = solved.greedy
    weight = scenarios.through().mean(axis=1)
    frontier = []
    for k in range(1, k_max + 1):
        chosen = sorted(solved.sets[k - 1], key=lambda n: (-weight[n], n))
        row: dict[str, object] = {"k": k}
        for name, left in (("cut_usd", solved.gross), ("net_cut_usd", solved.left)):
            row |= quantile_row(total - left[k - 1], name)
        row |= {
            "attributed_usd_mean": float(total.mean()),
            "chosen": ";".join(run.nodes[i] for i in chosen),
            "method": solved.method[k - 1],
            "is_proven": solved.gap_usd[k - 1] <= 1e-4 * max(float(total.mean()), 1e-12),
            "gap_usd": solved.gap_usd[k - 1],
            "greedy_net_cut_usd_mean": float((total - solved.remaining(by_greed[:k])).mean()),
        }
        row |= {
            f"{name}_net_cut_usd_mean": float((total - solved.remaining(order[:k])).mean())
            for name, order in orders.items()
        }
        span = {"slack": slack, "first_year": first_year, "last_year": last_year}
        frontier.append(row | span | {"draws": scenarios.draws})
    nodes: list[dict[str, object]] = []
    if per_draw:
        wanted = {*np.flatnonzero(solved.in_best.any(axis=0)).tolist(), *chain(*solved.sets)}
        alone = {node: float((total - solved.remaining([node])).mean()) for node in sorted(wanted)}
        nodes = [
            {
                "node_id": run.nodes[node],
                "k": k,
                "p_in_best_k": float(in_best[node]),
                "is_in_best_set": node in best,
                "net_cut_alone_usd_mean": cut,
                **{f"{name}_rank": order.index(node) + 1 for name, order in orders.items()},
            }
            for k, (in_best, best) in enumerate(zip(solved.in_best, solved.sets, strict=True), 1)
            for node, cut in alone.items()
            if in_best[node] > 0 or node in best
        ]
    schema = {
        "node_id": pl.String,
        "k": pl.Int64,
        "p_in_best_k": pl.Float64,
        "is_in_best_set": pl.Boolean,
        "net_cut_alone_usd_mean": pl.Float64,
        **{f"{name}_rank": pl.Int64 for name in orders},
    }
    return pl.DataFrame(frontier), pl.DataFrame(nodes, schema=schema).sort("k", "node_id")
