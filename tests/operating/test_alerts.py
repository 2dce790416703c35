"""Alerts reach a local webhook and a local mail server, once."""

from __future__ import annotations

import http.server
import json
import socketserver
import threading

import pytest

from pipelines.operating.alerts import Alert, Channels, send

STALE = Alert("stale source", "ecb: last success never", "stale ecb")
FAILED = Alert("run failed", "staged/coal_figures: line 3 «kaputt»", "run 1")


@pytest.fixture
def webhook():
    """(address, bodies received); answers what `answer` holds."""
    bodies: list[dict] = []
    answer = [200]

    class Take(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answer[0])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Take) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hook/s3cret", bodies, answer
        server.shutdown()


@pytest.fixture
def mail_server():
    """(address, raw messages received): the few words of SMTP that a client needs."""
    messages: list[str] = []

    class Take(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(b"220 ready\r\n")
            while line := self.rfile.readline():
                word = line.split(b" ")[0].strip().upper()
                if word == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    text = []
                    while (part := self.rfile.readline()) != b".\r\n":
                        text.append(part.decode())
                    messages.append("".join(text))
                self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 fine\r\n")
                if word == b"QUIT":
                    return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Take) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"smtp://127.0.0.1:{server.server_address[1]}", messages
        server.shutdown()


def test_one_message_by_each_way_and_never_twice(tmp_path, webhook, mail_server):
    address, bodies, _ = webhook
    smtp, mails = mail_server
    channels = Channels(address, smtp, "pipeline@example.org", ("a@example.org", "b@example.org"))
    record = tmp_path / "alerts.json"
    assert send([FAILED, STALE], channels, record) == []
    assert send([STALE], channels, record) == []
    assert len(bodies) == len(mails) == 1
    assert bodies[0]["alerts"][0] == {"kind": "run failed", "text": FAILED.text}
    assert "To: a@example.org, b@example.org" in mails[0]
    assert "Subject: DPRK Revenue: run failed and 1 more" in mails[0]


def test_what_did_not_go_out_is_told_again_and_shows_no_secret(tmp_path, webhook):
    address, bodies, answer = webhook
    record = tmp_path / "alerts.json"
    answer[0] = 500
    problems = send([STALE], Channels(address), record)
    assert problems == ["no alert went out by webhook: it answered 500"]
    answer[0] = 200
    assert send([STALE], Channels(address), record) == []
    assert len(bodies) == 2
    dead = Channels(
        "http://127.0.0.1:9/s3cret", "smtp://user:s3cret@127.0.0.1:9", "x@y", ("a@example.org",)
    )
    told = send([FAILED], dead, record)
    assert len(told) == 2
    assert "s3cret" not in " ".join(told)


def test_nobody_to_tell_is_no_error(tmp_path):
    assert send([FAILED], Channels(), tmp_path / "alerts.json") == []
    assert not (tmp_path / "alerts.json").exists()
