"""What people are told after a run."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from pipelines.operating.alerting import _moved_headlines, _stale_sources
from pipelines.publish.vintages import Estimates, VintageStore, millions
from tests.publish.test_vintages import MADE, estimates, ledger, put


def _years(*medians: float) -> Estimates:
    """One stream; 2025 and the years before it, oldest first."""
    one = [estimates(median) for median in medians]
    years = range(2026 - len(medians), 2026)

    def dated(name: str) -> pl.DataFrame:
        return pl.concat(
            getattr(each, name).with_columns(year=pl.lit(year, dtype=pl.Int64))
            for each, year in zip(one, years, strict=True)
        )

    return Estimates(dated("annual"), dated("batches"))


@pytest.fixture
def moved(monkeypatch, tmp_path):
    """Alerts of a release of these medians after one of those; 90% is half to twice the median."""
    monkeypatch.setenv("DPRK_DATA_DIR", str(tmp_path))
    store = VintageStore(tmp_path / "vintages")

    def told(before: tuple[float, ...], after: tuple[float, ...]) -> list[str]:
        rows = ledger(("a", "coal", 1.0))
        put(store, tmp_path, "r1", MADE, _years(*before), ledger())
        put(store, tmp_path, "r2", MADE, _years(*after), rows)
        return [one.text for one in _moved_headlines()]

    return told


def test_a_headline_that_leaves_its_interval_is_told_once_a_stream(moved):
    assert moved((100e6, 100e6, 600e6), (250e6, 100e6, 1_300e6)) == [
        "coal 2025: USD 1,300 million, outside the 90% interval it had (300-1,200); cause: "
        "evidence. So did 1 earlier year(s)"
    ]


def test_a_headline_inside_its_interval_is_no_alert(moved):
    assert moved((100e6,), (190e6,)) == []


def test_a_stale_source_says_since_when_and_since_when_it_is_due(monkeypatch, tmp_path):
    monkeypatch.setenv("DPRK_DATA_DIR", str(tmp_path))
    folder = tmp_path / "published" / "parquet"
    folder.mkdir(parents=True)
    at = dt.datetime(2026, 3, 1, 12, 30, 15, 99)  # noqa: DTZ001  as tables hold instants
    pl.DataFrame(
        {
            "source": ["a", "b", "c"],
            "is_stale": [True, True, False],
            "last_success_at": [at, None, None],
            "next_due_at": [at + dt.timedelta(days=31), None, None],
            "as_of": [None, None, None],
            "status": ["asked: down", "no data", "fine"],
        }
    ).write_parquet(folder / "sources_status.parquet")
    assert [one.text for one in _stale_sources()] == [
        "a: last success 2026-03-01 12:30, due 2026-04-01 12:30; asked: down",
        "b: last success never, due by its age; no data",
    ]


@pytest.mark.parametrize(
    ("usd", "text"),
    [(1_134e6, "1,130"), (16.54e6, "16.5"), (459e3, "0.459"), (0, "0"), (12_345e6, "12,300")],
)
def test_millions_have_three_digits_and_no_exponent(usd, text):
    assert millions(usd) == text


def test_a_move_shows_its_sign():
    assert (millions(149e6, sign="+"), millions(-1_134e6, sign="+")) == ("+149", "-1,130")
