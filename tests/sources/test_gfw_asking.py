"""Asking Global Fishing Watch for a day: pages to the end, the token nowhere to be seen."""

from __future__ import annotations

import datetime as dt
import json

import httpx
import polars as pl
import pytest

from pipelines.sources.gfw_events.read import area_around, due_again, fetch_events, is_settled
from pipelines.sources.http import Fetcher, RequestRefused, SourceUnavailable

PORTS = pl.DataFrame(
    {"lon": [125.0, 130.0, 0.0], "lat": [38.0, 42.0, 0.0], "is_coal_port": [1, 1, 0]}
)
AREA = area_around(PORTS.with_columns(pl.col("is_coal_port").cast(pl.Boolean)))
DAY = dt.date(2024, 3, 1)
TOKEN = "made-up-token"  # noqa: S105


def fetcher(answers: dict[str, dict], seen: list[httpx.Request]) -> Fetcher:
    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=answers[request.url.params["offset"]])

    return Fetcher(transport=httpx.MockTransport(handle), sleep=lambda _: None)


def test_the_area_is_the_box_around_the_coal_ports() -> None:
    assert AREA["coordinates"] == [
        [[123.0, 36.0], [132.0, 36.0], [132.0, 44.0], [123.0, 44.0], [123.0, 36.0]]
    ]


def test_every_page_is_asked_for_by_post_with_the_day() -> None:
    seen: list[httpx.Request] = []
    pages = {"0": {"entries": [], "nextOffset": 1000}, "1000": {"entries": [], "nextOffset": None}}
    found = list(fetch_events(fetcher(pages, seen), TOKEN, DAY, AREA))
    assert [request.method for request in seen] == ["POST", "POST"]
    question = json.loads(seen[0].content)
    # the names of the service's own client, gfw-api-python-client 1.4.0
    assert question["datasets"] == [
        "public-global-port-visits-events:latest",
        "public-global-encounters-events:latest",
        "public-global-loitering-events:latest",
        "public-global-gaps-events:latest",
    ]
    assert (question["startDate"], question["endDate"]) == ("2024-03-01", "2024-03-02")
    assert seen[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert all(TOKEN not in answer.url for answer in found)


def test_a_day_is_settled_after_the_service_has_it() -> None:
    assert not is_settled(DAY, DAY + dt.timedelta(days=4))
    assert is_settled(DAY, DAY + dt.timedelta(days=5))


def test_days_are_asked_again_weekly_for_five_weeks() -> None:
    today = dt.date(2024, 5, 1)
    fetched = {
        dt.date(2024, 4, 1): dt.date(2024, 4, 20),  # 11 days since, still changing
        dt.date(2024, 4, 2): dt.date(2024, 4, 28),  # asked three days ago
        dt.date(2024, 3, 1): dt.date(2024, 4, 6),  # asked 36 days after: final
        dt.date(2024, 3, 2): dt.date(2024, 4, 5),  # asked 34 days after: once more
    }
    assert due_again(fetched, today) == [dt.date(2024, 3, 2), dt.date(2024, 4, 1)]


@pytest.mark.parametrize("following", [0, "x", -5])
def test_pages_that_go_nowhere_are_an_error(following) -> None:
    with pytest.raises(SourceUnavailable, match="not usable"):
        list(fetch_events(fetcher({"0": {"nextOffset": following}}, []), TOKEN, DAY, AREA))


def test_a_refused_token_is_told_without_it() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(401, text=TOKEN))
    asking = Fetcher(transport=transport, sleep=lambda _: None)
    with pytest.raises(RequestRefused) as error:
        list(fetch_events(asking, TOKEN, DAY, AREA))
    assert TOKEN not in str(error.value)
