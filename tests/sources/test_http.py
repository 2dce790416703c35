"""What the fetch layer does when the other side misbehaves; no network but this machine."""

from __future__ import annotations

import datetime as dt
import logging
import traceback
import tracemalloc
from dataclasses import replace

import httpx
import pytest

from pipelines.sources import http
from tests.fixtures.source_server import SIGNATURE, Trouble, serving

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
        (Trouble.BUSY_SILENT, 2),
        (Trouble.CHALLENGE_ONCE, 2),
        (Trouble.GATEWAY, 2),
        (Trouble.CREATED, 1),
        (Trouble.SLOW_FIRST_BYTE, 1),
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
        (Trouble.STALLED, http.ConnectionFailed, 2),
        (Trouble.REFUSED, http.RequestRefused, 1),
        (Trouble.ECHO, http.SecretEchoed, 1),
        (Trouble.NOT_FOUND, http.RequestRefused, 1),
        (Trouble.TOO_LARGE, http.BodyTooLarge, 1),
        (Trouble.QUOTA, http.QuotaSpent, 1),
        (Trouble.QUOTA_SAID, http.QuotaSpent, 1),
        (Trouble.FORBIDDEN, http.RequestRefused, 1),
        (Trouble.CHALLENGE, http.ChallengePage, 3),
        (Trouble.NO_CONTENT, http.NothingPublished, 1),
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


@pytest.mark.parametrize(
    "secret",
    [
        {"secret_headers": {"Authorization": f"Bearer {KEY}"}},
        {"secret_headers": {"Ocp-Apim-Subscription-Key": KEY}},
        {"secret_params": {"apiKey": KEY}},
    ],
)
def test_a_key_that_comes_back_is_found_however_it_was_sent(secret):
    def echo(path: str, query: dict[str, str]) -> tuple[bytes, str]:
        return b'{"you sent": "' + KEY.encode() + b'"}', "application/json"

    with serving(echo) as server, pytest.raises(http.SecretEchoed) as error:
        http.Fetcher().get(server.url + "/data", LIMITS, source="x", **secret)
    assert KEY not in str(error.value)


def test_retry_after_is_waited_for():
    _, waits, _ = ask(Trouble.BUSY_ONCE)
    assert waits == [1.0]


STORE = replace(LIMITS, hosts=frozenset({"127.0.0.1", "localhost"}))


def test_a_signed_store_is_followed_and_its_signature_kept_nowhere(caplog):
    caplog.set_level(logging.DEBUG)
    answer, _, seen = ask(Trouble.SIGNED_STORE, STORE)
    assert answer.content == GOOD
    assert [path for path, _, _ in seen] == ["/data", "/hop/data", "/store/data"]
    assert seen[2][1]["X-Amz-Signature"] == SIGNATURE  # the store got it
    assert "ocp-apim-subscription-key" not in seen[2][2]  # and not our key
    assert SIGNATURE not in repr(answer) + caplog.text


def test_a_store_on_no_list_of_ours_is_refused_by_name():
    error, _, seen = ask(Trouble.SIGNED_STORE)
    assert type(error) is http.RedirectRefused
    assert "/hop/data redirects to http://localhost" in str(error)
    assert len(seen) == 2


def test_a_store_that_fails_shows_no_signature(caplog):
    caplog.set_level(logging.DEBUG)
    error, _, _ = ask(Trouble.SIGNED_STORE_FAILS, STORE)
    assert type(error) is http.RequestRefused
    shown = "".join(traceback.format_exception(error)) + caplog.text
    assert "/store/data" in shown
    assert SIGNATURE not in shown
    assert "AKIA" not in shown


@pytest.mark.parametrize(
    "query", ["X-Amz-Signature=q", "x-goog-signature=q", "sv=1&sig=q", "Signature=q", "token=q"]
)
def test_signatures_are_hidden_in_any_address(query):
    shown = http.without_secrets(f"https://s.org/f?{query}&a=1")
    assert "=q" not in shown
    assert "a=1" in shown


def test_a_spent_quota_says_when_and_blames_no_key():
    now = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
    for trouble, until in ((Trouble.QUOTA, "17:00"), (Trouble.QUOTA_SAID, "16:59")):
        with serving(body, trouble) as server:
            fetcher = http.Fetcher(sleep=lambda _: None, now=lambda: now)
            with pytest.raises(http.QuotaSpent, match=f"2026-01-01 {until} UTC") as error:
                fetcher.get(server.url, LIMITS, source="x", secret_headers={"Authorization": KEY})
        assert "check the key" not in str(error.value)


def test_a_refusal_without_a_key_does_not_send_the_operator_to_a_key():
    with serving(body, Trouble.FORBIDDEN) as server, pytest.raises(http.RequestRefused) as error:
        http.Fetcher().get(server.url, LIMITS, source="x")
    assert "no key is needed here" in str(error.value)


def test_too_many_requests_without_a_time_waits_as_long_as_the_source_is_known_to_ask():
    _, waits, _ = ask(Trouble.BUSY_SILENT, replace(LIMITS, busy_wait_s=60.0))
    assert waits == [60.0]


def test_no_content_is_no_answer_of_nothing():
    error, _, _ = ask(Trouble.NO_CONTENT)
    assert isinstance(error, http.NothingPublished)
    assert "that is no zero" in str(error)


def test_a_look_at_the_first_bytes_reads_no_more():
    with serving(body) as server:
        answer = http.Fetcher(first_bytes=10).get(server.url, LIMITS, source="x")
    assert (answer.content, answer.is_cut, answer.content_type) == (
        GOOD[:10], True, "application/json"
    )  # fmt: skip


def test_a_large_answer_is_held_once():
    piece = b"x" * 2**20
    stream = [piece] * 64

    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200, content=iter(stream), headers={"Content-Type": "application/json"}
        )

    limits = replace(LIMITS, hosts=frozenset({"x.org"}), max_bytes=2**27)
    fetcher = http.Fetcher(transport=httpx.MockTransport(respond))
    tracemalloc.start()
    answer = fetcher.get("https://x.org/large", limits, source="x")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(answer.content) == 64 * 2**20
    assert peak < 1.5 * len(answer.content)


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


@pytest.mark.parametrize("echo", ["Bearer canary-7f3a", "canary-7f3a"])
def test_an_echoed_token_is_recognised_without_its_prefix(echo):
    transport = httpx.MockTransport(
        lambda _: httpx.Response(
            200, content=f"your token {echo} is fine", headers={"Content-Type": "text/csv"}
        )
    )
    limits = http.Limits(hosts=frozenset({"example.org"}), content_types=("text/csv",))
    with pytest.raises(http.SecretEchoed) as caught:
        http.Fetcher(transport=transport).get(
            "https://example.org/x", limits, source="gfw",
            secret_headers={"Authorization": "Bearer canary-7f3a"},
        )  # fmt: skip
    assert "canary" not in str(caught.value)


def test_a_host_that_gives_no_connection_is_not_waited_for_twice():
    tried = []

    def refuse(request: httpx.Request) -> httpx.Response:
        tried.append(request.url.path)
        raise httpx.ConnectError("down")

    fetcher = http.Fetcher(transport=httpx.MockTransport(refuse), sleep=lambda _: None)
    limits = http.Limits(hosts=frozenset({"example.org"}), attempts=3)
    for path in ("a", "b"):
        with pytest.raises(http.ConnectionFailed, match="no connection to"):
            fetcher.get(f"https://example.org/{path}", limits, source="x")
    assert tried == ["/a", "/a"]


@pytest.mark.parametrize(("read_s", "asked"), [(30.0, 2), (61.0, 1)])
def test_a_long_silence_is_not_waited_for_again(read_s, asked):
    tried = []

    def silent(request: httpx.Request) -> httpx.Response:
        tried.append(request.url.path)
        raise httpx.ReadTimeout("nothing")

    fetcher = http.Fetcher(transport=httpx.MockTransport(silent), sleep=lambda _: None)
    limits = http.Limits(hosts=frozenset({"example.org"}), read_s=read_s, attempts=5)
    with pytest.raises(http.ConnectionFailed, match=f"did not answer within {read_s:g} s"):
        fetcher.get("https://example.org/a", limits, source="x")
    assert len(tried) == asked


@pytest.mark.parametrize(("bytes_a_second", "comes"), [(400, False), (600, True)])
def test_an_answer_that_crawls_is_given_up_after_half_a_minute(bytes_a_second, comes):
    """One piece every ten seconds of a made-up clock; 500 bytes a second is the bar."""
    now = [0.0]

    class Pieces(httpx.SyncByteStream):
        def __iter__(self):
            for _ in range(6):
                now[0] += 10.0
                yield b"x" * (10 * bytes_a_second)

    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Pieces()))
    fetcher = http.Fetcher(transport=transport, sleep=lambda _: None, clock=lambda: now[0])
    limits = http.Limits(hosts=frozenset({"example.org"}))
    if comes:
        answer = fetcher.get("https://example.org/a", limits, source="x")
        assert len(answer.content) == 60 * bytes_a_second
        return
    with pytest.raises(http.AnswerTooSlow, match="sent 16000 bytes in 40 s"):
        fetcher.get("https://example.org/a", limits, source="x")
