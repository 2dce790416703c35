"""Every connector meets the server's common troubles; the whole table is a command of its own."""

from __future__ import annotations

import pytest

from pipelines.sources.folders import list_folders, official_lists
from tests.fixtures.connectors import CONNECTORS, try_connector
from tests.fixtures.source_server import Trouble


def test_every_folder_that_a_program_may_ask_is_tried_and_nothing_else():
    tried = {one.name.partition(",")[0].partition(" ")[0] for one in CONNECTORS}
    folders = {one.name for one in list_folders() if one.refresh}
    lists = {one.source: one.folder for one in official_lists()}
    assert folders <= tried
    assert {lists.get(name, name) for name in tried} == folders | set(lists.values())


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
