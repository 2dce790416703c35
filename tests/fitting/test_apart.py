"""Each state between two releases is estimated with its own evidence, month, seed and draws."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import duckdb
import polars as pl
import pytest

from assets.resources import Sampling
from pipelines.fitting import apart
from pipelines.publish import vintages
from pipelines.publish.vintages import BATCHES, StateBetween
from pipelines.warehouse import read_frame, write_frame


@pytest.fixture
def work() -> Iterator[duckdb.DuckDBPyConnection]:
    """A work database whose priors say 2 and whose ledger says 100."""
    with duckdb.connect() as connection:
        for table in {*apart.tables_for(apart.STREAMS), apart.OBTAINABLE}:
            write_frame(connection, table, pl.DataFrame({"central": [2.0]}))
        write_frame(connection, apart.LEDGER, pl.DataFrame({"central": [100.0]}))
        yield connection


def fake(connection: duckdb.DuckDBPyConnection, sampling: Sampling) -> pl.DataFrame:
    """Draw d of a month pays (ledger x prior) + seed + d, in both of two streams.

    Months are those of 2024, the last of 2025, and the last of all.
    """
    ledger = read_frame(connection, apart.LEDGER)["central"].item()
    prior = read_frame(connection, "staged.priors")["central"].item()
    months = [*(dt.date(2024, month, 1) for month in range(1, 13)), dt.date(2025, 12, 1)]
    months.append(sampling.last_month())
    return pl.DataFrame(
        [
            (stream, "state_income_usd", draw, month, ledger * prior + sampling.seed + draw)
            for stream in ("a", "b")
            for draw in range(sampling.draws)
            for month in months
        ],
        schema=["stream", "measure", "draw", "month", "usd"],
        orient="row",
    )


def test_states_are_estimated_with_their_own_evidence_and_sampling(work, monkeypatch):
    monkeypatch.setattr(apart, "drawn_incomes", fake)
    told: list[str] = []
    states = [
        StateBetween("code", pl.DataFrame({"central": [10.0]}), "2026-01-01", 0, 40),
        StateBetween("evidence", pl.DataFrame({"central": [30.0]}), "2026-02-01", 7, 100),
    ]
    found = apart.estimated(work, states, Sampling(draws=60, seed=9), tell=told.append)
    assert list(found) == ["code", "evidence"]
    assert len(told) == 2

    def median(cause: str, stream: str, year: int) -> float:
        key = (pl.col("stream") == stream) & (pl.col("year") == year)
        return found[cause].annual.filter(key)["q50"].item()

    # 10 x 2, and draws 0 … 39 have the median 19.5
    assert median("code", "a", 2026) == 39.5
    # 30 x 2 + 7, draws 0 … 99: 49.5; a total adds both streams within a draw
    assert median("evidence", "b", 2025) == 116.5
    assert median("evidence", "total", 2026) == 233.0
    # the first of twenty stretches of a hundred draws holds draws 0 … 4
    first = found["evidence"].batches.filter(
        (pl.col("stream") == "a") & (pl.col("year") == 2026) & (pl.col("batch") == 0)
    )
    assert first["q50"].item() == 69.0
    assert found["code"].batches["batch"].n_unique() == BATCHES
    # what comes after it may have more months of a year
    partial = found["evidence"].annual.filter(pl.col("is_partial_year"))
    assert set(partial["year"]) == {2025, 2026}
    moved = vintages._step(found["evidence"], found["code"], ["month"])
    told_of = moved.filter(pl.col("has_other_months"))
    assert set(told_of.select("stream", "year").rows()) == {
        (stream, year) for stream in ("a", "b", "total") for year in (2025, 2026)
    }
    # the work database itself is as it was
    assert read_frame(work, apart.LEDGER)["central"].item() == 100.0


@pytest.mark.parametrize("month", ["2025-12-01", "2026-01-01", "2026-02-01", "2024-02-01"])
def test_a_state_ends_with_its_own_month(work, monkeypatch, month):
    seen = []

    def remember(connection: duckdb.DuckDBPyConnection, sampling: Sampling) -> pl.DataFrame:
        seen.append(sampling.last_month())
        return fake(connection, sampling)

    monkeypatch.setattr(apart, "drawn_incomes", remember)
    state = StateBetween("code", pl.DataFrame({"central": [1.0]}), month, 0, 20)
    apart.estimated(work, [state], Sampling(), tell=lambda _: None)
    assert seen == [dt.date.fromisoformat(month)]


def test_rates_a_source_states_are_no_setting_of_ours(work):
    """Rates of exchange come from a source; priors and halts are kept by hand; both are read."""
    by_hand = ["priors", "halts", "ports"]
    before = apart.read_beside(work, by_hand)
    assert apart.read_beside(work, by_hand) == before
    work.execute("update staged.fx_monthly set central = 3")
    rates_moved = apart.read_beside(work, by_hand)
    assert rates_moved["settings"] == before["settings"]
    assert rates_moved["rates"] != before["rates"]
    work.execute("update staged.halts set central = 3")
    halts_moved = apart.read_beside(work, by_hand)
    assert halts_moved["rates"] == rates_moved["rates"]
    assert halts_moved["settings"] != before["settings"]
    # the ledger is evidence of its own, and what could be known decides no number
    work.execute("update facts.observations set central = 3")
    work.execute("update staged.obtainable_data set central = 3")
    assert apart.read_beside(work, by_hand) == halts_moved
