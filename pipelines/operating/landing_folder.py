"""The folder that people drop files into: what is taken, and the taking."""

from __future__ import annotations

from pathlib import Path

from pipelines.hand_kept import figure_kind
from pipelines.inbox import Handled, Kind, forget, land, loaded_notes
from pipelines.paths import data_dir
from pipelines.snapshots import SnapshotStore
from pipelines.sources.kinds import holder, source_kinds


def landing_dir() -> Path:
    """Where people put files."""
    return data_dir() / "landing"


def kinds_of(store: SnapshotStore) -> list[Kind]:
    """Every kind of file that is taken, in the order it is tried."""
    return [*source_kinds(store), figure_kind(store)]


def land_all(store: SnapshotStore) -> list[Handled]:
    """Take in what is finished in the landing folder.

    A file counts as loaded as long as its bytes are held: after raw/ was emptied it may come again.
    """
    holds = holder(store)
    for note in loaded_notes(landing_dir()):
        if not holds(str(note.get("source")), note["sha256"]):
            forget(landing_dir(), note["sha256"])
    return land(landing_dir(), kinds_of(store))
