"""How long a run waits for a network in trouble: `python -m benchmarks.asking [MOOD …]`.

Asks every source there is, as the first step of a run does, through `benchmarks.doors`: `cut`
(nothing listens), `fails` (500), `hangs` (no answer), `drips` (a byte every two seconds),
`half-dead` (every second door fails, the others hang). Prints seconds until the last source was
done with, and the slowest three.
"""

from __future__ import annotations

import functools
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import doors
from pipelines.operating import asking
from pipelines.snapshots import SnapshotStore

HALF_DEAD = {
    host: doors.FAILS if number % 2 else doors.HANGS for number, host in enumerate(doors.HOSTS)
}


def _note(took: dict[str, float], name: str, began: float, _: object) -> None:
    took[name] = time.monotonic() - began


def main(moods: list[str]) -> None:
    """One line a mood."""
    print("| network | all done with after, s | answered | slowest |\n|---|--:|--:|---|")
    for mood in moods or ["cut", "fails", "drips", "hangs", "half-dead"]:
        with tempfile.TemporaryDirectory() as folder, doors.open_doors(Path(folder)) as opened:
            opened.mood = doors.FAILS if mood == "half-dead" else mood
            opened.moods = HALF_DEAD if mood == "half-dead" else {}
            os.environ |= {**opened.environment, "DPRK_DATA_DIR": folder}
            if mood == "cut":
                os.environ["HTTPS_PROXY"] = "http://127.0.0.1:9"
            began = time.monotonic()
            took: dict[str, float] = {}
            answered = 0
            asking.register_folders()
            store = SnapshotStore(Path(folder) / "raw")
            futures = asking._ask_all(sorted(asking._ASKERS), store)
            for name, future in futures.items():
                future.add_done_callback(functools.partial(_note, took, name, began))
            for future in futures.values():
                answered += future.result().is_complete and future.result().stored > 0
            slowest = sorted(took, key=lambda name: -took[name])[:3]
            told = ", ".join(f"{name} {took[name]:.0f}" for name in slowest)
            print(f"| {mood} | {max(took.values()):.0f} | {answered} | {told} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
