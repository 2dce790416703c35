"""Time the walk of dollars over a layered network of 100,000 parties.

Run: python benchmarks/network_attribution.py [parties] [draws]
The network is synthetic: random layers, not evidence.
"""

from __future__ import annotations

import json
import resource
import sys
import time

import numpy as np

from pipelines.network.attribution import walk


def layered(parties: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Five layers, three outgoing relations per party, a few back into the same layer."""
    stage = np.sort(rng.integers(0, 5, parties))
    starts = np.searchsorted(stage, np.arange(6))
    movers = np.flatnonzero(stage < 4)
    source = np.repeat(movers, 3)
    ahead = stage[source] + (rng.random(source.size) > 0.05)
    ahead = np.minimum(ahead, 4)
    low, high = starts[ahead], np.maximum(starts[ahead + 1], starts[ahead] + 1)
    return source, rng.integers(low, high), stage == 4


def main() -> None:
    parties = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    draws = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    rng = np.random.default_rng(7)
    source, target, absorbing = layered(parties, rng)
    weight = (rng.random((source.size, draws)) < 0.8) * rng.gamma(1.0, size=(source.size, draws))
    entry = np.zeros((parties, draws))
    entry[: parties // 5] = 1e9 / (parties // 5)
    start = time.perf_counter()
    found = walk(entry, source, target, weight, np.full((1, draws), 0.2), absorbing)
    seconds = time.perf_counter() - start
    missing = np.abs(found.ended.sum(axis=0) + found.leaked - entry.sum(axis=0)).max()
    print(
        json.dumps(
            {
                "parties": parties,
                "relations": int(source.size),
                "draws": draws,
                "seconds": round(seconds, 2),
                "largest_miss_usd": float(missing),
                "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
            }
        )
    )


if __name__ == "__main__":
    main()
