"""A web server on this machine that misbehaves on request, to try connectors against.

It speaks whatever bytes it is given: the format comes from the connector under test, the trouble
from the `Trouble` it is set to.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

Query = dict[str, str]


@dataclass(frozen=True)
class Reply:
    """An answer that is more than bytes and their type."""

    status: int
    content: bytes = b""
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


Body = Callable[[str, Query], tuple[bytes, str] | Reply]
# the part of a signed address that nobody may see
SIGNATURE = "c2lnbmF0dXJlLW9mLXRoZS1zdG9yZQ"


class Trouble(Enum):
    """What goes wrong; the name is what the table of connectors shows."""

    NONE = "plain answer"
    NOT_MODIFIED = "unchanged (ETag)"
    BUSY_ONCE = "429, Retry-After 1 s, then answer"
    BUSY_LONG = "429, Retry-After 1 h"
    BUSY_503 = "503, Retry-After 1 s, then answer"
    FAILING_TWICE = "500 twice, then answer"
    FAILING = "500 always"
    CUT_OFF_ONCE = "body cut off once, then answer"
    CUT_OFF = "body cut off always"
    CUT_OFF_SILENTLY = "body cut off, no length given"
    WRONG_TYPE = "wrong content type (HTML page)"
    REDIRECT = "redirect on the same host"
    REDIRECT_AWAY = "redirect to another host"
    REDIRECT_LOOP = "redirect without end"
    SLOW_DRIP = "slow drip"
    STALLED = "answer stalls"
    REFUSED = "401, key repeated in the page"
    ECHO = "200 with our key in the body"
    NOT_FOUND = "404"
    TOO_LARGE = "larger than the size cap"
    SIGNED_STORE = "302, then 302 to a signed store on another host"
    SIGNED_STORE_FAILS = "302 to a signed store that answers 403"
    QUOTA = "403 quota spent, Retry-After 5 h"
    QUOTA_SAID = "403 quota spent, said in the body only"
    BUSY_SILENT = "429 without Retry-After, then answer"
    FORBIDDEN = "403 to this network"
    CHALLENGE = "challenge page always"
    CHALLENGE_ONCE = "challenge page, then answer"
    SLOW_FIRST_BYTE = "first byte late, within patience"
    GATEWAY = "524, then answer"
    CREATED = "201 with the answer"
    NO_CONTENT = "204"


@dataclass
class SourceServer:
    """What the server does, and what it saw.

    Attributes:
        body: (path, query) to (bytes, content type).
        trouble: what goes wrong.
        seen: one (path, query, header names to values) per request.
        asked: body of each request, where it had one.
        slow_s: how late a late first byte comes.
    """

    body: Body
    trouble: Trouble = Trouble.NONE
    seen: list[tuple[str, Query, dict[str, str]]] = field(default_factory=list)
    asked: list[bytes] = field(default_factory=list)
    url: str = ""
    slow_s: float = 0.4
    _stop: threading.Event = field(default_factory=threading.Event)

    def count(self) -> int:
        """Requests so far."""
        return len(self.seen)


def _handler(server: SourceServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def _send(
            self,
            status: int,
            content: bytes,
            kind: str,
            length: int | None = None,
            more: Mapping[str, str] | None = None,
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content) if length is None else length))
            for name, value in (more or {}).items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(content)
                self.wfile.flush()
            self.close_connection = True

        def _page(self, status: int, text: str = "trouble", **more: str) -> None:
            headers = {name.replace("_", "-"): value for name, value in more.items()}
            self._send(status, f"<html>{text}</html>".encode(), "text/html", more=headers)

        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length", "0"))
            server.asked.append(self.rfile.read(size))
            self.do_GET()

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            server.seen.append((parts.path, query, {k.lower(): v for k, v in self.headers.items()}))
            number = server.count()
            trouble = server.trouble
            key = self.headers.get("Ocp-Apim-Subscription-Key") or self.headers.get(
                "Authorization", "no key"
            ).removeprefix("Bearer ")
            key = query.get("apiKey", key)
            path = parts.path.removeprefix("/moved").removeprefix("/hop").removeprefix("/store")
            reply = server.body(path, query)
            if isinstance(reply, Reply):
                self._send(reply.status, reply.content, reply.kind, more=reply.headers)
                return
            content, kind = reply
            at_store = parts.path.startswith("/store")
            port = self.server.server_address[1]
            challenge = "<noscript>Please enable JavaScript and refresh the page.</noscript>"

            if trouble in (Trouble.SIGNED_STORE, Trouble.SIGNED_STORE_FAILS) and not at_store:
                if trouble is Trouble.SIGNED_STORE and not parts.path.startswith("/hop"):
                    self._page(302, Location="/hop" + self.path)
                    return
                mark = "&" if parts.query else "?"
                signed = f"{mark}X-Amz-Credential=AKIA&X-Amz-Signature={SIGNATURE}"
                place = "/store" + self.path.removeprefix("/hop") + signed
                self._page(302, Location=f"http://localhost:{port}{place}")
            elif trouble is Trouble.SIGNED_STORE_FAILS:
                self._page(403, "request has expired")
            elif trouble is Trouble.QUOTA:
                self._page(403, "Out of call volume quota.", Retry_After="18000")
            elif trouble is Trouble.QUOTA_SAID:
                said = b'{"statusCode": 403, "message": "Out of call volume quota. Quota will be '
                self._send(403, said + b'replenished in 04:59:30."}', "application/json")
            elif trouble is Trouble.BUSY_SILENT and number == 1:
                self._page(429)
            elif trouble is Trouble.FORBIDDEN:
                self._page(403, "access denied")
            elif trouble is Trouble.CHALLENGE or (
                trouble is Trouble.CHALLENGE_ONCE and number == 1
            ):
                self._page(200, challenge)
            elif trouble is Trouble.SLOW_FIRST_BYTE:
                server._stop.wait(server.slow_s)
                self._send(200, content, kind)
            elif trouble is Trouble.GATEWAY and number == 1:
                self._page(524, "a timeout occurred")
            elif trouble is Trouble.CREATED:
                self._send(201, content, kind)
            elif trouble is Trouble.NO_CONTENT:
                self.send_response(204)
                self.end_headers()
            elif trouble is Trouble.NOT_MODIFIED and self.headers.get("If-None-Match") == '"v1"':
                self.send_response(304)
                self.send_header("ETag", '"v1"')
                self.end_headers()
            elif trouble is Trouble.BUSY_ONCE and number == 1:
                self._page(429, Retry_After="1")
            elif trouble is Trouble.BUSY_LONG:
                self._page(429, Retry_After="3600")
            elif trouble is Trouble.BUSY_503 and number == 1:
                self._page(503, Retry_After="1")
            elif trouble is Trouble.FAILING or (trouble is Trouble.FAILING_TWICE and number <= 2):
                self._page(500)
            elif trouble is Trouble.CUT_OFF or (trouble is Trouble.CUT_OFF_ONCE and number == 1):
                self._send(200, content[: len(content) // 2], kind, length=len(content))
            elif trouble is Trouble.CUT_OFF_SILENTLY:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(content[: len(content) // 2])
                self.close_connection = True
            elif trouble is Trouble.WRONG_TYPE:
                self._page(200, "please log in")
            elif trouble is Trouble.REDIRECT and not parts.path.startswith("/moved"):
                self._page(302, Location="/moved" + self.path)
            elif trouble is Trouble.REDIRECT_AWAY:
                self._page(302, Location="http://elsewhere.invalid/" + self.path.lstrip("/"))
            elif trouble is Trouble.REDIRECT_LOOP:
                self._page(302, Location=self.path)
            elif trouble is Trouble.SLOW_DRIP:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    for byte in content:
                        if server._stop.is_set():
                            break
                        self.wfile.write(bytes([byte]))
                        self.wfile.flush()
                        time.sleep(0.02)
                self.close_connection = True
            elif trouble is Trouble.STALLED:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[:10])
                self.wfile.flush()
                server._stop.wait(5)
                self.close_connection = True
            elif trouble is Trouble.REFUSED:
                self._page(401, f"your key {key} is wrong")
            elif trouble is Trouble.ECHO:
                self._send(200, content + f"<!-- {key} -->".encode(), kind)
            elif trouble is Trouble.NOT_FOUND:
                self._page(404)
            elif trouble is Trouble.TOO_LARGE:
                self._send(200, content + b" " * 3_000_000, kind)
            else:
                self._send(200, content, kind, more={"ETag": '"v1"'})

    return Handler


@contextlib.contextmanager
def serving(body: Body, trouble: Trouble = Trouble.NONE) -> Generator[SourceServer]:
    """A server on a free port of this machine, gone at the end of the block."""
    server = SourceServer(body, trouble)
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server._stop.set()
        http.shutdown()
        http.server_close()
        thread.join()
