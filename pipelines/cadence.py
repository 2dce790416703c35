"""How often a source speaks, and what follows: when it is due, when it is overdue.

Each source declares its cadence once, by one of the names here; schedules, freshness and
`sources_status` come from it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Cadence:
    """One rhythm.

    Attributes:
        name: as sources declare it.
        every: from one asking to the next.
        grace: past the due time, before the source counts as overdue.
        cron: when the sources of this rhythm are asked, UTC; "" where nobody can ask by machine.
    """

    name: str
    every: dt.timedelta
    grace: dt.timedelta
    cron: str


CADENCES = {
    one.name: one
    for one in (
        Cadence("daily", dt.timedelta(days=1), dt.timedelta(days=3), "15 4 * * *"),
        Cadence("weekly", dt.timedelta(days=7), dt.timedelta(days=7), "30 5 * * 1"),
        Cadence("monthly", dt.timedelta(days=31), dt.timedelta(days=14), "0 6 5 * *"),
        Cadence("yearly", dt.timedelta(days=366), dt.timedelta(days=60), "45 6 5 2 *"),
    )
}
BY_HAND = ""


def last_month_before(as_of: str) -> dt.date:
    """First day of the last month that had ended on a day, YYYY-MM-DD; empty means today, UTC.

    Raises:
        ValueError: not a date.
    """
    try:
        day = dt.date.fromisoformat(as_of) if as_of else dt.datetime.now(dt.UTC).date()
    except ValueError as error:
        raise ValueError(f"DPRK_AS_OF is {as_of!r}; give a date as YYYY-MM-DD") from error
    return (day.replace(day=1) - dt.timedelta(days=1)).replace(day=1)


@dataclass(frozen=True)
class Ask:
    """One time a source was asked over the network.

    Attributes:
        asked_at: aware instant.
        is_answered: everything asked for came, be it that nothing had changed.
        outcome: one sentence, without secrets.
    """

    asked_at: dt.datetime
    is_answered: bool
    outcome: str


@dataclass(frozen=True)
class Standing:
    """Where a source stands at some instant; instants are naive UTC, as tables hold them."""

    cadence: str
    asked_at: dt.datetime | None = None
    is_answered: bool | None = None
    last_success_at: dt.datetime | None = None
    next_due_at: dt.datetime | None = None
    is_overdue: bool = False


def _naive(instant: dt.datetime | None) -> dt.datetime | None:
    return None if instant is None else instant.astimezone(dt.UTC).replace(tzinfo=None)


def standing_of(
    cadence: str, *, asks: list[Ask], retrieved_at: dt.datetime | None, now: dt.datetime
) -> Standing:
    """Asked, answered, last success, next due, overdue.

    A source that was asked and never answered is overdue at once: what it rests on instead may be
    of any age. One that answered is overdue when its grace has passed. One that nobody ever asked
    and that never spoke is not called overdue here.

    Args:
        cadence: a name of `CADENCES`, or `BY_HAND`.
        asks: oldest first.
        retrieved_at: aware instant of the newest retrieval or dropped file.
        now: aware instant.

    Raises:
        KeyError: no such cadence.
    """
    last = asks[-1] if asks else None
    successes = [one.asked_at for one in asks if one.is_answered]
    success = max((one for one in (*successes[-1:], retrieved_at) if one), default=None)
    found = Standing(cadence, last_success_at=_naive(success))
    if last:
        found = replace(found, asked_at=_naive(last.asked_at), is_answered=last.is_answered)
    if cadence == BY_HAND:
        return found
    rhythm = CADENCES[cadence]
    if success is None:
        return replace(found, next_due_at=found.asked_at, is_overdue=last is not None)
    due = success + rhythm.every
    return replace(found, next_due_at=_naive(due), is_overdue=now > due + rhythm.grace)
