"""Time listing every cut of small trails against searching, on eleven trails and 200 draws.

Run: python benchmarks/network_cuts.py [trails] [draws] [k]
The network is synthetic: random trails of two to seven parties, not evidence.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np

from pipelines.network.attribution import walk
from pipelines.network.cuts import best_over_trails, enumerate_trail, trails_of
from pipelines.network.interdiction import FlowModel, Scenarios, best_in_each_draw, best_sets


def planted(trails: int, draws: int, seed: int = 11) -> Scenarios:
    """Trails of two to seven parties, each a random tree towards its last one."""
    rng = np.random.default_rng(seed)
    source, target, first = [], [], []
    count = 0
    for _ in range(trails):
        size = int(rng.integers(2, 8))
        first.append(count)
        for node in range(size - 1):
            goals = {node + 1, int(rng.integers(node + 1, size))}
            source += [count + node] * len(goals)
            target += [count + goal for goal in sorted(goals)]
        count += size
    source_, target_ = np.array(source), np.array(target)
    entry = np.zeros((count, draws))
    entry[first] = 1e8 * rng.pareto(1.5, (trails, 1)) * rng.lognormal(0, 0.5, (trails, draws))
    weight = (rng.random((source_.size, draws)) < 0.85) * rng.gamma(1.0, size=(source_.size, draws))
    ends = np.zeros(count, dtype=bool)
    found = walk(entry, source_, target_, weight, np.full((1, draws), 0.2), ends)
    out = np.zeros((count, draws))
    np.add.at(out, source_, found.edge)
    return Scenarios(
        source_, target_, found.edge, entry, found.through - out,
        rng.uniform(0.2, 0.6, (count, draws)), np.arange(count),
    )  # fmt: skip


def main() -> None:
    trails = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    draws = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    k = int(sys.argv[3]) if len(sys.argv) > 3 else 10
    scenarios = planted(trails, draws)
    start = time.perf_counter()
    ends = np.zeros(scenarios.nodes, dtype=bool)
    listed = [
        enumerate_trail(scenarios, parties, slack=1.5) for parties in trails_of(scenarios, ends)
    ]
    best = best_over_trails(listed, nodes=scenarios.nodes, draws=draws, k_max=k)
    middle = time.perf_counter()
    model = FlowModel(scenarios, slack=1.5)
    choices = best_sets(model, k)
    best_in_each_draw(model, k)
    done = time.perf_counter()
    print(
        json.dumps(
            {
                "parties": scenarios.nodes,
                "trails": len(listed),
                "draws": draws,
                "k": k,
                "listing_s": round(middle - start, 3),
                "searching_s": round(done - middle, 3),
                "ratio": round((done - middle) / (middle - start), 1),
                # listing is exact: the search may lie above by its own tolerance
                "largest_gain_over_search": max(
                    float(1 - best.left[one.k].mean() / max(one.remaining.mean(), 1e-9))
                    for one in choices
                ),
                "largest_loss_to_search": max(
                    float(best.left[one.k].mean() / max(one.remaining.mean(), 1e-9) - 1)
                    for one in choices
                ),
            }
        )
    )


if __name__ == "__main__":
    main()
