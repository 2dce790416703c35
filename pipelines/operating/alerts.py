"""Tell people: one message over a webhook, by e-mail, or both; never twice for the same thing.

DPRK_ALERT_WEBHOOK   address that takes a JSON body with `text` (Slack, Mattermost, Teams flows)
DPRK_ALERT_SMTP      smtp://[user:password@]host[:port], or smtps:// for TLS from the first byte
DPRK_ALERT_FROM, DPRK_ALERT_TO   addresses, several separated by commas

Passwords and webhook addresses are secrets: no message of this module shows them.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import smtplib
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import httpx

_TIMEOUT_S = 10.0
_KEPT_KEYS = 2_000


@dataclass(frozen=True)
class Alert:
    """One thing that a person should know.

    Attributes:
        kind: run failed, release blocked, stale source, outage, refused file, headline moved.
        text: one sentence.
        key: the same key is never told twice.
    """

    kind: str
    text: str
    key: str


@dataclass(frozen=True)
class Channels:
    """Where alerts go; empty texts switch a way off."""

    webhook: str = ""
    smtp: str = ""
    sender: str = ""
    recipients: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Whether there is anybody to tell."""
        return bool(self.webhook or (self.smtp and self.recipients))


def channels_from_environment() -> Channels:
    """The channels that this machine's environment names."""
    recipients = os.environ.get("DPRK_ALERT_TO", "")
    return Channels(
        os.environ.get("DPRK_ALERT_WEBHOOK", ""),
        os.environ.get("DPRK_ALERT_SMTP", ""),
        os.environ.get("DPRK_ALERT_FROM", "dprk-revenue@localhost"),
        tuple(one.strip() for one in recipients.split(",") if one.strip()),
    )


def _told_before(record: Path) -> dict[str, str]:
    try:
        found = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def send(alerts: Sequence[Alert], channels: Channels, record: Path) -> list[str]:
    """Send what was not told before, all in one message.

    Args:
        alerts: what there is to say.
        channels: where it goes.
        record: file of what was told; written only once a message went out.

    Returns:
        One sentence for each channel that failed.
    """
    before = _told_before(record)
    fresh = [one for one in alerts if one.key not in before]
    if not fresh or not channels.any:
        return []
    subject = f"DPRK Revenue: {fresh[0].kind}" + (
        f" and {len(fresh) - 1} more" if len(fresh) > 1 else ""
    )
    text = "\n".join(f"{one.kind}: {one.text}" for one in fresh)
    problems = []
    if channels.webhook:
        problems.append(_post(channels.webhook, subject, text, fresh))
    if channels.smtp and channels.recipients:
        problems.append(_mail(channels, subject, text))
    if not all(problems):
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        told = {**before, **{one.key: now for one in fresh}}
        kept = dict(sorted(told.items(), key=lambda item: item[1])[-_KEPT_KEYS:])
        with contextlib.suppress(OSError):
            record.write_text(json.dumps(kept, indent=1), encoding="utf-8")
    return [one for one in problems if one]


def _post(address: str, subject: str, text: str, alerts: Sequence[Alert]) -> str:
    body = {
        "text": f"{subject}\n{text}",
        "alerts": [{"kind": one.kind, "text": one.text} for one in alerts],
    }
    try:
        answer = httpx.post(address, json=body, timeout=_TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"no alert went out by webhook ({type(error).__name__}); check DPRK_ALERT_WEBHOOK"
    if answer.is_success:
        return ""
    return f"no alert went out by webhook: it answered {answer.status_code}"


def _mail(channels: Channels, subject: str, text: str) -> str:
    message = EmailMessage()
    message["Subject"] = subject.replace("\r", " ").replace("\n", " ")
    message["From"] = channels.sender
    message["To"] = ", ".join(channels.recipients)
    message.set_content(text)
    try:
        place = urllib.parse.urlsplit(channels.smtp)
        if place.scheme not in ("smtp", "smtps") or not place.hostname:
            return "no alert went out by e-mail: DPRK_ALERT_SMTP is no smtp://host:port"
        secure = place.scheme == "smtps"
        kind = smtplib.SMTP_SSL if secure else smtplib.SMTP
        with kind(place.hostname, place.port or (465 if secure else 25), timeout=_TIMEOUT_S) as to:
            if not secure and to.has_extn("starttls"):
                to.starttls()
            if place.username:
                to.login(
                    urllib.parse.unquote(place.username),
                    urllib.parse.unquote(place.password or ""),
                )
            to.send_message(message)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        return f"no alert went out by e-mail ({type(error).__name__}); check DPRK_ALERT_SMTP"
    return ""
