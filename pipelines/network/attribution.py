"""Income placed on named parties: an absorbing Markov chain, one per draw.

A dollar of a stream enters the network where a document places it, walks along relations that
carry money, and ends at exactly one place: a state body, the last party named on its trail, or
UNATTRIBUTED. Nothing is scaled afterwards, so what is placed and what is not add up to income
by construction of the walk, draw by draw, and the sum is checked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import polars as pl
import scipy

UNATTRIBUTED = "UNATTRIBUTED"
CENT = 0.01
_MAX_STEPS = 2_000
_CHUNK_CELLS = 12_000_000  # edges x draws held at once


class AttributionError(ValueError):
    """The walk does not end, or a table it needs is inconsistent."""


@dataclass(frozen=True)
class Walk:
    """Where dollars went, per draw.

    Attributes:
        through: (nodes, draws) dollars that passed or ended at a node.
        ended: (nodes, draws) dollars whose trail ends at a node.
        leaked: (draws,) dollars that left a named party for parties nobody has named.
        edge: (edges, draws) dollars along an edge.
        transfer: (edges, draws) share of its payer's dollars that an edge takes.
    """

    through: np.ndarray
    ended: np.ndarray
    leaked: np.ndarray
    edge: np.ndarray
    transfer: np.ndarray


def walk(
    entry: np.ndarray,
    source: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray,
    leak: np.ndarray,
    absorbing: np.ndarray,
) -> Walk:
    """Follow every dollar to where it ends: f = x + T'f, summed along the trail.

    T_uv = (1 - leak_u) w_uv / sum_v w_uv. A node without an outgoing weight, or marked
    absorbing, keeps what reaches it. The series is summed until less than a hundredth of a cent
    per draw is still moving; that remainder is then left where it stands.

    Args:
        entry: (nodes, draws) dollars entering at each node.
        source: (edges,) node index that pays.
        target: (edges,) node index that is paid.
        weight: (edges, draws) relative weight; 0 where the edge does not exist in a draw.
        leak: (nodes, draws) or (1, draws) share lost to unnamed parties at each step.
        absorbing: (nodes,) True where trails end by definition.

    Returns:
        Walk; sum(ended) + leaked = sum(entry) in every draw.

    Raises:
        AttributionError: a cycle without leak keeps dollars moving for ever.
    """
    nodes, draws = entry.shape
    edges = source.shape[0]
    chunk = max(1, min(draws, _CHUNK_CELLS // max(edges, 1)))
    if chunk < draws:
        cuts = [slice(at, at + chunk) for at in range(0, draws, chunk)]
        parts = [
            walk(entry[:, cut], source, target, weight[:, cut], leak[:, cut], absorbing)
            for cut in cuts
        ]
        names = [field.name for field in fields(Walk)]
        joined = ([getattr(part, name) for part in parts] for name in names)
        # draws are the last axis of all of them
        return Walk(*(np.concatenate(one, axis=-1) for one in joined))
    ones = np.ones(edges)
    out_of = scipy.sparse.csr_matrix((ones, (source, np.arange(edges))), shape=(nodes, edges))
    into = scipy.sparse.csr_matrix((ones, (target, np.arange(edges))), shape=(nodes, edges))
    total = out_of @ weight
    ends = absorbing[:, None] | (total <= 0)
    keeps = np.where(ends, 0.0, 1.0 - leak)
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.where(ends, 0.0, keeps / np.where(total > 0, total, 1.0))
    transfer = weight * step[source]

    through = np.zeros((nodes, draws))
    moved = np.zeros((edges, draws))
    moving = np.array(entry, dtype=float)
    for _ in range(_MAX_STEPS):
        through += moving
        paid = moving[source] * transfer
        moved += paid
        moving = into @ paid
        if moving.sum(axis=0).max(initial=0.0) < CENT / 100:
            break
    else:
        raise AttributionError(
            "dollars keep circling: a cycle of relations has no leak and no end; give the "
            "parties on it a leak share above 0 or mark one of its relations as carrying no money"
        )
    # the remainder stays where it stands, so that nothing is lost
    through += moving
    ended = np.where(ends, through, 0.0)
    leaked = (through * np.where(ends, 0.0, leak)).sum(axis=0)
    ended += moving * ~ends
    leaked -= (moving * np.where(ends, 0.0, leak)).sum(axis=0)
    return Walk(through, ended, leaked, moved, transfer)


def year_shares(amounts: pl.DataFrame) -> pl.DataFrame:
    """Spread each documented sum evenly over the days of its window.

    Args:
        amounts: amount_id, stream, usd, window_start_on, window_end_on, and more.

    Returns:
        One row per amount and calendar year: the columns of `amounts` plus year (BIGINT) and
        usd_in_year; the years of one amount add up to its usd.
    """
    days = (pl.col("window_end_on") - pl.col("window_start_on")).dt.total_days() + 1
    start = pl.col("window_start_on").dt.year()
    end = pl.col("window_end_on").dt.year()
    long = amounts.with_columns(
        _days=days, year=pl.int_ranges(start, end + 1, dtype=pl.Int64)
    ).explode("year")
    first = pl.date(pl.col("year"), 1, 1)
    last = pl.date(pl.col("year"), 12, 31)
    inside = (
        pl.min_horizontal(last, "window_end_on") - pl.max_horizontal(first, "window_start_on")
    ).dt.total_days() + 1
    return long.with_columns(usd_in_year=pl.col("usd") * inside / pl.col("_days")).drop("_days")


STATE = "dprk-government"


def state_bank_edges(entities: pl.DataFrame) -> pl.DataFrame:
    """What a bank of the state receives is the state's: an edge to it from each of them.

    Such a bank is a channel too; `leak` is nothing on this step and no other edge leaves it.
    Grain: link_id, in the shape of `money_edges`.
    """
    return entities.filter(pl.col("bank_size_tier") == "dprk_bank").select(
        link_id=pl.concat_str("entity_id", pl.lit("--state_bank--"), pl.lit(STATE)),
        payer="entity_id",
        payee=pl.lit(STATE),
        stream=pl.lit("finance"),
        start_on=pl.lit(None, dtype=pl.Date),
        end_on=pl.lit(None, dtype=pl.Date),
    )


def money_edges(links: pl.DataFrame) -> pl.DataFrame:
    """Relations that carry money, turned the way the money runs. Grain: link_id.

    Returns:
        link_id, payer, payee, stream, start_on, end_on.
    """
    turned = pl.col("money") == "against"
    return links.filter(pl.col("money") != "none").select(
        "link_id",
        pl.when(turned).then("target_id").otherwise("source_id").alias("payer"),
        pl.when(turned).then("source_id").otherwise("target_id").alias("payee"),
        "stream",
        "start_on",
        "end_on",
    )


@dataclass(frozen=True)
class Attribution:
    """Income of one stream and year, placed.

    Attributes:
        nodes: entity ids, the axis of the arrays.
        through: (nodes, draws) dollars that passed or ended there.
        ended: (nodes, draws) dollars that ended there.
        unattributed: (draws,) dollars placed on nobody.
        income: (draws,) the stream's income.
        edge_ids: link ids.
        edge: (edges, draws) dollars along each.
        entry: (nodes, draws) dollars that entered the network there.
        coverage: mean share of income that documents cover.
        documented_usd: documented dollars of that stream and year.
        covered: (draws,) the share of income that documents cover in each draw, at most 1.
        documented_workers: workers that documents count at named or described employers.
        transfer: (edges, draws) share of its payer's dollars that an edge takes.
        source, target: (edges,) node index that pays, that is paid.
    """

    stream: str
    year: int
    nodes: list[str]
    through: np.ndarray
    ended: np.ndarray
    unattributed: np.ndarray
    income: np.ndarray
    edge_ids: list[str]
    edge: np.ndarray
    entry: np.ndarray
    coverage: float
    documented_usd: float
    covered: np.ndarray
    documented_workers: float
    transfer: np.ndarray
    source: np.ndarray
    target: np.ndarray

    def residual_usd(self) -> float:
        """Largest difference in any draw between income and what was placed plus what was not."""
        placed = self.ended.sum(axis=0) + self.unattributed
        return float(np.abs(placed - self.income).max(initial=0.0))


def active_in(edges: pl.DataFrame, year: int, stream: str) -> pl.DataFrame:
    """Relations in force in a year that may carry a stream's money.

    Relations of stream `finance` serve every stream; an undated end is open.
    """
    return edges.filter(
        pl.col("stream").is_in([stream, "finance"])
        & (pl.col("start_on").is_null() | (pl.col("start_on") <= dt.date(year, 12, 31)))
        & (pl.col("end_on").is_null() | (pl.col("end_on") >= dt.date(year, 1, 1)))
    )


@dataclass(frozen=True)
class Counted:
    """Workers documented at one employer in one year.

    Attributes:
        employer: entity id where the dollars enter.
        workers: (draws,) workers there.
        host_workers: (draws,) modelled workers in the host country that year.
        host_usd: (draws,) modelled income from that host that year.
        probability: (draws,) that the statement is right.
    """

    host: str
    employer: str
    workers: np.ndarray
    host_workers: np.ndarray
    host_usd: np.ndarray
    probability: np.ndarray


def headcount_entry(
    counted: Sequence[Counted], at: dict[str, int], draws: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Dollars entering at employers by their share of the host's workers, draw by draw.

    Income of an employer = income of the host x documented workers / modelled workers. Where more
    workers are documented in a host than the model has there, all of them share that host's
    income: no draw places more than it holds.

    Returns:
        (nodes, draws) dollars; (draws,) dollars that documents cover, whether or not their
        statement is right.
    """
    entry = np.zeros((len(at), draws))
    covered = np.zeros(draws)
    for host in sorted({one.host for one in counted}):
        here = [one for one in counted if one.host == host]
        known = np.sum([one.workers for one in here], axis=0)
        modelled = np.maximum(here[0].host_workers, known)
        usd = np.maximum(here[0].host_usd, 0.0)
        for one in here:
            part = usd * one.workers / modelled
            covered += part
            entry[at[one.employer]] += part * (rng.random(draws) < one.probability)
    return entry, covered


def attribute_year(
    *,
    stream: str,
    year: int,
    income: np.ndarray,
    amounts: pl.DataFrame,
    edges: pl.DataFrame,
    nodes: list[str],
    absorbing: np.ndarray,
    edge_probability: dict[str, np.ndarray],
    amount_probability: dict[str, np.ndarray],
    leak: np.ndarray,
    rng: np.random.Generator,
    split_shape: float = 1.0,
    counted: Sequence[Counted] = (),
) -> Attribution:
    """Place one stream's income of one year on named parties.

    Coverage = documented dollars of the year / mean income, at most 1: a documented sum is a share
    of income, so a draw with more income places more dollars but never a larger share. Documented
    workers cover their share of their host's income in each draw; where both speak of one stream
    and year, the sums take what the workers leave. In a draw, each documented sum counts only if
    its statement is right (Bernoulli of its probability), and each relation exists only if its own
    are. The split of a sum over several parties, and of a party's dollars over its relations, is
    not public: flat Dirichlet per draw.

    Args:
        income: (draws,) dollars.
        amounts: amount_id, parties (; separated), usd_in_year of this stream and year, usable
            ones only.
        edges: from `active_in`.
        nodes: every entity id.
        absorbing: (nodes,) True for state bodies.
        edge_probability: link_id → (draws,).
        amount_probability: amount_id → (draws,).
        leak: (draws,) or (nodes, draws) share lost at each named party.
        counted: workers documented at employers, for a stream that is counted in workers.

    Returns:
        Attribution; attributed share ≤ coverage in every draw.
    """
    draws = income.shape[0]
    at = {name: index for index, name in enumerate(nodes)}
    mean = float(income.mean())
    positive = np.where(income > 0, income, 0.0)
    documented = float(amounts["usd_in_year"].sum()) if amounts.height else 0.0
    # dollars documented beyond the mean income can place no more than all of it
    by_sums = min(documented / mean, 1.0) if mean > 0 else 0.0
    workers = float(sum(one.workers.mean() for one in counted))
    if (documented <= 0 and not counted) or mean <= 0:
        nobody = np.broadcast_to(0.0, (len(nodes), draws))
        no_edge, nowhere = np.zeros((0, draws)), np.zeros(0, dtype=np.int64)
        return Attribution(
            stream, year, nodes, nobody, nobody, income, income, [], no_edge, nobody, 0.0,
            documented, np.zeros(draws), workers, no_edge, nowhere, nowhere,
        )  # fmt: skip
    entry, by_workers = headcount_entry(counted, at, draws, rng)
    with np.errstate(divide="ignore", invalid="ignore"):
        held = np.where(positive > 0, np.minimum(by_workers / positive, 1.0), 0.0)
    covered = held + by_sums * (1 - held)
    for amount_id, parties, usd in amounts.select(
        "amount_id", "parties", "usd_in_year"
    ).iter_rows():
        where = [at[name] for name in parties.split(";")]
        stands = rng.random(draws) < amount_probability[amount_id]
        split = rng.gamma(split_shape, size=(len(where), draws))
        split /= split.sum(axis=0)
        share = by_sums * (1 - held) * (usd / documented)
        entry[where] += positive * share * stands * split
    sources = np.array([at[name] for name in edges["payer"]], dtype=np.int64)
    targets = np.array([at[name] for name in edges["payee"]], dtype=np.int64)
    ids = edges["link_id"].to_list()
    exists = np.array([edge_probability[name] for name in ids]).reshape(len(ids), draws)
    weight = (rng.random((len(ids), draws)) < exists) * rng.gamma(
        split_shape, size=(len(ids), draws)
    )
    lost = leak if leak.ndim == 2 else leak[None, :]
    found = walk(entry, sources, targets, weight, lost, absorbing)
    return Attribution(
        stream=stream,
        year=year,
        nodes=nodes,
        through=found.through,
        ended=found.ended,
        unattributed=income - entry.sum(axis=0) + found.leaked,
        income=income,
        edge_ids=ids,
        edge=found.edge,
        entry=entry,
        coverage=float(covered.mean()),
        documented_usd=documented,
        covered=covered,
        documented_workers=workers,
        transfer=found.transfer,
        source=sources,
        target=targets,
    )
