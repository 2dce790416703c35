"""Planted networks whose best cut is known."""

from itertools import combinations

import numpy as np
import polars as pl
import pytest

from pipelines.network.interdiction import (
    FlowModel,
    InterdictionError,
    Scenarios,
    best_in_each_draw,
    best_sets,
    centrality_order,
    greedy,
)
from pipelines.network.summaries import replaced_share


def network(edges, entry, draws=1, *, left=0.0, candidates=None, jitter=0.0, seed=0):
    """Edges (from, to, dollars); entry {node: dollars}; what does not leave a node ends there."""
    rng = np.random.default_rng(seed)
    count = 1 + max(max(a, b) for a, b, _ in edges)
    source = np.array([a for a, _, _ in edges])
    target = np.array([b for _, b, _ in edges])
    scale = np.exp(jitter * rng.standard_normal(draws))
    flow = np.array([[usd] for *_, usd in edges]) * scale
    enter = np.zeros((count, draws))
    for node, usd in entry.items():
        enter[node] = usd * scale
    into, out = np.zeros_like(enter), np.zeros_like(enter)
    np.add.at(into, target, flow)
    np.add.at(out, source, flow)
    return Scenarios(
        source,
        target,
        flow,
        enter,
        enter + into - out,
        np.full((count, draws), left),
        np.arange(count) if candidates is None else np.array(candidates),
    )


# two assets (0, 1) feed two brokers (2, 3), both of which use bank 4; asset 5 goes its own way
FUNNEL = [(0, 2, 50.0), (1, 3, 40.0), (2, 4, 50.0), (3, 4, 40.0), (5, 6, 30.0)]
INCOME = {0: 50.0, 1: 40.0, 5: 30.0}


def test_the_funnel_is_found_and_the_flow_is_counted_in_dollars():
    model = FlowModel(network(FUNNEL, INCOME), slack=1.0)
    assert model.remaining([]) == pytest.approx([120.0])
    one, two = best_sets(model, 2)
    assert one.chosen == [4]
    assert one.remaining == pytest.approx([30.0])
    assert one.is_proven
    assert two.remaining == pytest.approx([0.0], abs=1e-5)


def test_slack_lets_the_money_take_the_other_road():
    # broker 1 may use bank 2 or bank 3; with slack 2 either bank alone carries everything
    edges = [(0, 1, 100.0), (1, 2, 50.0), (1, 3, 50.0)]
    tight = FlowModel(network(edges, {0: 100.0}, candidates=[2, 3]), slack=1.0)
    loose = FlowModel(network(edges, {0: 100.0}, candidates=[2, 3]), slack=2.0)
    assert tight.remaining([2]) == pytest.approx([50.0])
    assert loose.remaining([2]) == pytest.approx([100.0])


def test_two_parties_that_only_cut_together_are_found_where_greedy_fails():
    # banks 3 and 4 stand in for each other (slack 2): apart they cut nothing, together 100.
    # the lone asset 5 cuts 30 at once, which is what greedy takes
    edges = [(0, 1, 100.0), (1, 3, 50.0), (1, 4, 50.0), (5, 6, 30.0)]
    model = FlowModel(network(edges, {0: 100.0, 5: 30.0}, candidates=[3, 4, 5]), slack=2.0)
    assert greedy(model, 2)[0] == 5
    choice = best_sets(model, 2)[1]
    assert sorted(choice.chosen) == [3, 4]
    assert choice.remaining == pytest.approx([30.0])
    assert choice.is_proven
    greedy_left = model.remaining(greedy(model, 2)).mean()
    assert greedy_left - choice.remaining.mean() == pytest.approx(70.0)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("left", [0.0, 0.4])
def test_every_k_matches_trying_all_sets(seed, left):
    rng = np.random.default_rng(seed)
    draws, assets, brokers, banks = 6, 4, 4, 3
    total = assets + brokers + banks
    edges = [
        (a, assets + b) for a in range(assets) for b in rng.choice(brokers, 2, replace=False)
    ] + [
        (assets + b, assets + brokers + c)
        for b in range(brokers)
        for c in rng.choice(banks, 2, replace=False)
    ]
    source, target = np.array(edges).T
    entry = np.zeros((total, draws))
    entry[:assets] = rng.gamma(1.0, 100.0, (assets, draws))
    flow = np.zeros((len(edges), draws))
    inflow = entry.copy()
    for node in range(assets + brokers):  # nodes are in order of the layers
        mine = np.flatnonzero(source == node)
        part = rng.gamma(1.0, size=(mine.size, draws))
        flow[mine] = inflow[node] * part / part.sum(axis=0)
        np.add.at(inflow, target[mine], flow[mine])
    out = np.zeros_like(inflow)
    np.add.at(out, source, flow)
    scenarios = Scenarios(
        source, target, flow, entry, inflow - out, np.full((total, draws), left), np.arange(total)
    )
    model = FlowModel(scenarios, slack=1.5)
    for choice in best_sets(model, 3, gap=1e-7):
        best = min(model.remaining(trial).mean() for trial in combinations(range(total), choice.k))
        assert choice.remaining.mean() == pytest.approx(best, rel=1e-6)
        assert choice.is_proven
        assert choice.bound <= best * (1 + 1e-6)


def test_replacement_gives_back_part_of_the_cut():
    gross = FlowModel(network(FUNNEL, INCOME), slack=1.0).remaining([4])
    net = FlowModel(network(FUNNEL, INCOME, left=0.4), slack=1.0).remaining([4])
    assert gross == pytest.approx([30.0])
    assert net == pytest.approx([30.0 + 0.4 * 90.0])


def test_what_comes_back_is_the_average_over_the_horizon():
    judged = {"share": 0.5, "months": 12.0}
    sure = {f"{name}_{end}": value for name, value in judged.items() for end in ("low", "high")}
    found = replaced_share(
        pl.DataFrame([{"node_type": "bank", **judged, **sure}]), (24.0, 24.0, 24.0), ["bank"], 1,
        np.random.default_rng(0),
    )  # fmt: skip
    by_steps = np.mean(0.5 * (1 - np.exp(-np.linspace(0, 24, 200_001) / 12)))
    assert found[0, 0] == pytest.approx(by_steps, rel=1e-4)


def test_each_draw_has_its_own_best_party():
    edges = [(0, 2, 1.0), (1, 3, 1.0)]
    base = network(edges, {0: 1.0, 1: 1.0}, draws=2, candidates=[2, 3])
    flow = np.array([[60.0, 20.0], [40.0, 80.0]])
    entry = np.zeros((4, 2))
    entry[:2] = flow
    ended = np.zeros((4, 2))
    ended[2:] = flow
    model = FlowModel(
        Scenarios(base.source, base.target, flow, entry, ended, base.left, base.candidates),
        slack=1.0,
    )
    assert best_in_each_draw(model, 1)[:, 0].tolist() == [2, 3]


def test_a_draw_without_income_cuts_nothing():
    scenarios = network(FUNNEL, INCOME, draws=2)
    for matrix in (scenarios.flow, scenarios.entry, scenarios.ended):
        matrix[:, 1] = 0
    assert FlowModel(scenarios, slack=1.0).remaining([4]).tolist() == pytest.approx([30.0, 0.0])


def test_a_slack_below_one_is_refused():
    with pytest.raises(InterdictionError, match="slack"):
        FlowModel(network(FUNNEL, INCOME), slack=0.5)


def test_centrality_misses_the_funnel_that_flow_finds():
    found = centrality_order(
        np.array([0, 1, 2, 3, 5]), np.array([2, 3, 4, 4, 6]), 7, np.arange(7), np.array([4, 6])
    )
    assert set(found) == {"degree", "betweenness", "hop_distance"}
    assert found["hop_distance"][0] in (4, 6)


def test_a_party_that_cuts_cents_is_taken_and_one_that_cuts_nothing_is_not():
    model = FlowModel(network([(0, 1, 0.5)], {0: 0.5}, candidates=[1]), slack=1.0)
    assert greedy(model, 2) == [1]
