"""Which k designations cut the most expected income, and how sure that is.

Sample-average max-flow interdiction with node removal. Each draw is one scenario: a network of
capacities and how much of a removed party comes back. Choose k parties to minimise the mean
maximum flow that is left:

    min_x (1/S) sum_s maxflow_s(x),   sum x <= k,  x binary

Solved by cutting planes: for any flow phi that the untouched network can carry,

    maxflow_s(x) >= value(phi) - sum_v max(0, phi_v - left_v,s) x_v

where left_v,s is what party v can still carry after removal (dropping that much path flow makes
phi feasible again). The cut is tight at the x whose maximum flow phi is. The master problem is
a small MIP (HiGHS through scipy); the same cuts serve every k.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from pipelines.network.summaries import evenly

_UNITS = 100_000_000  # integer capacity units per scenario: relative rounding 1e-8
_OPEN = 2_000_000_000  # an arc that never binds
_NODES = 20_000  # branch-and-bound nodes of one master problem
_ROUNDS = 40  # most cutting-plane rounds for one k
_GROUPS = 10  # scenarios are averaged into so many groups inside the master problem
# sets are sought, and proven best, among this many candidates with the largest expected dollars;
# greedy sees all of them
_POOL = 100
_GREEDY_DRAWS = 50  # how many draws the greedy warm start looks at


class InterdictionError(ValueError):
    """The problem cannot be posed as given."""


@dataclass(frozen=True)
class Scenarios:
    """One network of dollars per draw.

    Attributes:
        source: (edges,) index of the paying node.
        target: (edges,) index of the paid node.
        flow: (edges, draws) dollars along each edge.
        entry: (nodes, draws) dollars entering at each node.
        ended: (nodes, draws) dollars ending at each node, leaks included.
        left: (nodes, draws) share of a removed party's business that comes back; 0 for a cut
            before any replacement.
        candidates: node indices that may be removed.
    """

    source: np.ndarray
    target: np.ndarray
    flow: np.ndarray
    entry: np.ndarray
    ended: np.ndarray
    left: np.ndarray
    candidates: np.ndarray

    @property
    def draws(self) -> int:
        """Number of scenarios."""
        return self.entry.shape[1]

    @property
    def nodes(self) -> int:
        """Number of parties."""
        return self.entry.shape[0]

    def through(self) -> np.ndarray:
        """(nodes, draws) dollars through each party."""
        into = scipy.sparse.csr_matrix(
            (np.ones(self.target.size), (self.target, np.arange(self.target.size))),
            shape=(self.nodes, self.target.size),
        )
        return self.entry + into @ self.flow


class FlowModel:
    """Maximum flows of every scenario, with parties removed.

    Nodes are split so that a party has a capacity: what it carries times the slack, or after
    removal the share that comes back of what it carried. Entering dollars are not slack: a cut
    never creates income.

    Args:
        scenarios: the networks.
        slack: how much more a surviving party or relation can carry than it does; at least 1.

    Raises:
        InterdictionError: the slack is less.
    """

    def __init__(self, scenarios: Scenarios, *, slack: float) -> None:
        if slack < 1:
            raise InterdictionError(f"slack is {slack}; a relation carries at least what it does")
        self.scenarios = scenarios
        self.slack = slack
        self.total = scenarios.entry.sum(axis=0)
        self.unit = np.where(self.total > 0, _UNITS / np.where(self.total > 0, self.total, 1), 0.0)
        self.through = scenarios.through()
        self._networks = [self._network(draw) for draw in range(scenarios.draws)]

    def _network(self, draw: int) -> _Network | None:
        scenario = self.scenarios
        if self.total[draw] <= 0:
            return None
        unit = self.unit[draw]
        used = np.flatnonzero(self.through[:, draw] > 0)
        place = np.full(scenario.nodes, -1, dtype=np.int64)
        place[used] = np.arange(used.size)
        live = np.flatnonzero(scenario.flow[:, draw] > 0)
        count = used.size
        first, last = 2 * count, 2 * count + 1
        enters = np.flatnonzero(scenario.entry[used, draw] > 0)
        leaves = np.flatnonzero(scenario.ended[used, draw] > 0)
        rows = np.concatenate(
            [
                np.full(enters.size, first),
                2 * np.arange(count),
                2 * place[scenario.source[live]] + 1,
                2 * leaves + 1,
            ]
        )
        cols = np.concatenate(
            [
                2 * enters,
                2 * np.arange(count) + 1,
                2 * place[scenario.target[live]],
                np.full(leaves.size, last),
            ]
        )
        slack = self.slack
        capacity = np.concatenate(
            [
                scenario.entry[used[enters], draw],
                self.through[used, draw] * slack,
                scenario.flow[live, draw] * slack,
                scenario.ended[used[leaves], draw] * slack,
            ]
        )
        whole = np.minimum(np.rint(capacity * unit), _OPEN).astype(np.int32)
        graph = scipy.sparse.csr_matrix((whole, (rows, cols)), shape=(last + 1, last + 1))
        graph.sum_duplicates()
        # where each party's own arc sits in the matrix, to change one number per removal
        arc = np.array(
            [
                graph.indptr[2 * i]
                + np.searchsorted(
                    graph.indices[graph.indptr[2 * i] : graph.indptr[2 * i + 1]], 2 * i + 1
                )
                for i in range(count)
            ],
            dtype=np.int64,
        )
        back = np.rint(
            self.through[used, draw] * np.clip(scenario.left[used, draw], 0, 1) * unit
        ).astype(np.int32)
        return _Network(graph, arc, used, place, back, first, last)

    def maxflow(self, draw: int, removed: Sequence[int]) -> tuple[float, np.ndarray, np.ndarray]:
        """Largest flow of one scenario with parties removed.

        Returns:
            dollars; node indices; dollars through each of those nodes in that flow.
        """
        network = self._networks[draw]
        if network is None:
            return 0.0, np.zeros(0, dtype=np.int64), np.zeros(0)
        graph = network.graph
        hit = network.place[np.asarray(removed, dtype=np.int64)]
        arcs = network.arc[hit[hit >= 0]]
        whole = graph.data[arcs]
        # changed in place and put back: copying the matrix costs more than the flow itself
        graph.data[arcs] = np.minimum(whole, network.back[hit[hit >= 0]])
        try:
            found = scipy.sparse.csgraph.maximum_flow(graph, network.first, network.last)
        finally:
            graph.data[arcs] = whole
        # the arc 2i → 2i + 1 is that of party i
        own = found.flow.diagonal(1)[: 2 * network.used.size : 2]
        return found.flow_value / self.unit[draw], network.used, own / self.unit[draw]

    def left_usd(self, draw: int) -> np.ndarray:
        """(nodes,) dollars each party still carries after its removal."""
        return self.through[:, draw] * np.clip(self.scenarios.left[:, draw], 0, 1)

    def remaining(self, removed: Sequence[int]) -> np.ndarray:
        """(draws,) dollars left in every scenario once `removed` are gone."""
        return np.array([self.maxflow(draw, removed)[0] for draw in range(self.scenarios.draws)])


@dataclass(frozen=True)
class _Network:
    graph: scipy.sparse.csr_matrix
    arc: np.ndarray
    used: np.ndarray
    place: np.ndarray
    back: np.ndarray
    first: int
    last: int


class _Cuts:
    """theta_g >= value - sum coefficient_v x_v, collected over all k.

    Scenarios are averaged in groups: the mean of valid cuts is valid, and a master with a few
    rows per round stays small. `theta_g` is the mean over its group.
    """

    def __init__(self, draws: int, groups: int) -> None:
        group = np.arange(draws) % groups
        self.size = np.bincount(group).astype(float)
        self.mean = scipy.sparse.csr_matrix((1 / self.size[group], (group, np.arange(draws))))
        self.value: list[np.ndarray] = []
        self.coefficient: list[scipy.sparse.csr_matrix] = []

    def add(self, value: np.ndarray, coefficient: np.ndarray) -> None:
        """One round: value (draws,), coefficient (draws, columns)."""
        self.value.append(self.mean @ value)
        self.coefficient.append(scipy.sparse.csr_matrix(self.mean @ coefficient))


@dataclass(frozen=True)
class Choice:
    """The best set found for one k.

    Attributes:
        k: how many removals are allowed.
        chosen: node indices.
        remaining: (draws,) dollars left.
        bound: proven lower bound on the mean dollars left.
        is_proven: the set is optimal for the sample within the tolerance.
        method: "mip" or "greedy".
    """

    k: int
    chosen: list[int]
    remaining: np.ndarray
    bound: float
    is_proven: bool
    method: str


def greedy(model: FlowModel, k: int, *, draws: Sequence[int] | None = None) -> list[int]:
    """Take the party that cuts most, k times.

    A party cannot cut more than what flows through it beyond what comes back, in any one maximum
    flow: candidates are tried in that order until no bound is better.

    Returns:
        Up to k node indices, in the order taken; stops when nothing cuts any more.
    """
    which = range(model.scenarios.draws) if draws is None else draws
    candidates = set(model.scenarios.candidates.tolist())
    chosen: list[int] = []
    while len(chosen) < k:
        now = 0.0
        bound = np.zeros(model.scenarios.nodes)
        for draw in which:
            value, nodes, own = model.maxflow(draw, chosen)
            now += value
            bound[nodes] += np.maximum(own - model.left_usd(draw)[nodes], 0.0)
        order = [
            int(node)
            for node in np.argsort(-bound, kind="stable")
            if int(node) in candidates and int(node) not in chosen and bound[node] > 0
        ]
        best, gain = -1, 0.0
        for node in order:
            if bound[node] <= gain:
                break
            left = sum(model.maxflow(draw, [*chosen, node])[0] for draw in which)
            if now - left > gain:
                best, gain = node, now - left
        if best < 0 or gain <= 1e-9 * max(now, 1.0):
            break
        chosen.append(best)
    return chosen


def best_sets(
    model: FlowModel,
    k_max: int,
    *,
    gap: float = 1e-4,
) -> list[Choice]:
    """The best set for every k from 1 to `k_max`.

    By cutting planes with HiGHS, warm from the greedy sets: after `_ROUNDS` without a proof, the
    best set met on the way, with the best bound proven so far. No clock ends the search, so that
    the answer depends on the inputs alone and not on how busy the machine is.

    Args:
        gap: gap, as a share of the income in the network, at which a set counts as proven.

    Returns:
        One Choice per k, with k rising.
    """
    scenarios = model.scenarios
    draws = scenarios.draws
    total = max(float(model.total.mean()), 1e-12)
    usable = np.sort(scenarios.candidates[model.through[scenarios.candidates].sum(axis=1) > 0])
    # the warm start looks at evenly spaced draws; every set is then scored on all of them
    sample = evenly(draws, _GREEDY_DRAWS).tolist()
    order = greedy(model, min(k_max, usable.size), draws=sample)
    if usable.size > _POOL:
        largest = usable[np.argsort(-model.through[usable].mean(axis=1), kind="stable")[:_POOL]]
        usable = np.union1d(largest, order).astype(np.int64)
    column = np.full(scenarios.nodes, -1, dtype=np.int64)
    column[usable] = np.arange(usable.size)
    cuts = _Cuts(draws, min(_GROUPS, draws))
    met: dict[tuple[int, ...], np.ndarray] = {}

    def add_cuts(chosen: Sequence[int]) -> np.ndarray:
        key = tuple(sorted(chosen))
        if key in met:
            return met[key]
        remaining = np.zeros(draws)
        weights = np.zeros((draws, usable.size))
        for draw in range(draws):
            remaining[draw], nodes, own = model.maxflow(draw, chosen)
            over = np.maximum(own - model.left_usd(draw)[nodes], 0.0)
            inside = column[nodes] >= 0
            weights[draw, column[nodes[inside]]] = over[inside]
        cuts.add(remaining / total, weights / total)
        met[key] = remaining
        return remaining

    add_cuts([])
    for k in range(1, len(order) + 1):
        add_cuts(order[:k])
    choices: list[Choice] = []
    for k in range(1, k_max + 1):
        chosen = list(order[:k]) if usable.size > k else usable.tolist()
        remaining = add_cuts(chosen)
        bound, proven, method = 0.0, usable.size <= k, "greedy"
        if proven:
            bound = float(remaining.mean())
        for _ in range(0 if proven else _ROUNDS):
            picked, low = _master(cuts, usable, k)
            bound = max(bound, low * total)
            if picked is not None:
                add_cuts(picked)
                # the best set met so far, whichever k's search came across it
                size, best = min(
                    ((key, left_) for key, left_ in met.items() if len(key) <= k),
                    key=lambda item: float(item[1].mean()),
                )
                if float(best.mean()) < float(remaining.mean()) - 1e-12 * total:
                    chosen, remaining, method = list(size), best, "mip"
            if float(remaining.mean()) - bound <= gap * total:
                proven, method = True, "mip"
            if proven or picked is None:
                break
        low = min(bound, float(remaining.mean()))
        choices.append(Choice(k, chosen, remaining, low, proven, method))
    return choices


def _master(cuts: _Cuts, usable: np.ndarray, k: int) -> tuple[list[int] | None, float]:
    """Solve the master: columns x (one per candidate), then theta (one per group).

    Returns:
        The chosen nodes (None without a solution within `_NODES`) and the proven lower bound.
    """
    n, groups = usable.size, cuts.size.size
    each_group = scipy.sparse.vstack([scipy.sparse.identity(groups)] * len(cuts.value))
    matrix = scipy.sparse.hstack([scipy.sparse.vstack(cuts.coefficient), each_group], format="csr")
    budget = np.concatenate([np.ones(n), np.zeros(groups)])
    weight = cuts.size / cuts.size.sum()
    found = scipy.optimize.milp(
        c=np.concatenate([np.zeros(n), weight]),
        constraints=[
            scipy.optimize.LinearConstraint(matrix, lb=np.concatenate(cuts.value)),
            scipy.optimize.LinearConstraint(budget, ub=np.array([k])),
        ],
        integrality=budget,
        bounds=scipy.optimize.Bounds(
            np.zeros(n + groups), np.concatenate([np.ones(n), np.full(groups, np.inf)])
        ),
        options={"mip_rel_gap": 1e-6, "node_limit": _NODES},
    )
    bound = getattr(found, "mip_dual_bound", None)
    low = 0.0 if bound is None or not np.isfinite(bound) else max(float(bound), 0.0)
    if found.x is None:
        return None, low
    return usable[np.flatnonzero(found.x[:n] > 0.5)].tolist(), low


def best_in_each_draw(model: FlowModel, k: int) -> np.ndarray:
    """For every draw, the k parties that cut that draw's flow most (greedy within the draw).

    Returns:
        (draws, k) node indices in the order taken, -1 where nothing is left to cut. The first
        j columns are the best j.
    """
    out = np.full((model.scenarios.draws, k), -1, dtype=np.int64)
    for draw in range(model.scenarios.draws):
        chosen = greedy(model, k, draws=[draw])
        out[draw, : len(chosen)] = chosen
    return out


def centrality_order(
    source: np.ndarray,
    target: np.ndarray,
    nodes: int,
    candidates: np.ndarray,
    ends: np.ndarray,
) -> dict[str, list[int]]:
    """The same parties ranked as trackers usually do, for comparison only.

    Returns:
        degree, betweenness and hop distance to a state body (nearest first, ties by degree):
        node indices, best first.
    """
    import networkx as nx

    graph = nx.DiGraph()
    graph.add_nodes_from(range(nodes))
    graph.add_edges_from(zip(source.tolist(), target.tolist(), strict=True))
    degree = dict(graph.degree())
    between = nx.betweenness_centrality(graph)
    back = graph.reverse(copy=False)
    hops = nx.multi_source_dijkstra_path_length(back, set(ends.tolist())) if ends.size else {}
    pool = candidates.tolist()
    return {
        "degree": sorted(pool, key=lambda n: (-degree[n], n)),
        "betweenness": sorted(pool, key=lambda n: (-between[n], -degree[n], n)),
        "hop_distance": sorted(pool, key=lambda n: (hops.get(n, np.inf), -degree[n], n)),
    }
