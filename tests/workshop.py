"""One run of the whole main job, small in draws, that the tests look at from many sides."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from pipelines.paths import REFERENCE_DIR, STREAMS_DIR

if TYPE_CHECKING:
    import dagster as dg

AS_OF = "2026-11-24"
# a fit to look at the chain with, not to publish, and one figure left out in earnest, not three
ROUGH = {"least_ess": 10.0, "highest_rhat": 2.0}
REFITS = ("pipelines.inference.influence._MOST_REFITS", 1)


@dataclass(frozen=True)
class Workshop:
    """A data folder and a copy of the hand-kept tables to run on."""

    data: Path
    reference: Path

    @property
    def streams(self) -> Path:
        """The copy of the streams' folders, beside that of the reference tables."""
        return self.reference.parent / "streams"

    @property
    def published(self) -> Path:
        """Where this workshop's readers look."""
        return self.data / "published"

    def run(self, *, draws: int = 300) -> dg.ExecuteInProcessResult:
        """The main job, in this process."""
        # every test loads this module, few need the pipeline
        import dagster as dg

        from assets.definitions import defs
        from assets.schedules import MAIN_JOB
        from pipelines.operating.side_by_side import run_here

        with dg.DagsterInstance.ephemeral() as instance, pytest.MonkeyPatch.context() as patch:
            patch.setattr(*REFITS)
            return run_here(
                defs.resolve_job_def(MAIN_JOB),
                instance=instance,
                run_config={
                    "resources": {
                        "sampling": {"config": {"draws": draws, "as_of": AS_OF, **ROUGH}}
                    },
                    "loggers": {"console": {"config": {"level": "CRITICAL"}}},
                },
            )


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Generator[Workshop]:
    """A finished run; tests that change it put things back or use `spare_workshop`.

    Where several processes share the tests, the first to ask makes it and the others copy.
    """
    place = _make(tmp_path_factory.mktemp("main"))
    alone = worker_id == "master"
    shared = (place.data.parent if alone else tmp_path_factory.getbasetemp().parent) / "finished"
    with _in_force(place):
        with FileLock(shared.with_suffix(".lock")):
            if shared.is_dir():
                shutil.copytree(shared, place.data, symlinks=True)
            else:
                outcome = place.run()
                assert outcome.success, failures(outcome)
                if not alone:
                    shutil.copytree(place.data, shared, symlinks=True)
        yield place


@contextmanager
def copied(workshop: Workshop, root: Path) -> Generator[Workshop]:
    """A copy of a finished run under `root`, in force inside the `with`."""
    place = Workshop(root / "data", root / "reference")
    shutil.copytree(workshop.data, place.data, symlinks=True)
    shutil.copytree(workshop.reference, place.reference)
    shutil.copytree(workshop.streams, place.streams)
    with _in_force(place):
        yield place


@pytest.fixture
def spare_workshop(workshop: Workshop, tmp_path: Path) -> Generator[Workshop]:
    """A copy of the finished run, to break."""
    with copied(workshop, tmp_path) as place:
        yield place


def _make(root: Path) -> Workshop:
    place = Workshop(root / "data", root / "reference")
    shutil.copytree(REFERENCE_DIR, place.reference)
    shutil.copytree(STREAMS_DIR, place.streams)
    return place


class _in_force:
    """The pipeline reads this workshop's folders."""

    def __init__(self, place: Workshop) -> None:
        self.patch = pytest.MonkeyPatch()
        self.place = place

    def __enter__(self) -> None:
        os.environ.pop("DPRK_AS_OF", None)
        self.patch.setenv("DPRK_DATA_DIR", str(self.place.data))
        self.patch.setattr("pipelines.hand_kept.REFERENCE_DIR", self.place.reference)
        self.patch.setattr("pipelines.hand_kept.STREAMS_DIR", self.place.streams)

    def __exit__(self, *_: object) -> None:
        self.patch.undo()


def failures(outcome: dg.ExecuteInProcessResult) -> list[str]:
    """What failed and why, for assertion messages and for tests of messages."""
    told = []
    for event in outcome.all_events:
        if event.is_step_failure and event.step_failure_data.error:
            error = event.step_failure_data.error
            told.append(f"{event.step_key}: {(error.cause or error).message}")
        if event.event_type_value == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            if not check.passed:
                told.append(f"{check.check_name}: {check.description}")
    return told
