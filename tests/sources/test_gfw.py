"""Asking Global Fishing Watch for a day: pages to the end, the token nowhere to be seen."""

from __future__ import annotations

import datetime as dt
import json

import httpx
import polars as pl
import pytest

from pipelines.sources.gfw import area_around, fetch_events
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
    assert (question["startDate"], question["endDate"]) == ("2024-03-01", "2024-03-02")
    assert seen[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert all(TOKEN not in answer.url for answer in found)


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
