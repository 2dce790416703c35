"""What a finished suite says of a stream: kept, refused or doubted by its calibration."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import polars as pl
import pytest

from pipelines.inference import scores
from pipelines.operating import backtesting

THROUGH = dt.date(2020, 12, 1)
SCORED_AT = dt.datetime(2021, 1, 2, tzinfo=dt.UTC)
LEDGER = pl.DataFrame({"stream": ["toys", "coal", "toys"], "central": [1.0, 2.0, 3.0]})


@pytest.fixture
def suite(monkeypatch, tmp_path):
    """Scores a stream whose fits are made up; (even as published, even as control) to its word."""
    seen = {}

    def bench(evidence, ledger, seed):
        density = SimpleNamespace(fingerprint=lambda: "d1")
        seen["figures"] = ledger["central"].to_list()
        return SimpleNamespace(figures=ledger, joint=SimpleNamespace(density=density))

    def resumed(folds, score, *, prefix, key, store, progress):
        seen.setdefault("prefixes", []).append((prefix, key, store.relative_to(tmp_path)))
        progress(1, 1, prefix)
        return pl.DataFrame({"fold": [prefix]})

    def run(*, published: bool, control: bool) -> str:
        even = pl.DataFrame(
            {
                "quantity": ["tin", "lead"],
                "fit": [scores.AS_PUBLISHED, "control"],
                "is_even": [published, control],
            }
        )
        monkeypatch.setattr(backtesting.scores, "uniformity", lambda ranks: even)
        return backtesting.score_stream(
            SimpleNamespace(name="toys", reads={}, evidence=lambda *_, **more: more["through"]),  # ty: ignore[invalid-argument-type]
            {"facts.observations": LEDGER, "staged.priors": pl.DataFrame()},
            through=THROUGH,
            seed=7,
            scored_at=SCORED_AT,
            home=tmp_path,
            progress=lambda *told: seen.setdefault("told", []).append(told),
        )

    monkeypatch.setattr(backtesting.backtests, "Bench", bench)
    monkeypatch.setattr(backtesting.folds, "run_resumable", resumed)
    monkeypatch.setattr(backtesting.folds, "folds_of", lambda figures, through: [through])
    monkeypatch.setattr(backtesting.calibration, "MadeUp", lambda evidence: evidence)
    monkeypatch.setattr(
        backtesting.calibration, "calibrate", lambda made, *, seed, **common: pl.DataFrame()
    )
    monkeypatch.setattr(
        backtesting.suites, "keep_suite", lambda suite, home: seen.update(kept=suite, home=home)
    )
    return run, seen, tmp_path


def test_a_suite_is_of_its_stream_s_figures_and_kept_with_what_it_was_made_from(suite) -> None:
    run, seen, home = suite
    assert run(published=True, control=False) == ""
    assert seen["figures"] == [1.0, 3.0]
    assert [(one, key, str(at)) for one, key, at in seen["prefixes"]] == [("toys", "d1 7", "folds")]
    assert seen["told"] == [(1, 1, "toys")]
    note = seen["kept"].note
    assert (note.stream, note.density, note.seed) == ("toys", "d1", 7)
    assert (note.through, note.scored_at) == ("2020-12-01", "2021-01-02T00:00:00+00:00")
    assert seen["home"] == home


def test_uneven_ranks_of_the_published_fit_refuse_it_and_are_kept_all_the_same(suite) -> None:
    run, seen, _ = suite
    with pytest.raises(backtesting.Miscalibrated, match="of toys failed for tin: the sampler"):
        run(published=False, control=False)
    assert seen["kept"].note.stream == "toys"


def test_a_control_that_ranks_evenly_is_doubted(suite) -> None:
    run, _, _ = suite
    assert "on these figures calibration could not tell" in run(published=True, control=True)
