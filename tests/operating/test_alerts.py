"""Alerts reach a local webhook and a local mail server, once."""

from __future__ import annotations

import pytest

from pipelines.operating.alerts import Alert, Channels, send
from tests.fixtures.receivers import receivers

STALE = Alert("stale source", "ecb: last success never", "stale ecb")
FAILED = Alert("run failed", "staged/coal_figures: line 3 «kaputt»", "run 1")


@pytest.fixture
def got():
    """A webhook and a mail server of this machine."""
    with receivers() as both:
        yield both


def test_one_message_by_each_way_and_never_twice(tmp_path, got):
    people = ("a@example.org", "b@example.org")
    channels = Channels(got.webhook, got.smtp, "pipeline@example.org", people)
    record = tmp_path / "alerts.json"
    assert send([FAILED, STALE], channels, record) == []
    assert send([STALE], channels, record) == []
    assert len(got.hooks) == len(got.mails) == 1
    assert got.hooks[0]["alerts"][0] == {"kind": "run failed", "text": FAILED.text}
    assert "To: a@example.org, b@example.org" in got.mails[0]
    assert "Subject: DPRK Revenue: run failed and 1 more" in got.mails[0]


def test_what_did_not_go_out_is_told_again_and_shows_no_secret(tmp_path, got):
    record = tmp_path / "alerts.json"
    got.answer = 500
    problems = send([STALE], Channels(got.webhook), record)
    assert problems == ["no alert went out by webhook: it answered 500"]
    got.answer = 200
    assert send([STALE], Channels(got.webhook), record) == []
    assert len(got.hooks) == 2
    dead = Channels(
        "http://127.0.0.1:9/s3cret", "smtp://user:s3cret@127.0.0.1:9", "x@y", ("a@example.org",)
    )
    told = send([FAILED], dead, record)
    assert len(told) == 2
    assert "s3cret" not in " ".join(told)


def test_nobody_to_tell_is_no_error(tmp_path):
    assert send([FAILED], Channels(), tmp_path / "alerts.json") == []
    assert not (tmp_path / "alerts.json").exists()
