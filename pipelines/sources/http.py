"""Polite, suspicious HTTP: one GET, tried again where that helps, refused where it must be.

Every failure is a `SourceUnavailable`: the caller goes on from its newest snapshot. Messages say
what failed, where, and what to do; they are built from our own redacted text, never from an
answer's body or another library's exception, so no key can travel in them.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import io
import logging
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx
import tenacity

# several publishers refuse a User-Agent that does not begin as a browser's does
USER_AGENT = "Mozilla/5.0 (compatible; dprk-revenue/0.1; research, one request at a time)"
_SECRET_PARAMETERS = frozenset(
    {"subscription-key", "api_key", "apikey", "api-key", "key", "token", "access_token"}
)
# what object stores sign their addresses with; whoever has such an address has the file
_SIGNED = re.compile(
    r"(?i)^(?:x-(?:amz|goog|ms)-.*|sig|signature|awsaccesskeyid|key-pair-id|policy)$"
)
# 52x: the server in front gave up on the one behind it
_TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
_ANSWERED = frozenset({200, 201, 203})
_NOTHING = frozenset({204, 205})
_QUOTA_STATUS = frozenset({403, 429})
_QUOTA = re.compile(rb"(?i)quota")
_REPLENISHED = re.compile(rb"(?i)replenished in (\d{1,3}):([0-5]?\d):([0-5]?\d)")
_CHALLENGE = re.compile(
    rb"(?i)enable javascript and (?:refresh|cookies)|just a moment\.\.\.|cf-chl-|_cf_chl|"
    rb"/_guard/|verify you are human"
)
_LOOKED_AT = 64 * 1024
# an answer that has come at less than this for so long is not waited for
_CRAWL_S, _LEAST_BYTES_PER_S = 30.0, 500.0
# asked again after no answer at all, unless the first wait was already a long one
_SILENT_ATTEMPTS, _LONG_WAIT_S = 2, 60.0
_REDIRECT_STATUS = frozenset({301, 302, 303, 307, 308})
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
HIDDEN = "[hidden]"


class SourceUnavailable(RuntimeError):
    """A source gave no usable answer; the run goes on from the newest snapshot."""


class ConnectionFailed(SourceUnavailable):
    """No connection, or it broke before an answer."""


class ServerFailed(SourceUnavailable):
    """The server said 5xx to every attempt."""


class GatewayTimeout(ServerFailed):
    """The server in front gave up waiting (524); the one behind may still be at work."""


class RateLimited(SourceUnavailable):
    """The server asked us to come back later than we are willing to wait."""


class QuotaSpent(RateLimited):
    """The calls our key or address may make are used up until the server says so."""


class RequestRefused(SourceUnavailable):
    """The server refused the request itself (4xx): a key, an address or a query is wrong."""


class NothingPublished(SourceUnavailable):
    """The server says there is nothing under this question, which is not a zero."""


class ChallengePage(SourceUnavailable):
    """A page that tests for a browser came in the answer's place."""


class BodyCutOff(SourceUnavailable):
    """The answer ended before its announced length."""


class BodyTooLarge(SourceUnavailable):
    """The answer is larger than the source's size cap."""


class AnswerTooSlow(SourceUnavailable):
    """The answer came so slowly that the whole request ran out of time."""


class WrongContentType(SourceUnavailable):
    """The answer is not of the kind the source gives, often an error page."""


class RedirectRefused(SourceUnavailable):
    """The server sent us to a place that is not on the source's list of hosts."""


class SecretEchoed(SourceUnavailable):
    """The answer repeats our key; storing it would publish the key."""


class _Transient(Exception):
    """One failed attempt that another may mend; carries what to raise if none does."""

    def __init__(
        self,
        final: SourceUnavailable,
        retry_after_s: float | None = None,
        *,
        waited_s: float = 0.0,
    ) -> None:
        super().__init__(str(final))
        self.final = final
        self.retry_after_s = retry_after_s
        self.waited_s = waited_s


@dataclass(frozen=True)
class Limits:
    """How far one request may go.

    Attributes:
        hosts: hosts that may answer, redirects included.
        content_types: media types that are an answer; empty takes any but a web page.
        max_bytes: size cap of the decoded body.
        connect_s, read_s: longest wait for a connection, and between two pieces of an answer.
        total_s: longest time for one attempt, from first byte sent to last received.
        attempts: attempts in all.
        backoff_s: first wait between attempts; doubles, with jitter.
        longest_wait_s: longest single wait, also for a server's Retry-After.
        min_interval_s: shortest time between two requests to one host.
        max_redirects: redirects followed.
        busy_wait_s: shortest wait after a 429 that does not say how long to wait.
        not_again: statuses after which asking again would only start the work anew.
        needs_length: refuse an answer that announces no length and comes in no chunks: for a
            format without an end mark, such as CSV, nobody could tell whole from cut off.
    """

    hosts: frozenset[str]
    content_types: tuple[str, ...] = ()
    max_bytes: int = 64 * 1024 * 1024
    connect_s: float = 10.0
    read_s: float = 30.0
    total_s: float = 180.0
    attempts: int = 5
    backoff_s: float = 1.0
    longest_wait_s: float = 90.0
    min_interval_s: float = 1.0
    max_redirects: int = 3
    busy_wait_s: float = 0.0
    not_again: frozenset[int] = frozenset()
    needs_length: bool = False


@dataclass(frozen=True)
class Answer:
    """What a source sent.

    Attributes:
        content: decoded body; empty when `is_not_modified`.
        url: address without secrets, query included.
        status: HTTP status.
        retrieved_at: UTC instant the answer was complete.
        etag, last_modified: validators for the next request, when given.
        attempts: attempts made.
        redirects: addresses gone through, without secrets.
        is_not_modified: the server said 304: what we have is current.
        note: what an operator should know of how it was got; empty when nothing.
        content_type: media type, as sent.
        publication: the store's name of the publication a file belongs to, when it says so.
        is_cut: only the first bytes were wanted and read.
    """

    content: bytes
    url: str
    status: int
    retrieved_at: dt.datetime
    etag: str | None = None
    last_modified: str | None = None
    attempts: int = 1
    redirects: tuple[str, ...] = ()
    is_not_modified: bool = False
    note: str = ""
    content_type: str = ""
    publication: str | None = None
    is_cut: bool = False


def without_secrets(url: str | httpx.URL, secrets: Iterable[str] = ()) -> str:
    """An address fit to be shown and kept: no user, no password, no key, no signature."""
    parsed = httpx.URL(str(url))
    if parsed.userinfo:
        parsed = parsed.copy_with(username=None, password=None)
    if parsed.query:
        pairs = [
            (name, HIDDEN if name.lower() in _SECRET_PARAMETERS or _SIGNED.match(name) else value)
            for name, value in parsed.params.multi_items()
        ]
        parsed = parsed.copy_with(params=pairs)
    text = str(parsed).replace("%5Bhidden%5D", HIDDEN)
    for secret in secrets:
        if secret:
            text = text.replace(secret, HIDDEN)
    return text


def _store_address(url: httpx.URL, secrets: Iterable[str] = ()) -> str:
    """An address we were sent on to, without its query: stores sign in ways nobody can list."""
    return without_secrets(url.copy_with(query=None), secrets)


class _HideSecrets(logging.Filter):
    """Takes keys out of the request lines that httpx logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.args and isinstance(record.args, tuple):
            record.args = tuple(
                without_secrets(part) if isinstance(part, httpx.URL) else part
                for part in record.args
            )
        return True


logging.getLogger("httpx").addFilter(_HideSecrets())
# at DEBUG it writes every header line out, signed addresses of stores among them
logging.getLogger("httpcore").setLevel(logging.INFO)


def _retry_after_s(value: str | None, now: dt.datetime) -> float | None:
    """Seconds to wait from a Retry-After header: a number or an HTTP date."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value.strip()[:9])
    try:
        when = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=dt.UTC)
    return max(0.0, (when - now).total_seconds())


@dataclass
class Fetcher:
    """Fetches politely: one request at a time, spaced out, with the limits of the source.

    Args:
        transport: another transport than the network, for tests.
        sleep, clock, now: time, replaceable in tests.
        most_attempts: no more attempts than this, whatever a source's limits; 0 leaves them.
        first_bytes: read no more than this of any answer: enough to see what it is; 0 reads all.
    """

    transport: httpx.BaseTransport | None = None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    most_attempts: int = 0
    first_bytes: int = 0
    _last_request: dict[str, float] = field(default_factory=dict)
    # hosts that gave no connection to any attempt: not waited for again
    _unreached: set[str] = field(default_factory=set)

    def get(
        self,
        url: str,
        limits: Limits,
        *,
        source: str,
        params: Mapping[str, str] | None = None,
        secret_headers: Mapping[str, str] | None = None,
        secret_params: Mapping[str, str] | None = None,
        etag: str | None = None,
        last_modified: str | None = None,
        json_body: bytes | None = None,
        form: Mapping[str, str] | None = None,
        referer: str | None = None,
    ) -> Answer:
        """One GET with retries; a POST where the question itself is a body.

        Args:
            url: https address on one of `limits.hosts` (plain http for this machine only).
            limits: how far the request may go.
            source: name of the source, for messages.
            params: query parameters; none may be secret.
            secret_headers: headers that carry keys; sent to the first host only, shown nowhere.
            secret_params: query parameters that carry keys, for services that take them nowhere
                else; sent to the first host only, shown and kept nowhere.
            etag, last_modified: validators of the snapshot we have.
            json_body, form: a question asked by POST; asking again must do no harm.
            referer: the page a service wants to be asked from.

        Raises:
            SourceUnavailable: one of its named kinds; the message says what to do.
        """
        given = (*(secret_headers or {}).values(), *(secret_params or {}).values())
        # of "Bearer KEY" the key alone is secret too
        secrets = (*given, *(one.split()[-1] for one in given if len(one.split()) > 1))
        target = httpx.URL(url)
        if params:
            target = target.copy_merge_params(params)
        if secret_params:
            target = target.copy_merge_params(secret_params)
        shown = without_secrets(target, secrets)
        self._check_target(target, limits, source, shown)
        if target.host in self._unreached:
            raise ConnectionFailed(
                f"{source}: no connection to {target.host} a moment ago; not asked again"
            )
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate"}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            json_body = urlencode(form).encode()
        elif json_body is not None:
            headers["Content-Type"] = "application/json"
        if referer:
            headers["Referer"] = referer
        if etag:
            headers["If-None-Match"] = etag
        if last_modified:
            headers["If-Modified-Since"] = last_modified

        attempts = 0

        def once() -> Answer:
            nonlocal attempts
            attempts += 1
            keys = secret_headers or {}
            return self._attempt(
                target, limits, source, headers, keys, secrets, attempts, json_body
            )

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Transient),
            stop=lambda state: state.attempt_number >= self._most(state, limits),
            wait=lambda state: self._wait_s(state, limits),
            sleep=self.sleep,
            reraise=True,
        )
        try:
            return retrying(once)
        except _Transient as failure:
            if isinstance(failure.final, ConnectionFailed):
                self._unreached.add(target.host)
            raise failure.final from None

    def _most(self, state: tenacity.RetryCallState, limits: Limits) -> int:
        """Attempts that are worth making after this one's failure."""
        most = min(limits.attempts, self.most_attempts or limits.attempts)
        failure = state.outcome.exception() if state.outcome else None
        if isinstance(failure, _Transient) and isinstance(failure.final, ConnectionFailed):
            # silence costs its whole wait each time: a machine without a network loses seconds
            return min(most, _SILENT_ATTEMPTS if failure.waited_s <= _LONG_WAIT_S else 1)
        return most

    def _wait_s(self, state: tenacity.RetryCallState, limits: Limits) -> float:
        failure = state.outcome.exception() if state.outcome else None
        asked = failure.retry_after_s if isinstance(failure, _Transient) else None
        if asked is not None:
            return max(asked, limits.backoff_s / 2)
        backoff = tenacity.wait_random_exponential(
            multiplier=limits.backoff_s, max=limits.longest_wait_s, min=limits.backoff_s / 2
        )(state)
        is_busy = isinstance(failure, _Transient) and isinstance(failure.final, RateLimited)
        return max(backoff, limits.busy_wait_s) if is_busy else backoff

    def _check_target(self, target: httpx.URL, limits: Limits, source: str, shown: str) -> None:
        if target.scheme != "https" and not (target.scheme == "http" and target.host in _LOOPBACK):
            raise RedirectRefused(
                f"{source}: {shown} is not an https address; correct the source's address"
            )
        if target.host not in limits.hosts:
            raise RedirectRefused(
                f"{source}: {shown} is not on the source's list of hosts "
                f"({', '.join(sorted(limits.hosts))}); check the address, then extend the list"
            )

    def _space_out(self, host: str, limits: Limits) -> None:
        last = self._last_request.get(host)
        if last is not None:
            wait = last + limits.min_interval_s - self.clock()
            if wait > 0:
                self.sleep(wait)
        self._last_request[host] = self.clock()

    def _attempt(
        self,
        target: httpx.URL,
        limits: Limits,
        source: str,
        headers: Mapping[str, str],
        secret_headers: Mapping[str, str],
        secrets: tuple[str, ...],
        number: int,
        body: bytes | None,
    ) -> Answer:
        redirects: list[str] = []
        first, shown = target, without_secrets(target, secrets)
        started = self.clock()
        timeout = httpx.Timeout(limits.read_s, connect=limits.connect_s)
        with httpx.Client(
            transport=self.transport, timeout=timeout, follow_redirects=False, trust_env=True
        ) as client:
            while True:
                self._space_out(target.host, limits)
                # a key belongs to the host it was issued for
                sent = {**headers, **(secret_headers if target.host == first.host else {})}
                where = _store_address(target, secrets) if redirects else shown
                hop = _Hop(self, limits, source, where, number, started)
                try:
                    method = "GET" if body is None else "POST"
                    with client.stream(method, target, headers=sent, content=body) as response:
                        if response.status_code in _REDIRECT_STATUS:
                            target = hop.redirected(response, first)
                            redirects.append(_store_address(target, secrets))
                            if len(redirects) > limits.max_redirects:
                                raise RedirectRefused(
                                    f"{source}: {shown} redirects more than "
                                    f"{limits.max_redirects} times; check the address"
                                )
                            continue
                        hop.check_status(response, has_key=bool(secrets))
                        content = b"" if response.status_code == 304 else hop.content_of(response)
                        status, got = response.status_code, response.headers
                        break
                except (httpx.TransportError, httpx.DecodingError) as error:
                    raise hop.broken(error) from None
        if any(secret.encode() in content for secret in secrets if secret):
            raise SecretEchoed(
                f"{source}: {where} repeats the key in its answer; nothing was stored"
            )
        return Answer(
            content=content,
            url=shown,
            status=status,
            retrieved_at=self.now(),
            etag=got.get("ETag"),
            last_modified=got.get("Last-Modified"),
            attempts=number,
            redirects=tuple(redirects),
            is_not_modified=status == 304,
            content_type=_kind_of(response)[:80],
            publication=got.get("x-amz-meta-publication-id"),
            is_cut=0 < self.first_bytes <= len(content),
        )


def _kind_of(response: httpx.Response) -> str:
    """Media type of an answer, as sent."""
    return response.headers.get("Content-Type", "").split(";")[0].strip().lower()


@dataclass(frozen=True)
class _Hop:
    """One request of an attempt, and what may be wrong with what comes of it.

    Attributes:
        where: its address without secrets; number: of the attempt, from 1.
        started: when the attempt began, by the fetcher's clock.
    """

    fetcher: Fetcher
    limits: Limits
    source: str
    where: str
    number: int
    started: float

    def __str__(self) -> str:
        return f"{self.source}: {self.where}"

    def broken(self, error: httpx.TransportError | httpx.DecodingError) -> _Transient:
        """What an attempt that ended without an answer comes to, if no other mends it."""
        if isinstance(error, httpx.TimeoutException):
            kind = "connect" if isinstance(error, httpx.ConnectTimeout) else "answer"
            allowed = self.limits.connect_s if kind == "connect" else self.limits.read_s
            final = ConnectionFailed(
                f"{self} did not {kind} within {allowed:g} s ({self.number} attempts); try again "
                "later or drop the file by hand"
            )
            return _Transient(final, waited_s=allowed)
        if isinstance(error, httpx.RemoteProtocolError | httpx.DecodingError):
            ended = isinstance(error, httpx.RemoteProtocolError)
            told = (
                "ended before its answer was complete"
                if ended
                else "sent a body that does not unpack"
            )
            return _Transient(
                BodyCutOff(
                    f"{self} {told} ({self.number} attempts); nothing was stored, try again later"
                )
            )
        return _Transient(
            ConnectionFailed(
                f"{self.source}: no connection to {self.where} ({type(error).__name__}, "
                f"{self.number} attempts); check the network, or drop the file by hand"
            )
        )

    def redirected(self, response: httpx.Response, first: httpx.URL) -> httpx.URL:
        """Where an answer sends us on to, if it is a place of the source's."""
        try:
            target = response.url.join(response.headers.get("Location", ""))
        except httpx.InvalidURL:
            raise RedirectRefused(
                f"{self} redirects to something that is no address; "
                "open it in a browser and correct the source's address"
            ) from None
        if target.scheme != first.scheme or target.host not in self.limits.hosts:
            raise RedirectRefused(
                f"{self} redirects to {target.scheme}://{target.host}, which is not on the "
                f"source's list ({first.scheme}, {', '.join(sorted(self.limits.hosts))}); "
                "check whether the source has moved, then extend the list"
            )
        return target

    def check_status(self, response: httpx.Response, *, has_key: bool) -> None:
        """Raise what a status that is no answer means."""
        limits, status = self.limits, response.status_code
        if status in _ANSWERED or status == 304:
            return
        if status in _NOTHING:
            raise NothingPublished(
                f"{self} answered {status}: nothing is published under this question; "
                "that is no zero, ask again later"
            )
        asked = _retry_after_s(response.headers.get("Retry-After"), self.fetcher.now())
        if status in _QUOTA_STATUS:
            said = self._said(response)
            until = _REPLENISHED.search(said)
            if until is not None:
                hours, minutes, seconds = (int(part) for part in until.groups())
                asked = max(asked or 0.0, hours * 3600.0 + minutes * 60 + seconds)
            is_quota = status == 403 and (asked is not None or _QUOTA.search(said) is not None)
            if is_quota and (asked is None or asked > limits.longest_wait_s):
                told = ""
                if asked is not None:
                    again = self.fetcher.now() + dt.timedelta(seconds=asked)
                    told = f", new calls from {again:%Y-%m-%d %H:%M} UTC"
                raise QuotaSpent(
                    f"{self} answered {status}: the quota of calls is spent"
                    f"{told}; the key is not at fault, run again after that time"
                )
            if _CHALLENGE.search(said) or "cf-mitigated" in response.headers:
                raise _Transient(self._challenged(), asked)
        else:
            is_quota = False
        if status not in _TRANSIENT_STATUS and not is_quota:
            if status not in (401, 403):
                advice = "check the address and the query"
            elif has_key:
                advice = "check the key"
            else:
                advice = (
                    "no key is needed here: it may refuse this network (as some do data centres); "
                    "ask from another one or drop the file by hand"
                )
            raise RequestRefused(f"{self} answered {status}; {advice}")
        if asked is not None and asked > limits.longest_wait_s:
            raise RateLimited(
                f"{self} answered {status} and asks to wait {asked:.0f} s, longer than "
                f"the {limits.longest_wait_s:.0f} s allowed; run again after that time"
            )
        final: SourceUnavailable
        if is_quota:
            final = QuotaSpent(
                f"{self} answered {status} {self.number} times: the quota of calls is spent; "
                "the key is not at fault, run again later"
            )
        elif status == 429:
            final = RateLimited(
                f"{self} answered 429 (too many requests) {self.number} times; "
                "run again later or use a key with a larger quota"
            )
        else:
            kind = GatewayTimeout if status == 524 else ServerFailed
            final = kind(
                f"{self} answered {status} {self.number} times; the server is in trouble, "
                "run again later"
            )
        if status in limits.not_again:
            raise final
        raise _Transient(final, asked)

    @staticmethod
    def _said(response: httpx.Response) -> bytes:
        """The first words of a refusal; only numbers are ever taken from them."""
        said = b""
        try:
            for piece in response.iter_bytes(4096):
                said += piece
                if len(said) >= 4096:
                    break
        except httpx.HTTPError:
            return said[:4096]
        return said[:4096]

    def _challenged(self) -> ChallengePage:
        return ChallengePage(
            f"{self} sent a page that tests for a browser in place of the answer "
            f"({self.number} attempts); nothing was stored: try again later, or save the page "
            "from a browser and drop it"
        )

    def content_of(self, response: httpx.Response) -> bytes:
        """The whole body of an answer that is of the source's kind."""
        limits, found = self.limits, _kind_of(response)
        # no data file is a web page: one sent in its place is an error or login page
        is_page = not limits.content_types and found in _PAGES
        if is_page or (limits.content_types and found not in limits.content_types):
            if found in _PAGES and _CHALLENGE.search(self._said(response)):
                raise _Transient(self._challenged())
            expected = " or ".join(limits.content_types) or "a data file"
            raise WrongContentType(
                f"{self} sent {found[:80]!r}, expected {expected}; it may be an error "
                "or login page: open the address in a browser"
            )
        content = self._body(response)
        # a short page: the words may stand in a noscript of a real one
        if found in _PAGES and len(content) < _LOOKED_AT and _CHALLENGE.search(content):
            raise _Transient(self._challenged())
        return content

    def _body(self, response: httpx.Response) -> bytes:
        limits, fetcher = self.limits, self.fetcher
        announced = response.headers.get("Content-Length", "")
        chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
        if limits.needs_length and not announced.isdigit() and not chunked:
            raise BodyCutOff(
                f"{self} announces no length, so that a cut-off file would look whole; "
                "nothing was stored: download the file by hand and drop it"
            )
        too_large = BodyTooLarge(
            f"{self} sends more than {limits.max_bytes} bytes; ask for less at a time, "
            "or raise the source's size cap"
        )
        if announced.isdigit() and int(announced[:18]) > limits.max_bytes:
            raise too_large
        # grows in place and hands out what it holds: joining pieces would hold a large file twice
        held = io.BytesIO()
        size = 0
        began = fetcher.clock()
        for piece in response.iter_bytes():
            size += len(piece)
            if size > limits.max_bytes:
                raise too_large
            now = fetcher.clock()
            crawls = now - began > _CRAWL_S and size < (now - began) * _LEAST_BYTES_PER_S
            if crawls or now - self.started > limits.total_s:
                raise AnswerTooSlow(
                    f"{self} sent {size} bytes in {now - self.started:.0f} s and was not "
                    "done; nothing was stored, try again later or ask for less at a time"
                )
            held.write(piece)
            if 0 < fetcher.first_bytes <= size:
                return held.getvalue()[: fetcher.first_bytes]
        return held.getvalue()
