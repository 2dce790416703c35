"""Finished backtests survive a kill, say what is wrong with a damaged file, and age visibly."""

import dataclasses
import json

import polars as pl
import pytest

from pipelines.estimates import suites
from pipelines.estimates.suites import CASES_SCHEMA, RANKS_SCHEMA, Note, Suite, SuiteError

NOTE = Note("coal", "2026-01-02T03:04:05", "figures", "code", 7, "2025-12-01")


@pytest.fixture
def suite():
    case = {
        name: {pl.String: "a", pl.Float64: 0.123456789, pl.Boolean: True}[kind]
        for name, kind in CASES_SCHEMA.items()
    }
    ranks = {"world": [0, 1], "quantity": ["income 2016"] * 2, "rank": [0.25, 0.75]}
    return Suite(
        NOTE,
        pl.DataFrame([case], schema=CASES_SCHEMA),
        pl.DataFrame(ranks, schema=RANKS_SCHEMA),
    )


def test_a_suite_comes_back_as_kept_to_six_digits(suite, tmp_path):
    suites.keep_suite(suite, tmp_path)
    back = suites.read_suite("coal", tmp_path)
    assert back is not None
    assert back.note == NOTE
    assert back.ranks.equals(suite.ranks)
    assert back.cases["wis"].to_list() == [0.123457]
    assert back.cases.schema == pl.Schema(CASES_SCHEMA)


def test_no_suite_is_none(tmp_path):
    assert suites.read_suite("coal", tmp_path) is None


def test_a_kill_before_the_note_leaves_the_suite_before(suite, tmp_path, monkeypatch):
    suites.keep_suite(suite, tmp_path)
    later = dataclasses.replace(
        suite, note=dataclasses.replace(NOTE, scored_at="2026-05-06T07:08:09")
    )

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(suites.json, "dumps", killed)
        with pytest.raises(KeyboardInterrupt):
            suites.keep_suite(later, tmp_path)
    assert suites.read_suite("coal", tmp_path).note == NOTE
    suites.keep_suite(later, tmp_path)
    assert suites.read_suite("coal", tmp_path).note == later.note
    assert len(list(tmp_path.glob("*.csv"))) == 2


@pytest.mark.parametrize("damage", ["note", "cases"])
def test_a_damaged_suite_says_which_and_what_to_do(suite, tmp_path, damage):
    suites.keep_suite(suite, tmp_path)
    file = next(tmp_path.glob(f"coal-{damage}*"))
    file.write_text('{"stream": "coal"}' if damage == "note" else "not,a,suite\n1,2,3\n")
    with pytest.raises(SuiteError, match=r"coal.*cannot be read.*coal-note\.json.*run backtest"):
        suites.read_suite("coal", tmp_path)


def test_a_suite_of_this_code_stands_before_a_newer_one_of_another(suite, tmp_path, monkeypatch):
    kept, embedded = tmp_path / "kept", tmp_path / "embedded"
    monkeypatch.setattr(suites, "EMBEDDED", embedded)
    newer = dataclasses.replace(NOTE, scored_at="2026-09-09T00:00:00", code="older code")
    suites.keep_suite(dataclasses.replace(suite, note=newer), kept)
    suites.keep_suite(suite, embedded)
    chosen = suites.choose_suite("coal", kept, "figures", "code")
    assert chosen.is_embedded
    assert suites.is_current(chosen, "figures", "code")
    chosen = suites.choose_suite("coal", kept, "figures", "newest code")
    assert not chosen.is_embedded
    assert not suites.is_current(chosen, "figures", "newest code")
    assert suites.choose_suite("labor", kept, "figures", "code") is None


def test_the_embedded_suites_read_and_hold_every_test():
    wanted = {"leave_one_origin_out", "leave_one_year_out", "forward"}
    for stream in suites.STREAMS:
        embedded = suites.read_suite(stream, suites.EMBEDDED, is_embedded=True)
        assert embedded is not None
        assert set(embedded.cases["test"]) == wanted | ({"rewind"} if stream == "coal" else set())
        assert embedded.ranks["rank"].is_between(0, 1).all()
        assert json.loads((suites.EMBEDDED / f"{stream}-note.json").read_text())["stream"] == stream
