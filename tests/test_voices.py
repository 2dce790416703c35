"""Who speaks through a list stands in the list's own folder."""

from __future__ import annotations

import pytest

from pipelines.sources.list_editions import LISTS
from pipelines.voices import LIST_VOICES, list_voices

LIST = """
[lists.toy_list]
authority = "TOY"
kind = "designated"
title = "Toy list"
home = "https://toy.example"
"""


def test_every_list_has_a_voice_and_every_voice_a_list():
    assert set(LIST_VOICES) == {one.source for one in LISTS}


def test_a_new_folder_brings_its_voice(tmp_path):
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "source.toml").write_text(LIST)
    (voice,) = list_voices(tmp_path).values()
    assert (voice.authority, voice.kind, voice.note) == ("TOY", "designated", None)


def test_a_list_that_does_not_say_who_speaks_is_named(tmp_path):
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "source.toml").write_text(LIST.replace('authority = "TOY"\n', ""))
    with pytest.raises(ValueError, match=r"toy/source\.toml: \[lists\.toy_list\].*'authority'"):
        list_voices(tmp_path)
