"""Steps of a job in threads of one process: who runs beside whom, and what becomes of trouble."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager

from pipelines.operating import side_by_side
from pipelines.operating.side_by_side import OWN_TABLES, PRIORITY, run_here


def step(
    name: str,
    does: Callable[[], Any],
    *,
    after: Iterable[str] = (),
    tags: dict[str, str] | None = None,
    retry: dg.RetryPolicy | None = None,
) -> dg.AssetsDefinition:
    @dg.asset(name=name, deps=list(after), op_tags=tags, retry_policy=retry)
    def made() -> None:
        does()

    return made


def run(*steps: dg.AssetsDefinition) -> dg.ExecuteInProcessResult:
    defs = dg.Definitions(
        assets=steps,
        jobs=[dg.define_asset_job("all")],
        loggers={"console": dg.json_console_logger},
    )
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with dg.DagsterInstance.ephemeral() as instance:
        return run_here(defs.resolve_job_def("all"), instance=instance, run_config=quiet)


def failed(done: dg.ExecuteInProcessResult) -> set[str]:
    return {str(event.step_key) for event in done.all_events if event.is_step_failure}


def succeeded(done: dg.ExecuteInProcessResult) -> set[str]:
    return {str(event.step_key) for event in done.all_events if event.is_step_success}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_log_that_cannot_be_kept_fails_nothing(when, monkeypatch):
    whole = NoOpComputeLogManager.capture_logs

    @contextmanager
    def capture_logs(self, log_key):
        if when == "before":
            raise OSError("the watcher of logs died")
        with whole(self, log_key) as kept:
            yield kept
        raise OSError("the watcher of logs died")

    monkeypatch.setattr(NoOpComputeLogManager, "capture_logs", capture_logs)
    done = run(step("a", lambda: None))
    assert (done.success, succeeded(done)) == (True, {"a"})
    kept = [event.engine_event_data for event in done.all_events if event.is_engine_event]
    errors = [str(one.error) for one in kept if one.error]
    assert ["the watcher of logs died" in error for error in errors] == [True]


class Crowd:
    """How many were inside at the same time, at most."""

    def __init__(self) -> None:
        self.lock, self.inside, self.most = threading.Lock(), 0, 0

    @contextmanager
    def visit(self):
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        time.sleep(0.05)
        yield
        with self.lock:
            self.inside -= 1

    def __call__(self) -> None:
        with self.visit():
            pass


def test_steps_with_tables_of_their_own_run_beside_each_other():
    meeting = threading.Barrier(2, timeout=10)
    done = run(*(step(name, meeting.wait, tags=OWN_TABLES) for name in ("a", "b")))
    assert succeeded(done) == {"a", "b"}


def test_a_step_that_keeps_books_runs_beside_one_with_its_own_tables():
    meeting = threading.Barrier(2, timeout=10)
    done = run(step("a", meeting.wait), step("b", meeting.wait, tags=OWN_TABLES))
    assert succeeded(done) == {"a", "b"}


def test_of_steps_that_keep_books_one_runs_at_a_time():
    crowd = Crowd()
    done = run(*(step(name, crowd) for name in "abcde"))
    assert (len(succeeded(done)), crowd.most) == (5, 1)


def test_no_more_run_at_once_than_there_are_cores(monkeypatch):
    monkeypatch.setattr(side_by_side, "AT_ONCE", 3)
    crowd = Crowd()
    done = run(*(step(name, crowd, tags=OWN_TABLES) for name in "abcdefg"))
    assert (len(succeeded(done)), crowd.most) == (7, 3)


def test_what_an_urgent_step_waits_for_begins_first(monkeypatch):
    monkeypatch.setattr(side_by_side, "AT_ONCE", 1)
    begun: list[str] = []
    run(
        *(step(name, lambda name=name: begun.append(name)) for name in "abc"),
        step("d", lambda: begun.append("d"), after=["c"]),
        step("e", lambda: begun.append("e"), after=["d"], tags={PRIORITY: "2"}),
    )
    assert begun == ["c", "d", "e", "a", "b"]


def test_what_waits_for_a_failed_step_does_not_run_and_the_others_do():
    ran: list[str] = []

    def fail() -> None:
        raise ValueError("row 7 is empty")

    done = run(
        step("a", fail),
        step("b", lambda: ran.append("b"), after=["a"]),
        step("c", lambda: ran.append("c"), after=["b"]),
        step("d", lambda: ran.append("d")),
    )
    assert not done.success
    assert (failed(done), ran) == ({"a"}, ["d"])


def test_a_step_is_tried_again_by_its_own_policy():
    tries: list[int] = []

    def second_time() -> None:
        tries.append(1)
        if len(tries) < 2:
            raise ValueError("not yet")

    done = run(step("a", second_time, retry=dg.RetryPolicy(max_retries=1, delay=0.05)))
    assert (done.success, len(tries)) == (True, 2)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_every_step_under_way_and_lets_each_tidy_up(sign, monkeypatch):
    monkeypatch.setattr(side_by_side, "AT_ONCE", 2)
    meeting, tidied, after = threading.Barrier(2, timeout=10), [], []

    def endless() -> None:
        try:
            if meeting.wait() == 0:
                os.kill(os.getpid(), sign)
            for _ in range(1_000):
                time.sleep(0.01)
        finally:
            tidied.append(threading.current_thread().name)

    began = time.monotonic()
    done = run(
        *(step(name, endless, tags=OWN_TABLES) for name in "ab"),
        step("c", lambda: after.append("c"), after=["a", "b"]),
        step("d", lambda: after.append("d")),
    )
    assert not done.success
    assert (sorted(tidied), failed(done)) == (["a", "b"], {"a", "b"})
    assert after == []
    assert time.monotonic() - began < 8
