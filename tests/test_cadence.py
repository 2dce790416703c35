"""When a source is due and overdue, worked out by hand."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.cadence import BY_HAND, CADENCES, Ask, standing_of
from pipelines.snapshots import ASKS, SnapshotStore


def at(day: int, month: int = 3) -> dt.datetime:
    return dt.datetime(2026, month, day, 6, tzinfo=dt.UTC)


def test_a_weekly_source_is_due_after_seven_days_and_overdue_after_fourteen():
    asks = [Ask(at(1), True, "fetched"), Ask(at(9), False, "no connection")]
    standing = standing_of("weekly", asks=asks, retrieved_at=None, now=at(15))
    assert standing.last_success_at == at(1).replace(tzinfo=None)
    assert standing.next_due_at == at(8).replace(tzinfo=None)
    assert standing.asked_at == at(9).replace(tzinfo=None)
    assert standing.is_answered is False
    assert not standing.is_overdue
    later = standing_of("weekly", asks=asks, retrieved_at=None, now=at(15) + dt.timedelta(hours=1))
    assert later.is_overdue


def test_a_source_that_was_asked_and_never_answered_is_overdue_at_once():
    never = standing_of("yearly", asks=[Ask(at(1), False, "x")], retrieved_at=None, now=at(1))
    assert never.is_overdue
    assert never.last_success_at is None


def test_a_file_brought_by_hand_is_a_success_too():
    standing = standing_of("monthly", asks=[], retrieved_at=at(2), now=at(3))
    assert standing.last_success_at == at(2).replace(tzinfo=None)
    assert standing.is_answered is None


def test_nobody_waits_for_a_hand_kept_table():
    standing = standing_of(BY_HAND, asks=[], retrieved_at=at(1, 1), now=at(1, 12))
    assert not standing.is_overdue
    assert standing.next_due_at is None


def test_an_unknown_cadence_is_refused():
    with pytest.raises(KeyError):
        standing_of("fortnightly", asks=[], retrieved_at=None, now=at(1))
    assert set(CADENCES) == {"daily", "weekly", "monthly", "yearly"}


def test_a_line_cut_off_by_a_kill_swallows_neither_neighbour(tmp_path):
    store = SnapshotStore(tmp_path)
    store.note_ask("ecb", Ask(at(1), True, "fetched"))
    with (tmp_path / "ecb" / ASKS).open("a") as file:
        file.write('\n{"asked_at": "2026-03-0')
    store.note_ask("ecb", Ask(at(3), False, "no connection"))
    assert [one.asked_at for one in store.asks("ecb")] == [at(1), at(3)]
    assert store.asks("ecb", at(2)) == [Ask(at(1), True, "fetched")]
    assert store.retrievals("ecb") == []
