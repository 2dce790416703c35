"""A source is one folder, found by listing: a toy one joins, a lame one is named."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.cadence import BY_HAND, CADENCES
from pipelines.inbox import HEAD_BYTES
from pipelines.sources.folders import SourceFolderError, list_folders

TOY = """
about = "Toys. Grain: line."
publisher = "toyshop"
licence = "none"
cadence = "monthly"
stale_days = 40
last_day = "day"
to_get_it = "drop a toy"
dropped = "a file that begins with TOY"
"""
READ = """
import polars as pl
from pipelines.quarantine import Split, empty_quarantine
CONTRACT = object
def parse(content, file):
    return Split(pl.DataFrame({"line": [1]}), empty_quarantine(), 1)
def recognise(head):
    return head.startswith(b"TOY")
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    package = tmp_path / "toy_sources"
    (package / "toys").mkdir(parents=True)
    (package / "toys" / "source.toml").write_text(TOY)
    (package / "toys" / "read.py").write_text(READ)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield package
    for name in [one for one in sys.modules if one.startswith("toy_sources")]:
        del sys.modules[name]


def test_a_folder_is_a_source_without_any_list_of_names(home: Path) -> None:
    (toy,) = list_folders(home, "toy_sources")
    assert (toy.name, toy.publisher, toy.stale_days) == ("toys", "toyshop", 40)
    assert toy.parse(b"TOY", "f").kept.height == 1
    assert toy.recognise(home, b"TOY")
    assert not toy.recognise(home, b"no")
    assert toy.refresh is None
    assert toy.key_value() is None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (TOY.replace('licence = "none"\n', ""), "does not say 'licence'"),
        (TOY + 'colour = "red"\n', "says 'colour', which is not read"),
        (TOY.replace("= 40", '= "40"'), "'stale_days' must be int"),
    ],
)
def test_a_folder_that_says_too_little_or_too_much_is_named(home: Path, settings, said) -> None:
    (home / "toys" / "source.toml").write_text(settings)
    with pytest.raises(SourceFolderError, match=f"toys/source.toml.*{said}"):
        list_folders(home, "toy_sources")


@pytest.mark.parametrize("folder", list_folders(), ids=lambda one: one.name)
def test_every_folder_of_ours_is_whole(folder) -> None:
    assert folder.cadence in {*CADENCES, BY_HAND}
    assert folder.last_day in folder.contract.to_schema().columns
    assert next(iter(folder.contract.to_schema().columns)) == "line"
    content = folder.sample.read_bytes()
    split = folder.parse(content, folder.sample_name)
    assert split.kept.height > 0
    assert split.rows_in == split.kept.height + split.rows_quarantined


def test_every_sample_is_recognised_by_its_own_source_alone() -> None:
    folders = list_folders()
    claimed = {
        one.name: [other.name for other in folders if other.recognise(one.sample, head)]
        for one in folders
        for head in [one.sample.read_bytes()[:HEAD_BYTES]]
    }
    assert claimed == {one.name: [one.name] for one in folders}
