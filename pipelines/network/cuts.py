"""Removals from small trails, solved by listing every cut instead of searching for one.

A network of dollars falls into trails: sets of parties tied by money, once the state bodies where
trails end are left out (the dollars that reach them leave the network there). On a trail of few
parties all cuts between entry and end can be listed, and so can all sets of parties to remove:
the largest flow left is the least cut, in every draw at once. Trails do not share parties, so the
best set of k over all of them is a knapsack.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import scipy

from pipelines.network.interdiction import Scenarios

# 3^7 cuts of a trail; beyond, the search of interdiction.py is quicker
MOST_PARTIES = 7


@dataclass(frozen=True)
class Trail:
    """What removals leave of one trail.

    Attributes:
        parties: node indices of the trail.
        sets: every removal looked at, as tuples of node indices, the empty one first.
        left: (sets, draws) dollars that still arrive, with what comes back.
        gross: (sets, draws) the same before anything comes back.
    """

    parties: np.ndarray
    sets: list[tuple[int, ...]]
    left: np.ndarray
    gross: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """(draws,) dollars with nothing removed."""
        return self.left[0]


def trails_of(scenarios: Scenarios, ends: np.ndarray) -> list[np.ndarray]:
    """The parties of each trail that carries money, largest trail first.

    Args:
        scenarios: the networks.
        ends: (nodes,) True for state bodies, which tie trails together without limiting them.
    """
    inner = ~ends
    live = (scenarios.flow > 0).any(axis=1) & inner[scenarios.source] & inner[scenarios.target]
    graph = scipy.sparse.coo_matrix(
        (np.ones(live.sum()), (scenarios.source[live], scenarios.target[live])),
        shape=(scenarios.nodes, scenarios.nodes),
    )
    _, label = scipy.sparse.csgraph.connected_components(graph, directed=False)
    carries = (scenarios.through() > 0).any(axis=1) & inner
    found = [np.flatnonzero((label == one) & carries) for one in np.unique(label[carries])]
    return sorted(found, key=lambda one: (-one.size, int(one[0])))


def enumerate_trail(scenarios: Scenarios, parties: np.ndarray, *, slack: float) -> Trail:
    """All removals of candidates from one trail, of `MOST_PARTIES` parties at most.

    A party has two halves, in and out, joined by what it can carry: a cut puts both on the side
    of the entry, both on the side of the end, or cuts the party itself.
    """
    count = parties.size
    place = {int(node): index for index, node in enumerate(parties)}
    through = scenarios.through()[parties]
    whole, back = through * slack, through * np.clip(scenarios.left[parties], 0, 1)
    entry = scenarios.entry[parties]
    edges = [
        (place[int(a)], place.get(int(b)), scenarios.flow[row] * slack)
        for row, (a, b) in enumerate(zip(scenarios.source, scenarios.target, strict=True))
        if int(a) in place and scenarios.flow[row].any()
    ]
    # what ends here, and what leaves for a state body, arrives
    arrives = scenarios.ended[parties] * slack
    for a, b, flow in edges:
        if b is None:
            arrives[a] += flow
    # states: 0 both halves by the entry, 1 the party itself is cut, 2 both by the end
    states = np.array(list(product((0, 1, 2), repeat=count)), dtype=np.int8)
    inside, outside = states < 2, states < 1
    base = (~inside).astype(float) @ entry + outside.astype(float) @ arrives
    for a, b, flow in edges:
        if b is not None:
            base += (outside[:, a] & ~inside[:, b])[:, None] * flow
    # whatever is removed, of the cuts through one set of parties the one with the least other
    # cost is the least: one row a set is enough
    through_of = (states == 1) @ (1 << np.arange(count))
    order = np.argsort(through_of, kind="stable")
    first = np.searchsorted(through_of[order], np.arange(1 << count))
    least = np.minimum.reduceat(base[order], first, axis=0)
    cut = ((np.arange(1 << count)[:, None] >> np.arange(count)) & 1).astype(float)
    intact = least + cut @ whole
    saved = whole - np.minimum(whole, back)
    candidates = set(scenarios.candidates.tolist())
    open_ = [index for index, node in enumerate(parties) if int(node) in candidates]
    sets: list[tuple[int, ...]] = []
    left: list[np.ndarray] = []
    gross: list[np.ndarray] = []
    for size in range(len(open_) + 1):
        for chosen in combinations(open_, size):
            rows = list(chosen)
            sets.append(tuple(int(parties[index]) for index in chosen))
            left.append((intact - cut[:, rows] @ saved[rows]).min(axis=0))
            gross.append((intact - cut[:, rows] @ whole[rows]).min(axis=0))
    return Trail(parties, sets, np.array(left), np.array(gross))


@dataclass(frozen=True)
class Knapsack:
    """The best removals over all trails.

    Attributes:
        sets: for k = 0 … k_max the best set on average.
        left: (k_max + 1, draws) dollars left by it, with what comes back.
        gross: (k_max + 1, draws) the same before anything comes back.
        total: (draws,) dollars with nothing removed.
        in_best: (k_max + 1, nodes) share of live draws in which a party is in that draw's own
            best set of k.
    """

    sets: list[tuple[int, ...]]
    left: np.ndarray
    gross: np.ndarray
    total: np.ndarray
    in_best: np.ndarray


def best_over_trails(trails: list[Trail], *, nodes: int, draws: int, k_max: int) -> Knapsack:
    """Spend k removals over the trails, on average and in every draw by itself."""
    total = np.zeros(draws)
    mean_cut = np.zeros(1)
    picks: list[tuple[int, ...]] = [()]
    own = np.zeros((1, draws))
    chosen_here: list[tuple[Trail, np.ndarray, np.ndarray]] = []
    for trail in trails:
        total += trail.total
        cut = trail.total - trail.left
        size = np.array([len(one) for one in trail.sets])
        depth = int(size.max())
        rows = [np.flatnonzero(size == j) for j in range(depth + 1)]
        mean = cut.mean(axis=1)
        best_mean = [int(r[np.argmax(mean[r])]) for r in rows]
        best_row = np.array([r[np.argmax(cut[r], axis=0)] for r in rows])
        for j in range(1, depth + 1):
            # one more removal that cuts nothing is no part of a best set
            if mean[best_mean[j]] <= mean[best_mean[j - 1]] * (1 + 1e-9):
                best_mean[j] = best_mean[j - 1]
            more = np.take_along_axis(cut, best_row[[j]], axis=0)[0]
            less = np.take_along_axis(cut, best_row[[j - 1]], axis=0)[0]
            best_row[j] = np.where(more <= less * (1 + 1e-9), best_row[j - 1], best_row[j])
        # on average
        gains = np.array([cut[row].mean() for row in best_mean])
        limit = min(k_max, mean_cut.size - 1 + depth)
        new_cut = np.full(limit + 1, -np.inf)
        new_pick: list[tuple[int, ...]] = [()] * (limit + 1)
        for have in range(mean_cut.size):
            for more in range(depth + 1):
                if have + more <= limit and mean_cut[have] + gains[more] > new_cut[have + more]:
                    new_cut[have + more] = mean_cut[have] + gains[more]
                    new_pick[have + more] = picks[have] + trail.sets[best_mean[more]]
        mean_cut, picks = new_cut, new_pick
        # draw by draw
        best_cut = np.take_along_axis(cut, best_row, axis=0)
        wide = np.full((limit + 1, draws), -np.inf)
        spent = np.zeros((limit + 1, draws), dtype=np.int64)
        for have in range(own.shape[0]):
            for more in range(depth + 1):
                if have + more <= limit:
                    worth = own[have] + best_cut[more]
                    better = worth > wide[have + more] + 1e-9
                    wide[have + more] = np.where(better, worth, wide[have + more])
                    spent[have + more] = np.where(better, more, spent[have + more])
        own = wide
        chosen_here.append((trail, best_row, spent))
    in_best = np.zeros((k_max + 1, nodes))
    live = total > 0
    for k in range(1, k_max + 1):
        have = np.full(draws, min(k, own.shape[0] - 1))
        for trail, best_row, spent in reversed(chosen_here):
            have = np.minimum(have, spent.shape[0] - 1)
            more = spent[have, np.arange(draws)]
            row = best_row[more, np.arange(draws)]
            hits = np.bincount(row[live], minlength=len(trail.sets))
            for index in np.flatnonzero(hits):
                for node in trail.sets[index]:
                    in_best[k, node] += hits[index]
            have = have - more
    in_best /= max(int(live.sum()), 1)
    sets = [picks[min(k, len(picks) - 1)] for k in range(k_max + 1)]
    left = np.array([remaining_of(trails, one, draws) for one in sets])
    gross = np.array([remaining_of(trails, one, draws, gross=True) for one in sets])
    return Knapsack(sets, left, gross, total, in_best)


def greedy_over(trails: list[Trail], draws: int, k: int) -> list[int]:
    """Up to k nodes in the order in which each cuts most on top of those before it."""
    taken: list[int] = []
    pool = sorted({node for trail in trails for one in trail.sets for node in one})
    now = float(remaining_of(trails, taken, draws).mean())
    least = 1e-9 * max(now, 1.0)
    while len(taken) < k:
        left = {
            node: float(remaining_of(trails, [*taken, node], draws).mean())
            for node in pool
            if node not in taken
        }
        node = min(left, key=lambda one: (left[one], one)) if left else -1
        if node < 0 or now - left[node] <= least:
            break
        taken.append(node)
        now = left[node]
    return taken


def remaining_of(
    trails: list[Trail], removed: Iterable[int], draws: int, *, gross: bool = False
) -> np.ndarray:
    """(draws,) dollars left once `removed` are gone; each trail's part must be among its sets."""
    out = np.zeros(draws)
    gone = set(removed)
    for trail in trails:
        mine = frozenset(int(node) for node in trail.parties if int(node) in gone)
        index = next(row for row, one in enumerate(trail.sets) if frozenset(one) == mine)
        out += (trail.gross if gross else trail.left)[index]
    return out
