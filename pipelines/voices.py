"""Which body speaks through each official list, as the list's own folder says."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from pipelines.paths import SOURCES_DIR


@dataclass(frozen=True)
class ListVoice:
    """Which body speaks through a list, and what standing on it means."""

    authority: str
    kind: str
    title: str
    home: str
    note: str | None = None


def list_voices(root: Path = SOURCES_DIR) -> dict[str, ListVoice]:
    """The voice of every list, by the list's name.

    Raises:
        ValueError: a list does not say who speaks.
    """
    voices: dict[str, ListVoice] = {}
    for settings in sorted(root.glob("*/source.toml")):
        said = tomllib.loads(settings.read_text(encoding="utf-8"))
        for name, told in said.get("lists", {}).items():
            try:
                voices[name] = ListVoice(
                    told["authority"], told["kind"], told["title"], told["home"], told.get("note")
                )
            except KeyError as error:
                raise ValueError(
                    f"{settings.parent.name}/source.toml: [lists.{name}] does not say {error}; "
                    "add who speaks through the list, and what standing on it means"
                ) from None
    return voices


LIST_VOICES = list_voices()
