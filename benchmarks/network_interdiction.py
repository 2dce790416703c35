"""Time the choice of k designations on a layered network of 1,000 parties and 200 draws.

Run: python benchmarks/network_interdiction.py [parties] [draws] [k]
The network is synthetic: random layers, not evidence.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np

from pipelines.network.attribution import walk
from pipelines.network.interdiction import (
    FlowModel,
    Scenarios,
    best_in_each_draw,
    best_sets,
    centrality_order,
)


def planted(parties: int, draws: int, seed: int = 11) -> Scenarios:
    """Assets, brokers, fronts, banks; few fronts and banks, so that some parties matter."""
    rng = np.random.default_rng(seed)
    sizes = (np.array([0.58, 0.25, 0.13]) * parties).astype(int)
    sizes = np.append(sizes, parties - sizes.sum())
    starts = np.concatenate([[0], np.cumsum(sizes)])
    source, target = [], []
    for stage in range(3):
        ahead = rng.pareto(1.2, sizes[stage + 1]) + 0.1
        for node in range(starts[stage], starts[stage + 1]):
            for goal in rng.choice(sizes[stage + 1], 2, replace=False, p=ahead / ahead.sum()):
                source.append(node)
                target.append(starts[stage + 1] + goal)
    source_, target_ = np.array(source), np.array(target)
    entry = np.zeros((parties, draws))
    income = rng.pareto(1.5, (sizes[0], 1)) * rng.lognormal(0, 0.5, (1, draws))
    entry[: sizes[0]] = 1e9 * income / income.sum(axis=0)
    weight = (rng.random((source_.size, draws)) < 0.85) * rng.gamma(1.0, size=(source_.size, draws))
    absorbing = np.arange(parties) >= starts[3]
    found = walk(entry, source_, target_, weight, np.full((1, draws), 0.1), absorbing)
    edge = found.edge
    into_next = np.zeros((parties, draws))
    np.add.at(into_next, source_, edge)
    return Scenarios(
        source_,
        target_,
        edge,
        entry,
        found.through - into_next,
        np.full((parties, draws), 0.4),
        np.arange(parties),
    )


def main() -> None:
    parties = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    draws = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    k = int(sys.argv[3]) if len(sys.argv) > 3 else 10
    scenarios = planted(parties, draws)
    start = time.perf_counter()
    model = FlowModel(scenarios, slack=1.5)
    built = time.perf_counter()
    choices = best_sets(model, k)
    solved = time.perf_counter()
    per_draw = best_in_each_draw(model, k)
    done = time.perf_counter()
    total = float(model.total.mean())
    first = max(choices[-1].chosen, key=lambda node: model.through[node].mean())
    others = centrality_order(
        scenarios.source,
        scenarios.target,
        parties,
        scenarios.candidates,
        np.flatnonzero(scenarios.ended.sum(axis=1) > 0),
    )
    print(
        json.dumps(
            {
                "parties": parties,
                "relations": int(scenarios.source.size),
                "draws": draws,
                "k": k,
                "seconds_build": round(built - start, 2),
                "seconds_best_sets": round(solved - built, 2),
                "seconds_per_draw_sets": round(done - solved, 2),
                "seconds": round(done - start, 2),
                "cpu_seconds": round(time.process_time(), 2),
                "cut_share": [round(1 - float(c.remaining.mean()) / total, 4) for c in choices],
                "proven": [c.is_proven for c in choices],
                "gap": [round((float(c.remaining.mean()) - c.bound) / total, 5) for c in choices],
                "first_in_best_k": round(float((per_draw == first).any(1).mean()), 3),
                "cut_share_of_others": {
                    name: round(1 - float(model.remaining(order[:k]).mean()) / total, 4)
                    for name, order in others.items()
                },
            }
        )
    )


if __name__ == "__main__":
    main()
