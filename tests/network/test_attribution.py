"""Dollars walk to an end and none is lost."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.network.attribution import (
    CENT,
    Attribution,
    AttributionError,
    Counted,
    active_in,
    attribute_year,
    money_edges,
    walk,
    year_shares,
)


def check_attribution(found: Attribution) -> list[str]:
    """Reasons why an attribution may not be published; empty when it may."""
    where = f"{found.stream} {found.year}"
    wrong = []
    if not found.residual_usd() < CENT:
        wrong.append(f"{where}: placed and unplaced dollars miss income by {found.residual_usd()}")
    attributed = found.income - found.unattributed
    allowed = found.covered * np.maximum(found.income, 0.0) + CENT
    if (attributed > allowed).any():
        over = float((attributed - allowed).max())
        wrong.append(f"{where}: {over:,.2f} USD attributed beyond the documented share")
    if (found.through < -CENT).any() or (found.unattributed < -CENT).any():
        wrong.append(f"{where}: negative dollars on a party")
    return wrong


def test_a_dollar_splits_by_weight_and_ends_where_the_trail_ends():
    # 0 → 1 (weight 3) and 0 → 2 (weight 1); nothing leaves 1 or 2
    entry = np.array([[100.0], [0.0], [0.0]])
    found = walk(
        entry,
        np.array([0, 0]),
        np.array([1, 2]),
        np.array([[3.0], [1.0]]),
        np.array([[0.2]]),
        np.zeros(3, dtype=bool),
    )
    assert found.leaked == pytest.approx([20.0])  # 0.2 of 100 leaves node 0 unnamed
    assert found.ended[:, 0] == pytest.approx([0.0, 60.0, 20.0])
    assert found.edge[:, 0] == pytest.approx([60.0, 20.0])


def test_a_cycle_with_leak_ends_and_conserves():
    entry = np.array([[100.0], [0.0]])
    found = walk(
        entry,
        np.array([0, 1]),
        np.array([1, 0]),
        np.ones((2, 1)),
        np.array([[0.5]]),
        np.zeros(2, dtype=bool),
    )
    # geometric series: 100 (1 + 1/4 + 1/16 ...) pass node 0, half of that passes node 1
    assert found.through[:, 0] == pytest.approx([400 / 3, 200 / 3], rel=1e-6)
    assert found.leaked[0] + found.ended.sum() == pytest.approx(100.0, abs=1e-4)


def test_a_cycle_without_leak_is_refused():
    with pytest.raises(AttributionError, match="leak"):
        walk(
            np.array([[1e9], [0.0]]),
            np.array([0, 1]),
            np.array([1, 0]),
            np.ones((2, 1)),
            np.array([[0.0]]),
            np.zeros(2, dtype=bool),
        )


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    nodes=st.integers(2, 12),
    edges=st.integers(0, 30),
    leak=st.floats(0.02, 0.9),
)
def test_every_dollar_ends_somewhere_in_any_graph(seed, nodes, edges, leak):
    rng = np.random.default_rng(seed)
    entry = rng.gamma(1.0, 1e8, size=(nodes, 5))
    found = walk(
        entry,
        rng.integers(0, nodes, edges),
        rng.integers(0, nodes, edges),
        rng.random((edges, 5)) * (rng.random((edges, 5)) < 0.7),
        np.full((1, 5), leak),
        rng.random(nodes) < 0.2,
    )
    miss = found.ended.sum(axis=0) + found.leaked - entry.sum(axis=0)
    assert np.abs(miss).max() < 0.01


AMOUNTS = pl.DataFrame(
    {
        "amount_id": ["cargo"],
        "stream": ["coal"],
        "usd": [40.0],
        "parties": ["ship;trader"],
        "window_start_on": [dt.date(2016, 7, 2)],
        "window_end_on": [dt.date(2017, 7, 1)],
    }
)
LINKS = pl.DataFrame(
    {
        "link_id": ["buy", "control"],
        "source_id": ["state", "person"],
        "target_id": ["trader", "trader"],
        "stream": ["coal", "coal"],
        "money": ["against", "none"],
        "start_on": [None, None],
        "end_on": [dt.date(2016, 12, 31), None],
    },
    schema_overrides={"start_on": pl.Date, "end_on": pl.Date},
)


def test_a_sum_is_spread_over_its_days_and_adds_up():
    found = year_shares(AMOUNTS)
    by = dict(zip(found["year"], found["usd_in_year"], strict=True))
    assert by[2016] == pytest.approx(40 * 183 / 365)
    assert sum(by.values()) == pytest.approx(40.0)


def test_money_runs_against_a_purchase_and_not_along_control():
    edges = money_edges(LINKS)
    assert edges.select("payer", "payee").rows() == [("trader", "state")]
    assert active_in(edges, 2016, "coal").height == 1
    assert active_in(edges, 2017, "coal").height == 0
    assert active_in(edges, 2016, "labor").height == 0
    # the first and the last day of a year are days of it
    first = edges.with_columns(end_on=pl.lit(dt.date(2017, 1, 1)))
    assert active_in(first, 2017, "coal").height == 1
    last = edges.with_columns(start_on=pl.lit(dt.date(2016, 12, 31)))
    assert active_in(last, 2016, "coal").height == 1
    late = edges.with_columns(start_on=pl.lit(dt.date(2017, 1, 1)), end_on=None)
    assert active_in(late, 2016, "coal").height == 0


def attributed(income, probability=1.0, documented=40.0, draws=400, leak=None):
    rng = np.random.default_rng(3)
    return attribute_year(
        stream="coal",
        year=2016,
        income=income,
        amounts=pl.DataFrame(
            {"amount_id": ["cargo"], "parties": ["ship;trader"], "usd_in_year": [documented]}
        ),
        edges=money_edges(LINKS),
        nodes=["ship", "trader", "state"],
        absorbing=np.array([False, False, True]),
        edge_probability={"buy": np.full(draws, probability)},
        amount_probability={"cargo": np.full(draws, probability)},
        leak=np.full(draws, 0.1) if leak is None else leak,
        rng=rng,
    )


def test_attributed_share_never_passes_the_documented_share():
    income = np.random.default_rng(1).lognormal(6, 0.6, 400)
    found = attributed(income)
    share = 1 - found.unattributed / income
    assert found.coverage == pytest.approx(40 / income.mean())
    assert share.max() <= found.coverage + 1e-12
    assert share.max() > 0.5 * found.coverage
    assert check_attribution(found) == []


def test_a_doubtful_document_places_less_on_average():
    income = np.full(400, 100.0)
    sure, doubtful = attributed(income), attributed(income, probability=0.5)
    assert (income - doubtful.unattributed).mean() < 0.7 * (income - sure.unattributed).mean()


def test_more_documents_than_income_place_at_most_all_of_it():
    income = np.full(400, 100.0)
    found = attributed(income, documented=500.0)
    assert found.coverage == 1.0
    assert found.unattributed.min() >= -1e-9
    assert check_attribution(found) == []


def test_a_draw_without_income_places_nothing():
    # 40 documented of a mean of 50
    found = attributed(np.tile([100.0, 0.0, -20.0, 120.0], 100))
    assert found.entry.sum(axis=0) == pytest.approx(np.tile([80.0, 0.0, 0.0, 96.0], 100))


def test_each_party_loses_its_own_share():
    leak = np.repeat([[0.25], [0.5], [0.9]], 400, axis=1)
    found = attributed(np.full(400, 100.0), leak=leak)
    lost = found.unattributed - found.income + found.entry.sum(axis=0)
    (payer,) = set(found.source)
    assert found.through[payer].min() > 0
    assert lost == pytest.approx(leak[payer] * found.through[payer])


def test_the_check_sees_a_lost_cent_and_a_broken_cap():
    found = attributed(np.full(400, 1e6), documented=1e5)
    found.unattributed[7] += 0.02
    assert any("miss income" in text for text in check_attribution(found))
    found = attributed(np.full(400, 1e6), documented=1e5)
    found.unattributed[7] -= 2e5
    assert any("beyond the documented share" in text for text in check_attribution(found))


def counted(workers, modelled, usd, probability=1.0, draws=400):
    return Counted(
        "CHN", "ship", np.full(draws, workers), np.full(draws, modelled),
        np.full(draws, usd), np.full(draws, probability),
    )  # fmt: skip


def by_workers(*rows, income=1_000.0, documented=0.0, draws=400):
    return attribute_year(
        stream="labor",
        year=2024,
        income=np.full(draws, income),
        amounts=pl.DataFrame(
            {"amount_id": ["cargo"], "parties": ["trader"], "usd_in_year": [documented]}
        ).head(1 if documented else 0),
        edges=money_edges(LINKS).head(0),
        nodes=["ship", "trader", "state"],
        absorbing=np.array([False, False, True]),
        edge_probability={},
        amount_probability={"cargo": np.ones(draws)},
        leak=np.full(draws, 0.0),
        rng=np.random.default_rng(5),
        counted=rows,
    )


def test_an_employer_gets_its_workers_share_of_its_hosts_income():
    # 2,000 of 80,000 workers in a host that brings 600 of the stream's 1,000: 15
    found = by_workers(counted(2_000, 80_000, 600.0))
    assert found.ended[0] == pytest.approx(15.0)
    assert found.coverage == pytest.approx(0.015)
    assert found.documented_workers == pytest.approx(2_000)
    assert check_attribution(found) == []


def test_more_workers_than_the_host_has_share_what_the_host_brings():
    found = by_workers(counted(60_000, 80_000, 600.0), counted(40_000, 80_000, 600.0))
    assert found.ended[0] == pytest.approx(600.0)
    assert check_attribution(found) == []


def test_a_host_that_brings_more_than_the_stream_leaves_sums_nothing():
    # all 80,000 workers of a host that brings 600 are known, and the stream has 500 in the draw
    found = by_workers(counted(80_000, 80_000, 600.0), income=500.0, documented=100.0)
    assert found.coverage == 1.0
    assert found.entry[1].max() == 0.0


def test_sums_take_what_workers_leave():
    # workers cover 15 of 1,000; sums document 100 of 1,000, of the 98.5% that is left: 98.5
    found = by_workers(counted(2_000, 80_000, 600.0), documented=100.0)
    assert found.ended[1] == pytest.approx(98.5)
    assert found.coverage == pytest.approx(0.015 + 0.1 * 0.985)
    assert check_attribution(found) == []


def test_a_doubtful_headcount_places_nothing_where_it_is_wrong():
    found = by_workers(counted(2_000, 80_000, 600.0, probability=0.5))
    assert set(np.round(found.ended[0], 6)) == {0.0, 15.0}
    assert found.coverage == pytest.approx(0.015)  # covered, not placed


def test_sums_of_cents_are_placed_too():
    # 0.25 documented of an income of 0.5
    found = attributed(np.full(400, 0.5), documented=0.25)
    assert found.coverage == pytest.approx(0.5)
    assert found.entry.sum(axis=0) == pytest.approx(np.full(400, 0.25))


def test_nothing_is_placed_where_nothing_is_documented():
    found = attributed(np.full(400, 100.0), documented=0.0)
    assert found.unattributed.tolist() == [100.0] * 400
    assert (found.coverage, found.edge_ids, found.through.max()) == (0.0, [], 0.0)


def test_draws_walked_in_parts_end_where_they_end_together(monkeypatch):
    rng = np.random.default_rng(4)
    income = rng.gamma(1.0, 1e8, size=(4, 9))
    source, target = np.array([0, 0, 1, 2]), np.array([1, 2, 3, 1])
    weight = rng.random((4, 9))
    leak = rng.uniform(0.1, 0.5, size=(4, 9))
    whole = walk(income, source, target, weight, leak, np.zeros(4, dtype=bool))
    # four edges: two draws at a time, and one at the end
    monkeypatch.setattr("pipelines.network.attribution._CHUNK_CELLS", 8)
    parts = walk(income, source, target, weight, leak, np.zeros(4, dtype=bool))
    for name in ("through", "ended", "leaked", "edge", "transfer"):
        assert getattr(parts, name) == pytest.approx(getattr(whole, name))
