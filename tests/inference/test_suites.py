"""Finished backtests survive a kill, say what is wrong with a damaged file, and age visibly."""

import dataclasses
from pathlib import Path

import polars as pl
import pytest

from pipelines.inference import suites
from pipelines.inference.suites import CASES_SCHEMA, RANKS_SCHEMA, Note, Suite, SuiteError

NOTE = Note("coal", "2026-01-02T03:04:05", "one", 7, "2025-12-01")


def read(stream: str, folder: Path) -> suites.Suite:
    found = suites.read_suite(stream, folder)
    assert found is not None
    return found


def chosen(kept: Path, density: str) -> suites.Suite:
    found = suites.choose_suite("coal", kept, density)
    assert found is not None
    return found


@pytest.fixture
def suite():
    case = {
        name: {"String": "a", "Float64": 0.123456789, "Boolean": True}[str(kind)]
        for name, kind in CASES_SCHEMA.items()
    }
    ranks = {
        "fit": ["as published"] * 2,
        "world": [0, 1],
        "quantity": ["income ban"] * 2,
        "rank": [0.25, 0.75],
    }
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
    assert read("coal", tmp_path).note == NOTE
    suites.keep_suite(later, tmp_path)
    assert read("coal", tmp_path).note == later.note
    assert len(list(tmp_path.glob("*.csv"))) == 2


@pytest.mark.parametrize("damage", ["note", "cases"])
def test_a_damaged_suite_says_which_and_what_to_do(suite, tmp_path, damage):
    suites.keep_suite(suite, tmp_path)
    file = next(tmp_path.glob(f"coal-{damage}*"))
    file.write_text('{"stream": "coal"}' if damage == "note" else "not,a,suite\n1,2,3\n")
    with pytest.raises(SuiteError, match=r"coal.*cannot be read.*coal-note\.json.*run backtest"):
        suites.read_suite("coal", tmp_path)


def test_a_suite_of_this_density_stands_before_a_newer_one_of_another(suite, tmp_path, monkeypatch):
    kept, embedded = tmp_path / "kept", tmp_path / "embedded"
    monkeypatch.setattr(suites, "EMBEDDED", embedded)
    newer = dataclasses.replace(NOTE, scored_at="2026-09-09T00:00:00", density="older")
    suites.keep_suite(dataclasses.replace(suite, note=newer), kept)
    suites.keep_suite(suite, embedded)
    assert chosen(kept, "one").is_embedded
    assert not chosen(kept, "newest").is_embedded
    assert suites.choose_suite("labor", kept, "one") is None


def test_published_tables_say_of_each_suite_whether_it_is_of_this_release(suite):
    ranks = pl.DataFrame(
        {
            "fit": ["as published"] * 20 + ["without class errors"] * 20,
            "world": [*range(20)] * 2,
            "quantity": "income ban",
            "rank": [(i + 0.5) / 20 for i in range(20)] + [0.01] * 20,
        },
        schema=RANKS_SCHEMA,
    )
    case = suite.cases.with_columns(era=pl.lit("ban"), stream=pl.lit("coal"))
    coal = dataclasses.replace(suite, cases=case, ranks=ranks)
    scores, cases, calibration = suites.tables([coal], {"coal": "another"})
    assert cases.equals(case)
    # an era and the pool it belongs to, a quantity and all
    assert scores.select("era", "quantity").rows() == [
        ("after_ban", "a"), ("after_ban", "all"), ("ban", "a"), ("ban", "all"),
    ]  # fmt: skip
    assert set(scores["verdict"]) == {"too few to judge"}
    assert not scores["is_current"].any()
    assert suites.tables([coal], {"coal": NOTE.density})[0]["is_current"].all()
    told = calibration.select("fit", "is_even", "is_control", "n_worlds").rows()
    assert told == [("as published", True, False, 20), ("without class errors", False, True, 20)]


def test_without_suites_the_tables_are_empty_and_typed():
    scores, cases, calibration = suites.tables([], {})
    assert (scores.height, cases.height, calibration.height) == (0, 0, 0)
    assert {"verdict", "scored_at", "is_current"} <= set(scores.columns)
    assert calibration.schema["is_control"] == pl.Boolean


def test_whatever_is_embedded_reads_and_is_whole():
    for note in suites.EMBEDDED.glob("*-note.json"):
        embedded = suites.read_suite(note.name.removesuffix("-note.json"), suites.EMBEDDED)
        assert embedded is not None
        assert {"leave_one_root_out", "leave_one_year_out", "leave_class_out", "forward"} <= set(
            embedded.cases["test"]
        )
        assert embedded.ranks["rank"].is_between(0, 1).all()
        kept = embedded.cases.filter(pl.col("quantity").is_in(["state_share", "remitted_share"]))
        assert kept.select("q05", "q50", "q95").to_numpy().max(initial=0.0) <= 1.0
        assert embedded.note.stream == note.name.removesuffix("-note.json")
