"""`./run probe [SOURCE]`: what the live doors answer, a line each, before anything is stored."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console

from pipelines.paths import data_dir, shown
from pipelines.snapshots import SnapshotStore
from pipelines.sources.http import Fetcher
from pipelines.sources.probe import doors, kept_answers, probe

# a look need not be as patient as a run
ATTEMPTS = 3


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 0 when every door asked gave what its parser reads, else 1, or 2 for a typo."""
    known = {door.source: door for door in doors()}
    parser = argparse.ArgumentParser(
        prog="./run probe",
        description="Ask the live doors one small question each; nothing enters the pipeline.",
    )
    parser.add_argument("source", nargs="*", help=f"{', '.join(known)}; all when none is named")
    parser.add_argument(
        "--kept", action="store_true", help="ask nobody: read the kept first answers again"
    )
    chosen = parser.parse_args(arguments)
    console = Console(soft_wrap=True)
    wrong = [name for name in chosen.source if name not in known]
    if wrong:
        console.print(f"There is no source {wrong[0]!r}; there are: {', '.join(known)}.")
        return 2
    asked = [known[name] for name in chosen.source or known]
    store = SnapshotStore(data_dir() / "probe")
    width = max(len(door.source) for door in asked)
    is_fine = True
    lines = (
        kept_answers(store, asked)
        if chosen.kept
        else (probe(door, Fetcher(most_attempts=ATTEMPTS), store) for door in asked)
    )
    for one in lines:
        # what a server sent is shown as text
        text = "".join(mark if mark.isprintable() else "?" for mark in one.line)
        mark = "ok " if one.is_answered else "-- "
        console.print(f"{mark}{one.source:<{width}}  {text}", markup=False, highlight=False)
        is_fine &= one.is_answered or one.line.startswith("not asked")
    if chosen.kept and not store.root.is_dir():
        console.print("No answer was kept yet: run ./run probe with a network.")
    else:
        console.print(f"first answers are kept in {shown(store.root)}", highlight=False)
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main())
