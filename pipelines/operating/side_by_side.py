"""Run the steps of a job side by side, in threads of one process.

Dagster runs steps either one by one or each in a process of its own. A process takes seconds to
load what most steps need a tenth of a second of, and the work database belongs to one process, so
steps here share it. A step that writes tables of its own and nothing else says so by ``OWN_TABLES``
and runs beside any other; of all others (they keep the books of sources, or check) one runs at a
time.
"""

from __future__ import annotations

import contextlib
import contextvars
import ctypes
import os
import queue
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.execution.api import ExecuteRunWithPlanIterable
from dagster._core.execution.compute_logs import create_compute_log_file_key
from dagster._core.execution.context.system import (
    PlanExecutionContext,
    PlanOrchestrationContext,
    StepExecutionContext,
)
from dagster._core.execution.context_creation_job import PlanExecutionContextManager
from dagster._core.execution.execute_in_process import core_execute_in_process
from dagster._core.execution.plan.active import ActiveExecution
from dagster._core.execution.plan.execute_plan import (
    _handle_compute_log_setup_error,
    _handle_compute_log_teardown_error,
    dagster_event_sequence_for_step,
)
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.execution.plan.step import ExecutionStep
from dagster._core.execution.retries import RetryMode

# a tag of steps that write tables of their own and nothing else
OWN_TABLES = {"dprk/writes": "own tables"}
# a tag: the higher, the sooner a step begins, and with it all that it waits for
PRIORITY = "dagster/priority"
AT_ONCE = max(2, os.cpu_count() or 2)
_LOOK_S = 0.2
_Told = tuple[str, dg.DagsterEvent | BaseException | None]


def run_here(
    job: dg.JobDefinition,
    *,
    instance: dg.DagsterInstance,
    run_config: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
) -> dg.ExecuteInProcessResult:
    """Run a job in this process, steps side by side; what fails is in the result."""
    whole = job.as_ephemeral_job(resource_defs={}, input_values={})
    return core_execute_in_process(
        run_config=run_config or {},
        job=InMemoryJob(whole.with_executor_def(side_by_side)),
        instance=instance,
        output_capturing_enabled=True,
        raise_on_error=False,
        run_tags={**job.run_tags, **(tags or {})},
    )


@dg.executor(name="side_by_side")
def side_by_side(_context: dg.InitExecutorContext) -> dg.Executor:
    """Steps in threads of the run's own process."""
    return _SideBySide()


class _SideBySide(dg.Executor):
    @property
    def retries(self) -> RetryMode:
        return RetryMode.ENABLED

    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[dg.DagsterEvent]:
        yield from ExecuteRunWithPlanIterable(
            execution_plan=execution_plan,
            iterator=_logged,
            execution_context_manager=PlanExecutionContextManager(
                job=plan_context.job,
                retry_mode=plan_context.retry_mode,
                execution_plan=execution_plan,
                run_config=plan_context.run_config,
                dagster_run=plan_context.dagster_run,
                instance=plan_context.instance,
                raise_on_error=plan_context.raise_on_error,
                output_capture=plan_context.output_capture,
            ),
        )


def _logged(
    job_context: PlanExecutionContext, execution_plan: ExecutionPlan
) -> Iterator[dg.DagsterEvent]:
    """The events of a run, while what its process prints is kept for the UI."""
    logs = job_context.instance.compute_log_manager
    key = logs.build_log_key_for_run(job_context.run_id, create_compute_log_file_key())
    steps = [step.key for step in execution_plan.get_steps_to_execute_in_topo_order()]
    with contextlib.ExitStack() as held:
        try:
            kept = held.enter_context(logs.capture_logs(key))
            yield dg.DagsterEvent.capture_logs(job_context, steps, list(key), kept)
        except Exception:
            yield from _handle_compute_log_setup_error(job_context, sys.exc_info())
        yield from _events(job_context, execution_plan)
        # what was done stands, whether or not its log could be kept
        try:
            held.close()
        except Exception:
            yield from _handle_compute_log_teardown_error(job_context, sys.exc_info())


def _events(context: PlanExecutionContext, plan: ExecutionPlan) -> Iterator[dg.DagsterEvent]:
    told: queue.SimpleQueue[_Told] = queue.SimpleQueue()
    ready: list[ExecutionStep] = []
    running: dict[str, tuple[ExecutionStep, threading.Thread]] = {}
    stopped: BaseException | None = None
    priorities = _priorities(plan)
    with plan.start(retry_mode=context.retry_mode) as active:
        while running or not (stopped or active.is_complete):
            if stopped is None:
                ready += active.get_steps_to_execute()
                while (step := _next(ready, running, priorities)) is not None:
                    ready.remove(step)
                    running[step.key] = (step, _begun(context, active, step, told))
            if not running:
                # nothing can begin: a step waits to be tried again
                active.sleep_til_ready()
                continue
            if stopped is None and active.check_for_interrupts():
                active.mark_interrupted()
                stopped = DagsterExecutionInterruptedError()
                for _, thread in running.values():
                    _interrupt(thread)
            try:
                key, news = told.get(timeout=_LOOK_S)
            except queue.Empty:
                continue
            if isinstance(news, dg.DagsterEvent):
                yield news
                active.handle_event(news)
                continue
            del running[key]
            active.verify_complete(context, key)
            stopped = stopped or news
            if stopped is None:
                # steps behind one that failed
                yield from active.plan_events_iterator(context)
        if stopped is not None:
            raise stopped


def _priorities(plan: ExecutionPlan) -> dict[str, int]:
    """Of each step the highest priority among its own and those of all that wait for it."""
    waits = plan.get_executable_step_deps()
    found: dict[str, int] = {}
    for step in reversed(plan.get_steps_to_execute_in_topo_order()):
        own = max(found.get(step.key, 0), int(step.tags.get(PRIORITY, 0)))
        for key in (step.key, *waits[step.key]):
            found[key] = max(found.get(key, 0), own)
    return found


def _next(
    ready: list[ExecutionStep],
    running: Mapping[str, tuple[ExecutionStep, threading.Thread]],
    priorities: Mapping[str, int],
) -> ExecutionStep | None:
    """The step to begin now, if any."""
    if len(running) >= AT_ONCE:
        return None
    is_free = all(_is_apart(step) for step, _ in running.values())
    found = [step for step in ready if is_free or _is_apart(step)]
    # of those alike the one that became ready before the others
    return min(found, key=lambda step: -priorities[step.key], default=None)


def _is_apart(step: ExecutionStep) -> bool:
    return OWN_TABLES.items() <= step.tags.items()


def _begun(
    context: PlanExecutionContext,
    active: ActiveExecution,
    step: ExecutionStep,
    told: queue.SimpleQueue[_Told],
) -> threading.Thread:
    of_step = context.for_step(step, active.get_known_state())
    assert isinstance(of_step, StepExecutionContext)

    def work() -> None:
        try:
            for event in dagster_event_sequence_for_step(of_step):
                told.put((step.key, event))
        except BaseException as error:  # handed to the run's own thread
            told.put((step.key, error))
        else:
            told.put((step.key, None))

    thread = threading.Thread(
        target=contextvars.copy_context().run, args=(work,), name=step.key, daemon=True
    )
    thread.start()
    return thread


def _interrupt(thread: threading.Thread) -> None:
    """Raise in a thread what a signal raises in the main one, at its next line of Python."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident or 0), ctypes.py_object(DagsterExecutionInterruptedError)
    )
