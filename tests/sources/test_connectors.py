"""Every connector meets the server's common troubles; the whole table is a command of its own."""

from __future__ import annotations

import pytest

from tests.fixtures.connectors import CONNECTORS, try_connector
from tests.fixtures.source_server import Trouble


@pytest.mark.parametrize("connector", CONNECTORS, ids=lambda one: one.name)
@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (Trouble.NONE, "rows"),
        (Trouble.CUT_OFF, "BodyCutOff"),
        (Trouble.FAILING, "ServerFailed"),
        (Trouble.WRONG_TYPE, "WrongContentType"),
        (Trouble.SIGNED_STORE, "rows"),
        (Trouble.SIGNED_STORE_FAILS, "RequestRefused"),
        (Trouble.QUOTA, "QuotaSpent"),
        (Trouble.BUSY_SILENT, "rows"),
        (Trouble.CHALLENGE, "ChallengePage"),
        (Trouble.CHALLENGE_ONCE, "rows"),
        (Trouble.SLOW_FIRST_BYTE, "rows"),
        (Trouble.GATEWAY, "rows"),
        (Trouble.CREATED, "rows"),
        (Trouble.NO_CONTENT, "NothingPublished"),
    ],
)
def test_each_connector_names_its_trouble(connector, trouble, said):
    if trouble is Trouble.WRONG_TYPE and connector.body("/", {})[1] == "text/html":
        # where the source itself is a page, another page is told by its content
        said = "SourceDrift"
    assert said in try_connector(connector, trouble).said


@pytest.mark.parametrize("connector", CONNECTORS, ids=lambda one: one.name)
def test_a_silently_cut_off_answer_is_never_taken_for_a_whole_one(connector):
    assert try_connector(connector, Trouble.CUT_OFF_SILENTLY).said in ("SourceDrift", "BodyCutOff")
