"""Probing the live doors: one line each, nothing stored in the pipeline, first answers kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.operating.probe import main
from pipelines.paths import data_dir
from pipelines.snapshots import SnapshotStore
from pipelines.sources.comtrade import read as comtrade
from pipelines.sources.http import Fetcher, Limits
from pipelines.sources.probe import FIRST_BYTES, Door, doors, kept_answers, probe
from pipelines.sources.shape import shape_of
from tests.fixtures import samples
from tests.fixtures.source_server import SIGNATURE, Trouble, serving

LIMITS = Limits(
    hosts=frozenset({"127.0.0.1", "localhost"}), attempts=1, min_interval_s=0, max_bytes=10**8
)


def door(url: str, **more) -> Door:
    return Door(
        "comtrade",
        lambda fetcher, key: fetcher.get(url, LIMITS, source="comtrade"),
        "x",
        lambda content, at: comtrade.parse_comtrade(content, file="probe"),
        **more,
    )


@pytest.fixture
def store(tmp_path: Path) -> SnapshotStore:
    return SnapshotStore(tmp_path)


def test_a_door_that_opens_tells_rows_and_columns_and_its_first_answer_is_kept(store) -> None:
    answer = samples.comtrade_json([{}, {"reporterCode": 392}])
    with serving(lambda path, query: (answer, "application/json"), Trouble.SIGNED_STORE) as server:
        first = probe(door(server.url), Fetcher(), store)
        again = probe(door(server.url), Fetcher(), store)
    assert first.is_answered
    assert first.line.startswith("200 after 2 redirect(s), application/json, 2 rows, 0 refused, ")
    assert "elapsedTime, count, data" in first.line
    assert first.kept is not None
    assert again.kept is None
    assert len(store.retrievals("comtrade")) == 1
    assert all(
        SIGNATURE.encode() not in path.read_bytes()
        for path in store.root.rglob("*")
        if path.is_file()
    )


def test_a_changed_form_is_kept_beside_the_first_and_told_as_drift(store) -> None:
    for name in ("netWgt", "netWeight"):
        answer = samples.comtrade_json([{}]).replace(b'"netWgt"', f'"{name}"'.encode())
        with serving(lambda path, query, sent=answer: (sent, "application/json")) as server:
            told = probe(door(server.url), Fetcher(), store)
    assert not told.is_answered
    assert "DRIFT" in told.line
    assert "missing: netWgt" in told.line
    kept = kept_answers(store, [door("")])
    assert [one.is_answered for one in kept] == [True, False]


def test_trouble_is_one_line_with_its_name(store) -> None:
    with serving(lambda path, query: (b"{}", "application/json"), Trouble.QUOTA) as server:
        told = probe(door(server.url), Fetcher(), store)
    assert not told.is_answered
    assert told.line.startswith("QuotaSpent: ")
    assert store.retrievals("comtrade") == []


def test_a_door_that_needs_a_key_is_not_asked_without(store, monkeypatch) -> None:
    monkeypatch.delenv("GFW_API_TOKEN", raising=False)
    told = probe(door("", key="GFW_API_TOKEN", is_key_needed=True), Fetcher(), store)
    assert told.line == "not asked: GFW_API_TOKEN is not set"


def test_a_large_file_is_only_looked_at(store) -> None:
    large = b"a,b,c\n" + b"1,2,3\n" * 200_000
    with serving(lambda path, query: (large, "text/csv")) as server:
        told = probe(door(server.url, first_bytes=FIRST_BYTES), Fetcher(), store)
    assert told.line.startswith(f"200, text/csv, {FIRST_BYTES} bytes looked at of CSV (a, b, c)")


def test_every_source_that_can_be_fetched_has_a_door() -> None:
    names = {one.source for one in doors()}
    assert {"comtrade", "pink_sheet", "baci", "ecb_fx", "gfw_events", "ofac_sdn", "un_sc"} <= names


def test_the_command_names_what_it_does_not_know(capsys, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("DPRK_DATA_DIR", str(tmp_path))
    assert main(["nowhere"]) == 2
    assert "no source 'nowhere'" in capsys.readouterr().out
    assert main(["--kept"]) == 0
    assert "No answer was kept yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "kind", "columns"),
    [
        (b'{"count": 1, "data": [{"period": "2016"}]}', "JSON", ("count", "data", "period")),
        (b'{"id": "a"}\n{"id": "b"}\n', "JSON lines", ("id",)),
        (b'{"count": 1, "data": [{"per', "JSON", ("count", "data")),
        ("商品;价格\n1;2\n".encode("gb18030"), "CSV", ("商品", "价格")),
        (b"<?xml version='1.0'?><a><b/><b/></a>", "XML", ("a", "b")),
        ("<html><title>t</title><table><tr><td>价</td></tr>".encode(), "HTML", ("t", "价")),
        (b"\x00\x01", "other", ()),
        (b"", "other", ()),
    ],
)
def test_the_shape_of_anything_is_told(content, kind, columns) -> None:
    shape = shape_of(content)
    assert shape.kind == kind
    assert shape.columns == columns


KEPT = SnapshotStore(data_dir() / "probe")
FIRST_ANSWERS = [
    (one, snapshot) for one in doors() for snapshot in KEPT.retrievals(one.source)
] if KEPT.root.is_dir() else []  # fmt: skip


@pytest.mark.skipif(not FIRST_ANSWERS, reason="no live answer was kept yet: ./run probe keeps them")
@pytest.mark.parametrize(("known", "snapshot"), FIRST_ANSWERS, ids=lambda one: one.source)
def test_todays_parser_reads_the_kept_live_answers(known, snapshot) -> None:
    content = KEPT.read(snapshot)
    assert shape_of(content).columns
    if known.read is not None and snapshot.part == "whole":
        split = known.read(content, snapshot.retrieved)
        assert split.rows_in == split.kept.height + split.rows_quarantined
    json.dumps(snapshot.url)
