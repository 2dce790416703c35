"""Listing every cut of a small trail gives what the search gives, and what a hand gives."""

import numpy as np
import pytest

from pipelines.network.cuts import best_over_trails, enumerate_trail, remaining_of, trails_of
from pipelines.network.interdiction import FlowModel, best_sets
from pipelines.network.run import solve
from tests.network.test_interdiction import FUNNEL, INCOME, network


def listed(scenarios, ends=None, *, slack=1.0, k_max=3):
    stops = np.zeros(scenarios.nodes, dtype=bool)
    stops[list(ends or [])] = True
    trails = [
        enumerate_trail(scenarios, parties, slack=slack) for parties in trails_of(scenarios, stops)
    ]
    best = best_over_trails(trails, nodes=scenarios.nodes, draws=scenarios.draws, k_max=k_max)
    return trails, best


def test_the_funnel_by_hand():
    # bank 4 carries 90 of 120; then the lone trail 5-6 carries the 30 that are left
    trails, best = listed(network(FUNNEL, INCOME))
    assert [sorted(trail.parties.tolist()) for trail in trails] == [[0, 1, 2, 3, 4], [5, 6]]
    assert best.total == pytest.approx([120.0])
    assert best.sets[1] == (4,)
    assert best.left[1] == pytest.approx([30.0])
    assert best.left[2] == pytest.approx([0.0])
    assert len(best.sets[3]) == 2  # a third removal cuts nothing and is not taken
    assert remaining_of(trails, [2], 1) == pytest.approx([70.0])


def test_two_parties_that_only_cut_together():
    edges = [(0, 1, 100.0), (1, 3, 50.0), (1, 4, 50.0), (5, 6, 30.0)]
    _, best = listed(network(edges, {0: 100.0, 5: 30.0}, candidates=[3, 4, 5]), slack=2.0)
    assert best.sets[1] == (5,)
    assert sorted(best.sets[2]) == [3, 4]
    assert best.left[2] == pytest.approx([30.0])


def test_what_comes_back_is_net_and_not_gross():
    # 100 through party 1, of which 40% comes back after its removal
    scenarios = network([(0, 1, 100.0)], {0: 100.0}, left=0.4, candidates=[1])
    _, best = listed(scenarios)
    assert best.left[1] == pytest.approx([40.0])
    assert best.gross[1] == pytest.approx([0.0])


def test_a_state_body_ties_trails_together_without_joining_them():
    # both trails end at 2, which is the state: it is no candidate and no bottleneck
    edges = [(0, 2, 60.0), (1, 2, 40.0)]
    trails, best = listed(network(edges, {0: 60.0, 1: 40.0}, candidates=[0, 1]), ends=[2])
    assert [trail.parties.tolist() for trail in trails] == [[0], [1]]
    assert best.sets[1] == (0,)
    assert best.left[1] == pytest.approx([40.0])


@pytest.mark.parametrize("seed", range(12))
def test_listing_and_searching_agree(seed):
    rng = np.random.default_rng(seed)
    edges, entry = [], {}
    for base in (0, 5, 10):
        first, second, third = rng.uniform(5, 50, size=3)
        part = rng.uniform(0.2, 0.8)
        # what enters the middle party leaves it
        for a, b, usd in (
            (0, 2, first),
            (1, 2, second),
            (2, 3, part * (first + second)),
            (2, 4, (1 - part) * (first + second)),
            (0, 3, third),
        ):
            edges.append((base + a, base + b, float(usd)))
        entry[base], entry[base + 1] = float(first + third), float(second)
    scenarios = network(edges, entry, draws=6, left=0.3, jitter=0.4, seed=seed)
    slack = float(rng.choice([1.0, 1.5, 3.0]))
    _, best = listed(scenarios, slack=slack, k_max=4)
    model = FlowModel(scenarios, slack=slack)
    for choice in best_sets(model, 4, gap=1e-7):
        ours = best.left[choice.k].mean()
        assert ours == pytest.approx(choice.remaining.mean(), rel=1e-5)
        assert model.remaining(list(best.sets[choice.k])) == pytest.approx(
            best.left[choice.k], rel=1e-5, abs=1e-6
        )


def test_each_draw_has_its_own_best():
    # in one world party 0 carries more, in the other party 1
    scenarios = network([(0, 2, 1.0), (1, 3, 1.0)], {0: 1.0, 1: 1.0}, draws=2)
    scenarios.entry[0] = [60.0, 10.0]
    scenarios.entry[1] = [40.0, 50.0]
    scenarios.flow[:] = scenarios.entry[:2]
    scenarios.ended[2:] = scenarios.flow
    scenarios.ended[:2] = 0
    _, best = listed(scenarios, k_max=1)
    assert best.in_best[1, [0, 2]].max() == 0.5
    assert best.in_best[1].sum() == pytest.approx(1.0)


def test_a_long_trail_is_searched_instead():
    edges = [(place, place + 1, 10.0) for place in range(9)]
    scenarios = network(edges, {0: 10.0}, candidates=[4])
    found = solve(scenarios, np.zeros(10, dtype=bool), slack=1.0, k_max=1)
    assert found.method[0] in ("mip", "greedy")
    assert found.sets == [(4,)]
    # of the draws with dollars, the one, party 4 is in its best set
    half = network(edges, {0: 10.0}, draws=2, candidates=[4])
    for matrix in (half.flow, half.entry, half.ended):
        matrix[:, 1] = 0
    assert solve(half, np.zeros(10, dtype=bool), slack=1.0, k_max=1).in_best[0, 4] == 1.0
    short = network(edges[:5], {0: 10.0}, candidates=[4])
    assert solve(short, np.zeros(6, dtype=bool), slack=1.0, k_max=1).method == ["enumerated"]


def test_cents_tie_parties_to_a_trail_too():
    trails, best = listed(network([(0, 1, 0.5)], {0: 0.5}))
    assert [trail.parties.tolist() for trail in trails] == [[0, 1]]
    assert best.total == pytest.approx([0.5])
