"""What a run shows while it runs: a bar that moves with time, or plain lines in a pipe."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import threading
import time
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from pipelines.paths import data_dir

# a step nobody has timed here yet: most are quick, and those that are not say so by this tag
UNTIMED_S = 0.3
EXPECTED_S = "dprk/expected_s"
_SILENCE_S = 20.0
_FOLD = re.compile(r"fold (\d+) of (\d+): (.*)")


def _durations_file() -> Path:
    return data_dir() / ".durations.json"


def known_durations() -> dict[str, float]:
    """Seconds each step took when it last ran here."""
    try:
        return {
            str(step): float(seconds)
            for step, seconds in json.loads(_durations_file().read_text(encoding="utf-8")).items()
        }
    except (OSError, ValueError, AttributeError):
        return {}


def expected_durations(nodes: Iterable[Any]) -> dict[str, float]:
    """Seconds each step of a job should take where none was timed, two quiet cores given."""
    return {node.name: float(node.tags.get(EXPECTED_S, UNTIMED_S)) for node in nodes}


def _shown(step: str) -> str:
    return step.replace("__", "/")


class Watch(logging.Handler):
    """Follows a run by its events; `now` says what runs and how far it is."""

    def __init__(self, steps: Mapping[str, float]) -> None:
        super().__init__(level=logging.DEBUG)
        known = known_durations()
        self.expected = {step: known.get(step, untimed_s) for step, untimed_s in steps.items()}
        self.took: dict[str, float] = {}
        # what steps warned of, each once, to be told when the bar is gone
        self.warnings: dict[str, None] = {}
        self.detail = ""
        # steps under way and when they began
        self._begun: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        told = getattr(record, "dagster_meta", {})
        event, message = told.get("dagster_event"), str(told.get("orig_message", ""))
        if event is None:
            fold = _FOLD.match(message)
            if fold:
                # a long step tells its own progress as 'fold 3 of 45: what'
                self.detail = "{}/{} {}".format(*fold.groups())
            if record.levelno == logging.WARNING:
                self.warnings[message] = None
            return
        kind = event.event_type_value
        step, now = str(event.step_key), time.monotonic()
        if kind == "STEP_START":
            self.detail, self._begun[step] = "", now
        elif kind in {"STEP_SUCCESS", "STEP_FAILURE", "STEP_SKIPPED"}:
            self.took[step] = now - self._begun.pop(step, now)

    @property
    def steps(self) -> list[str]:
        """Steps under way, the one that began last at the end."""
        return list(self._begun)

    @property
    def step(self) -> str:
        """The step that is under way for longest; empty between steps."""
        return next(iter(self._begun), "")

    def elapsed_s(self, step: str) -> float:
        """Seconds a step under way has run."""
        now = time.monotonic()
        return now - self._begun.get(step, now)

    def total_s(self) -> float:
        """Seconds the whole run is expected to take, as far as known by now."""
        return sum(self.took.get(step, self.expected[step]) for step in self.expected)

    def done_s(self) -> float:
        """Seconds' worth of work done; a step never counts for more than was expected of it."""
        under_way = (min(self.elapsed_s(one), self.expected.get(one, 0.0)) for one in self.steps)
        return sum(self.took.values()) + sum(under_way)

    def keep_durations(self) -> None:
        """Remember how long steps took, for the next bar."""
        with contextlib.suppress(OSError):
            _durations_file().write_text(
                json.dumps({**known_durations(), **self.took}), encoding="utf-8"
            )


@contextlib.contextmanager
def shown(watch: Watch, console: Console) -> Generator[None]:
    """Show the run on a terminal as a bar, elsewhere as a line a stage and at each long silence."""
    stop = threading.Event()
    worker = threading.Thread(
        target=_bar if console.is_terminal else _lines, args=(watch, console, stop), daemon=True
    )
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join(timeout=5)


def _bar(watch: Watch, console: Console, stop: threading.Event) -> None:
    columns: list[Any] = [
        TextColumn("{task.description:<44.44}"),
        BarColumn(bar_width=28),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(elapsed_when_finished=False),
    ]
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=watch.total_s())
        while not stop.wait(0.25):
            progress.update(
                task,
                total=watch.total_s(),
                completed=watch.done_s(),
                description=watch.detail or _shown(watch.step) or "starting",
            )


def _lines(watch: Watch, console: Console, stop: threading.Event) -> None:
    stages: set[str] = set()
    spoke = time.monotonic()

    def say(text: str) -> None:
        console.print(f"{time.strftime('%H:%M:%S')} {text}", markup=False, highlight=False)

    while not stop.wait(0.2):
        place = f"{len(watch.took)} of {len(watch.expected)} steps done"
        here = {_shown(step).split("/")[0].split("_")[0] for step in watch.steps} - stages
        step = watch.step
        if here:
            # stages overlap; each is told when it begins
            stages |= here
            spoke = time.monotonic()
            say(f"{', '.join(sorted(here))} ({place})")
        elif time.monotonic() - spoke > _SILENCE_S and step:
            spoke = time.monotonic()
            say(f"{watch.detail or _shown(step)}, {watch.elapsed_s(step):.0f} s so far, {place}")
