"""The clock moves on by 61 days without new data: what turns stale, what moves, what is told.

`python -m benchmarks.unattended --only two_months_on` plays the same with a whole run.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import duckdb
import polars as pl
import pytest

from pipelines.operating.alerting import _stale_sources
from pipelines.publish.release import id_of
from pipelines.publish.vintages import VintageStore
from pipelines.quarantine import Split, empty_quarantine
from pipelines.snapshots import SnapshotStore
from pipelines.sources.notes import note_source
from tests.publish.test_vintages import MADE, estimates, ledger, put

NOW = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(days=61)
NOTHING = Split(pl.DataFrame({"line": pl.Series([], dtype=pl.Int64)}), empty_quarantine(), 0)
# every 31 days with 14 of grace, every 7 with 7, every 366 with 60, and what only people bring
CADENCES = ("monthly", "weekly", "yearly", "")


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A data folder whose sources all answered now."""
    monkeypatch.setenv("DPRK_DATA_DIR", str(tmp_path))
    store = SnapshotStore(tmp_path / "raw")
    for cadence in CADENCES:
        store.put(
            f"source_{cadence}", b"x", url="https://example.org", licence="none", retrieved_at=NOW
        )
    return tmp_path


def stale(data, now: dt.datetime) -> list[str]:
    """Sources that are stale at an instant; the table readers have is written beside."""
    store = SnapshotStore(data / "raw")
    with duckdb.connect() as con:
        con.execute("create schema staged")
        for cadence in CADENCES:
            note_source(
                con, f"source_{cadence}", NOTHING, licence="none", status="newest snapshot",
                is_embedded=False, cadence=cadence, store=store, now=now,
            )  # fmt: skip
        table = con.sql("select * from staged.source_runs order by source").pl()
    folder = data / "published" / "parquet"
    folder.mkdir(parents=True, exist_ok=True)
    table.write_parquet(folder / "sources_status.parquet")
    return table.filter("is_stale")["source"].to_list()


def test_what_has_a_rhythm_shorter_than_two_months_turns_stale_and_is_told(data):
    assert stale(data, NOW) == []
    assert _stale_sources() == []
    assert stale(data, LATER) == ["source_monthly", "source_weekly"]
    assert [one.text for one in _stale_sources()] == [
        "source_monthly: last success 2026-11-26 12:00, due 2026-12-27 12:00; newest snapshot",
        "source_weekly: last success 2026-11-26 12:00, due 2026-12-03 12:00; newest snapshot",
    ]


@pytest.mark.parametrize(("days", "turned"), [(14, []), (15, ["source_weekly"])])
def test_a_source_is_stale_once_its_grace_has_passed_and_not_before(data, days, turned):
    assert stale(data, NOW + dt.timedelta(days=days)) == turned


def test_the_vintage_is_another_and_its_moves_are_the_month_s(tmp_path):
    """The same evidence, code and seed; only the last month estimated is two later."""
    store = VintageStore(tmp_path / "vintages")
    rows = ledger(("a", "coal", 1.0))
    before = replace(MADE, last_month="2026-10-01")
    after = replace(MADE, last_month="2026-12-01")
    ids = [id_of({"made_from": vars(one)}) for one in (before, after)]
    assert ids[0] != ids[1]
    put(store, tmp_path, ids[0], before, estimates(100e6), rows)
    told = put(store, tmp_path, ids[1], after, estimates(104e6), rows)
    (moved,) = told.tables["changes"].rows(named=True)
    assert (moved["release_id"], moved["cause"], moved["month_usd"]) == (ids[1], "month", 4e6)
    assert (moved["evidence_usd"], moved["code_usd"], moved["n_rows_changed"]) == (0, 0, 0)
    (revised,) = told.tables["revisions"].rows(named=True)
    assert (revised["vintage_id"], revised["period"]) == (ids[1], 2025)
    assert told.told["coal"] == "coal 2025: USD 104 million, before 100: a new month +4"
