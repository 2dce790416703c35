"""What the fetch layer does when the other side misbehaves; no network but this machine."""

from __future__ import annotations

import datetime as dt
import logging
import traceback
from dataclasses import replace

import httpx
import pytest

from benchmarks.source_server import Trouble, serving
from pipelines.sources import http

KEY = "s3cr3t-key-0123456789"
GOOD = b'{"count": 0, "data": []}' * 20
LIMITS = http.Limits(
    hosts=frozenset({"127.0.0.1"}),
    content_types=("application/json",),
    max_bytes=1_000_000,
    read_s=5.0,
    total_s=10.0,
    attempts=3,
    backoff_s=0.01,
    longest_wait_s=10,
    min_interval_s=0.0,
)
IMPATIENT = {
    Trouble.STALLED: replace(LIMITS, read_s=0.15),
    Trouble.SLOW_DRIP: replace(LIMITS, total_s=0.3),
}


def body(path: str, query: dict[str, str]) -> tuple[bytes, str]:
    return GOOD, "application/json; charset=utf-8"


def ask(trouble: Trouble, limits: http.Limits = LIMITS, **more):
    """The answer or the error, the waits asked for, the requests the server saw."""
    waits: list[float] = []
    with serving(body, trouble) as server:
        fetcher = http.Fetcher(sleep=waits.append)
        try:
            outcome = fetcher.get(
                server.url + "/data",
                limits,
                source="comtrade",
                params={"period": "2016"},
                secret_headers={"Ocp-Apim-Subscription-Key": KEY},
                **more,
            )
        except http.SourceUnavailable as error:
            outcome = error
    return outcome, waits, server.seen


@pytest.mark.parametrize(
    ("trouble", "attempts"),
    [
        (Trouble.NONE, 1),
        (Trouble.BUSY_ONCE, 2),
        (Trouble.BUSY_503, 2),
        (Trouble.FAILING_TWICE, 3),
        (Trouble.CUT_OFF_ONCE, 2),
    ],
)
def test_passing_trouble_ends_in_the_whole_answer(trouble, attempts):
    answer, _, seen = ask(trouble)
    assert answer.content == GOOD
    assert answer.attempts == attempts == len(seen)


@pytest.mark.parametrize(
    ("trouble", "error", "requests"),
    [
        (Trouble.BUSY_LONG, http.RateLimited, 1),
        (Trouble.FAILING, http.ServerFailed, 3),
        (Trouble.CUT_OFF, http.BodyCutOff, 3),
        (Trouble.WRONG_TYPE, http.WrongContentType, 1),
        (Trouble.REDIRECT_AWAY, http.RedirectRefused, 1),
        (Trouble.REDIRECT_LOOP, http.RedirectRefused, 4),
        (Trouble.SLOW_DRIP, http.AnswerTooSlow, 1),
        (Trouble.STALLED, http.ConnectionFailed, 3),
        (Trouble.REFUSED, http.RequestRefused, 1),
        (Trouble.ECHO, http.SecretEchoed, 1),
        (Trouble.NOT_FOUND, http.RequestRefused, 1),
        (Trouble.TOO_LARGE, http.BodyTooLarge, 1),
    ],
)
def test_lasting_trouble_has_its_own_name(trouble, error, requests):
    outcome, _, seen = ask(trouble, IMPATIENT.get(trouble, LIMITS))
    assert type(outcome) is error
    assert len(seen) == requests
    assert str(outcome).startswith("comtrade: ")
    assert "/data?period=2016" in str(outcome)


@pytest.mark.parametrize("trouble", list(Trouble))
def test_the_key_is_in_no_message_traceback_or_log(trouble, caplog):
    caplog.set_level(logging.DEBUG)
    outcome, _, seen = ask(trouble, IMPATIENT.get(trouble, LIMITS))
    assert seen[0][2]["ocp-apim-subscription-key"] == KEY  # it was sent
    shown = repr(outcome) + caplog.text
    if isinstance(outcome, Exception):
        shown += "".join(traceback.format_exception(outcome))
    assert KEY not in shown


def test_retry_after_is_waited_for():
    _, waits, _ = ask(Trouble.BUSY_ONCE)
    assert waits == [1.0]


def test_retry_after_may_be_a_date():
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert http._retry_after_s("Thu, 01 Jan 2026 00:00:30 GMT", now) == 30.0
    assert http._retry_after_s("soon", now) is None


def test_an_unchanged_file_is_not_sent_again():
    answer, _, seen = ask(Trouble.NOT_MODIFIED, etag='"v1"')
    assert answer.is_not_modified
    assert answer.content == b""
    assert seen[0][2]["if-none-match"] == '"v1"'


def test_a_redirect_on_the_same_host_is_followed_and_told():
    answer, _, seen = ask(Trouble.REDIRECT)
    assert answer.content == GOOD
    assert len(answer.redirects) == 1
    assert seen[1][2]["ocp-apim-subscription-key"] == KEY


def test_a_key_stays_with_the_host_it_was_issued_for():
    sent: list[tuple[str, bool]] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append((request.url.host, KEY in request.headers.values()))
        if request.url.host == "a.org":
            return httpx.Response(302, headers={"Location": "https://b.org/file"})
        return httpx.Response(200, content=b"x")

    fetcher = http.Fetcher(transport=httpx.MockTransport(respond), sleep=lambda _: None)
    limits = http.Limits(hosts=frozenset({"a.org", "b.org"}))
    fetcher.get("https://a.org/file", limits, source="s", secret_headers={"X-Key": KEY})
    assert sent == [("a.org", True), ("b.org", False)]


@pytest.mark.parametrize("url", ["http://a.org/f", "ftp://a.org/f", "https://b.org/f"])
def test_only_listed_hosts_over_https(url):
    with pytest.raises(http.RedirectRefused):
        http.Fetcher().get(url, http.Limits(hosts=frozenset({"a.org"})), source="s")


def test_requests_to_one_host_are_spaced_out():
    waits: list[float] = []
    fetcher = http.Fetcher(
        transport=httpx.MockTransport(lambda request: httpx.Response(200)),
        sleep=waits.append,
        clock=lambda: 0.0,
    )
    limits = http.Limits(hosts=frozenset({"a.org", "b.org"}), min_interval_s=2.0)
    for host in ("a.org", "b.org", "a.org"):
        fetcher.get(f"https://{host}/f", limits, source="s")
    assert waits == [2.0]


def test_an_address_is_shown_without_user_and_key():
    shown = http.without_secrets("https://me:pw@x.org/a?token=abc&period=2016")
    assert shown == "https://x.org/a?token=[hidden]&period=2016"


def test_a_packed_body_cannot_unfold_past_the_cap():
    import gzip

    packed = gzip.compress(b" " * 5_000_000)
    fetcher = http.Fetcher(
        transport=httpx.MockTransport(
            lambda request: httpx.Response(
                200, content=packed, headers={"Content-Encoding": "gzip"}
            )
        )
    )
    limits = http.Limits(hosts=frozenset({"a.org"}), max_bytes=1_000_000)
    with pytest.raises(http.BodyTooLarge):
        fetcher.get("https://a.org/f", limits, source="s")
