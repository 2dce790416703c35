"""Know whether anything that a run looks at has changed since the last one, which ended well.

A run that ended well notes what it saw: code, snapshots, settings, the day, the work database and
the release. While all of it is the same another run would make the same release, and is spared.
A run that begins takes the note away, so that one that fails or is killed leaves none.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from pipelines.paths import REPOSITORY, data_dir, published_dir, work_database

NOTE = ".settled.json"
_CODE = ("pipelines", "assets", "sql", "requirements.lock", "pyproject.toml")
# what a run writes besides what it reads
_OUTPUT = frozenset({"releases", "vintages", "published"})
# people's keys and addresses decide no number and are written nowhere, not even as hashes
_SECRET = ("KEY", "TOKEN", "SMTP", "WEBHOOK", "ALERT")
_TAKEN = frozenset({"accepted", "rejected"})
_SETTINGS = ("DPRK_", "GFW_", "SOURCE_DATE_EPOCH")


def _code_files() -> Iterator[Path]:
    for name in _CODE:
        place = REPOSITORY / name
        if place.is_file():
            yield place
        for folder, inside, files in os.walk(place):
            inside[:] = [one for one in inside if one != "__pycache__"]
            yield from (Path(folder, one) for one in files)


def _code() -> str:
    """Hash of the repository's files that a run reads, by name and content."""
    whole = hashlib.sha256()
    for file in sorted(_code_files()):
        if file.suffix != ".md":
            whole.update(str(file.relative_to(REPOSITORY)).encode() + b"\0")
            whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


def _data() -> str:
    """Hash of names, sizes and times of everything in the data folder that a run reads."""
    root = data_dir()
    whole = hashlib.sha256()
    for folder, inside, files in os.walk(root):
        if Path(folder) == root:
            inside[:] = sorted(set(inside) - _OUTPUT)
            files = [one for one in files if one == work_database().name]
        inside.sort()
        for name in sorted(files):
            if name == ".lock":
                continue
            state = Path(folder, name).lstat()
            told = (os.path.relpath(folder, root), name, state.st_size, state.st_mtime_ns)
            whole.update(json.dumps(told).encode())
    return whole.hexdigest()


def _settings() -> dict[str, str]:
    return {
        name: "set" if any(word in name for word in _SECRET) else value
        for name, value in sorted(os.environ.items())
        # whether sources are asked decides nothing once they were
        if name.startswith(_SETTINGS) and name != "DPRK_ONLINE"
    }


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def _seen() -> dict[str, object]:
    return {
        "code": _code(),
        "python": sys.version,
        "settings": _settings(),
        # what is due and what is stale is judged by the day
        "day": _today().isoformat(),
    }


class Watchman:
    """What a run saw when it began; `settle` notes it once the run has ended well."""

    def __init__(self) -> None:
        self._begun = _seen()
        begin()

    def settle(self) -> None:
        """Note what was seen, unless something changed meanwhile or still waits to be read."""
        if _seen() != self._begun or _files_wait():
            return
        note = {**self._begun, "data": _data(), "release": published_dir().resolve().name}
        with contextlib.suppress(OSError):
            (data_dir() / NOTE).write_text(json.dumps(note, indent=1), encoding="utf-8")


def begin() -> None:
    """Take the note away: from here on the last run is not known to have ended well."""
    (data_dir() / NOTE).unlink(missing_ok=True)


def _files_wait() -> bool:
    """Whether something lies in landing/ that no run has taken in yet."""
    for _, inside, files in os.walk(data_dir() / "landing"):
        # what was taken in, refused, or is a run's own
        inside[:] = [one for one in inside if one not in _TAKEN and not one.startswith(".")]
        if any(not one.startswith(".") for one in files):
            return True
    return False


def settled_release() -> str | None:
    """The release that another run would only make again; None where something has changed.

    Call it while the data folder is held, after the release served was verified.
    """
    try:
        note = json.loads((data_dir() / NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    target = published_dir()
    if not isinstance(note, dict) or not target.is_symlink() or not target.is_dir():
        return None
    now = {**_seen(), "data": _data(), "release": target.resolve().name}
    return str(now["release"]) if note == now else None
