"""Bringing snapshots up to date: ask what is not fresh, keep what was answered, stop in time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from pipelines.snapshots import SnapshotStore
from pipelines.sources.comtrade import read as comtrade
from pipelines.sources.comtrade.read import refresh_comtrade
from pipelines.sources.http import Answer, Limits, ServerFailed
from pipelines.sources.refresh import refresh_file
from tests.fixtures.samples import comtrade_json
from tests.fixtures.source_server import Led

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
LIMITS = Limits(hosts=frozenset({"c.org"}), attempts=1, min_interval_s=0)
QUERIES = [comtrade.Query("A", (year,)) for year in ("2015", "2016", "2025")]


def led(respond: Callable[[httpx.Request], httpx.Response], now: dt.datetime) -> Led:
    return Led(
        transport=httpx.MockTransport(respond),
        sleep=lambda _: None,
        now=lambda: now,
        server="https://c.org",
        tight=LIMITS,
    )


@pytest.fixture
def store(tmp_path: Path) -> SnapshotStore:
    return SnapshotStore(tmp_path)


def ask(
    store: SnapshotStore,
    status_of: Callable[[str], int] = lambda period: 200,
    now: dt.datetime = NOW,
    queries: list[comtrade.Query] = QUERIES,
    rows_of: Callable[[httpx.QueryParams], bytes] = lambda params: comtrade_json([{}]),
):
    asked: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        period = request.url.params["period"]
        asked.append(period)
        return httpx.Response(
            status_of(period),
            content=rows_of(request.url.params),
            headers={"Content-Type": "application/json"},
        )

    fetcher = led(respond, now)
    done = refresh_comtrade(store, fetcher, queries, key=None)
    return done, asked


def test_every_question_is_asked_once_and_kept_apart(store):
    done, asked = ask(store)
    assert done.is_complete
    assert asked == ["2015", "2016", "2025"]
    assert len({one.part for one in store.retrievals("comtrade")}) == 3
    again, asked = ask(store, now=NOW + dt.timedelta(days=1))
    assert asked == []
    assert "recently" in again.outcome


def test_recent_years_are_asked_each_month_and_old_ones_each_year(store):
    ask(store)
    _, asked = ask(store, now=NOW + dt.timedelta(days=31))
    assert asked == ["2025"]
    _, asked = ask(store, now=NOW + dt.timedelta(days=340))
    assert asked == ["2015", "2016", "2025"]


def test_what_was_answered_stays_when_the_rest_fails(store):
    done, _ = ask(store, lambda period: 500 if period == "2016" else 200)
    assert not done.is_complete
    assert done.stored == 2
    assert done.outcome.startswith("2 of 3 questions answered; comtrade: ")
    _, asked = ask(store)
    assert asked == ["2016"]


def test_two_failures_in_a_row_end_the_asking(store):
    _, asked = ask(store, lambda period: 500)
    assert asked == ["2015", "2016"]


def test_too_many_requests_end_the_asking_at_once(store):
    _, asked = ask(store, lambda period: 429)
    assert asked == ["2015"]


def test_a_spent_quota_ends_the_asking_and_what_came_before_it_stays(store):
    answers = iter([200, 403])
    seen: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.params["period"])
        return httpx.Response(
            next(answers),
            content=comtrade_json([{}]),
            headers={"Content-Type": "application/json", "Retry-After": "7200"},
        )

    fetcher = led(respond, NOW)
    done = refresh_comtrade(store, fetcher, QUERIES, key="s3cr3t-key")
    assert seen == ["2015", "2016"]
    assert done.outcome.startswith("1 of 3 questions answered; ")
    assert "quota of calls is spent, new calls from 2026-06-01 02:00 UTC" in done.outcome
    assert len(store.retrievals("comtrade")) == 1


def test_an_answer_in_pieces_is_fresh_as_a_whole(store):
    query = comtrade.Query("A", ("2015", "2016"), comtrade.CHAPTERS, ("M",))

    def rows_of(params: httpx.QueryParams) -> bytes:
        asked = len(params["period"].split(",")) * len(params["cmdCode"].split(","))
        return comtrade_json([{"reporterCode": 1 + n} for n in range(min(asked * 6, 500))])

    done, asked = ask(store, queries=[query], rows_of=rows_of)
    assert done.is_complete
    assert asked == ["2015"] * 3 + ["2016"] * 3  # each year too full, then two whole halves
    parts = {one.part for one in store.retrievals("comtrade")}
    assert len(parts) == 4
    _, asked = ask(store, queries=[query], rows_of=rows_of, now=NOW + dt.timedelta(days=1))
    assert asked == []


def test_names_of_questions_tell_them_apart():
    todo, names = comtrade.default_queries(2026), []
    while todo:
        query = todo.pop()
        names.append(query.name())
        if len(query.commodities) > 40:
            todo.extend(query.halves() or ())
    assert len(names) == len(set(names))


def file_answer(content: bytes, **more) -> Answer:
    return Answer(content, "https://x.org/f", 200, NOW, **more)


def test_a_file_is_fetched_with_the_last_validator_and_confirmed_when_unchanged(store):
    seen: list[str | None] = []

    def fetch(etag: str | None) -> Answer:
        seen.append(etag)
        return file_answer(b"" if etag else b"v1", etag='"1"', is_not_modified=bool(etag))

    assert refresh_file(store, "prices", "CC", fetch).stored == 1
    assert refresh_file(store, "prices", "CC", fetch).outcome == "unchanged at the source"
    assert seen == [None, '"1"']
    assert [store.read(one) for one in store.retrievals("prices")] == [b"v1", b"v1"]


def test_a_failed_fetch_changes_nothing_and_says_why(store):
    def fetch(etag: str | None) -> Answer:
        raise ServerFailed("prices: the server is in trouble, run again later")

    done = refresh_file(store, "prices", "CC", fetch)
    assert not done.is_complete
    assert "in trouble" in done.outcome
    assert store.retrievals("prices") == []
