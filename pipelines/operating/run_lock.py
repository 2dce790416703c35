"""One run at a time on a data folder, whoever starts it: the terminal, the UI or cron.

The system frees the lock when its holder dies, however it dies; so a killed run blocks nothing.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import filelock

_LOCK, _NOTE = ".run.lock", ".run.json"


@dataclass(frozen=True)
class Holder:
    """Who holds a data folder."""

    what: str
    process: str
    since: str

    def __str__(self) -> str:
        return f"{self.what}, process {self.process.split(':')[0]}, since {self.since[11:16]} UTC"


def process_mark(pid: int | None = None) -> str:
    """A process's number, when it was started (numbers are used again) and its machine."""
    number = os.getpid() if pid is None else pid
    try:
        # the 22nd field; the name in field 2 may hold anything but ends with ")"
        stat = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
        started = stat.rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        started = "?"
    return f"{number}:{started}:{socket.gethostname()}"


def is_alive(mark: str) -> bool:
    """Whether the process of a mark still runs; of another machine nobody here can tell: True."""
    number, started, host = mark.split(":", 2)
    if host != socket.gethostname():
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return process_mark(int(number)).split(":")[1] == started


def holder_of(folder: Path) -> Holder | None:
    """Who holds the folder now, if anybody."""
    try:
        with filelock.FileLock(folder / _LOCK, timeout=0, is_singleton=False):
            return None
    except filelock.Timeout:
        try:
            return Holder(**json.loads((folder / _NOTE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return Holder("another run", "?", dt.datetime.now(dt.UTC).isoformat())


# locks this process holds: a run inside a run waits for nobody
_HELD: dict[Path, int] = {}


@contextmanager
def only_run(folder: Path, what: str, *, waiting: Callable[[Holder], None]) -> Generator[bool]:
    """Hold the data folder; wait for whoever holds it.

    Args:
        folder: the data folder.
        what: what runs, as others are told while they wait.
        waiting: called once when there is somebody to wait for.

    Yields:
        True for the outermost holder in this process, which tidies up before it begins.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if _HELD.get(folder):
        _HELD[folder] += 1
        try:
            yield False
        finally:
            _HELD[folder] -= 1
        return
    lock = filelock.FileLock(folder / _LOCK, is_singleton=False)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        holder = holder_of(folder)
        if holder is not None:
            waiting(holder)
        lock.acquire(poll_interval=0.5)
    note = folder / _NOTE
    me = Holder(what, process_mark(), dt.datetime.now(dt.UTC).isoformat(timespec="seconds"))
    try:
        note.write_text(json.dumps(asdict(me)), encoding="utf-8")
        _HELD[folder] = 1
        yield True
    finally:
        _HELD.pop(folder, None)
        note.unlink(missing_ok=True)
        lock.release()
