"""What fails says so in its own sentence: on the UI's first screen, in a run's tags, to people."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator
from typing import Any, NoReturn

import dagster as dg
from dagster._core.definitions.decorators.op_decorator import DecoratedOpFunction

WHY_TAG = "dprk/why"
OUTAGE_CHECK = "sources_answered"
_LONGEST = 400


def sentence_of(error: BaseException) -> str:
    """An error in one line, with the kind of error where that is not one of ours."""
    text = " ".join(str(error).split()) or "no message"
    is_ours = type(error).__module__.split(".")[0] in ("pipelines", "assets")
    return text if is_ours or isinstance(error, ValueError) else f"{type(error).__name__}: {text}"


class Failed(dg.Failure):
    """A step that failed, with the sentence that tells why."""


# Python and the UI show an error's module before its name, unless it is of the program's own
Failed.__module__ = "__main__"


def _fail(error: Exception) -> NoReturn:
    # the trace stays behind the UI's 'View full message', for whoever mends the code
    raise Failed(description=sentence_of(error)) from error


def _telling(compute: Callable[..., Any]) -> Callable[..., Any]:
    passed = (dg.Failure, dg.RetryRequested, dg.DagsterError)
    if inspect.isgeneratorfunction(compute):

        @functools.wraps(compute)
        def step_by_step(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            try:
                return (yield from compute(*args, **kwargs))
            except passed:
                raise
            except Exception as error:
                _fail(error)

        return step_by_step

    @functools.wraps(compute)
    def whole(*args: Any, **kwargs: Any) -> Any:
        try:
            return compute(*args, **kwargs)
        except passed:
            raise
        except Exception as error:
            _fail(error)

    return whole


def tell_failures(definition: dg.AssetsDefinition) -> None:
    """Let every error of an asset or a check fail its step by its own sentence."""
    operation = definition.node_def
    if not isinstance(operation, dg.OpDefinition):
        return
    compute = operation.compute_fn
    if isinstance(compute, DecoratedOpFunction) and not hasattr(
        compute.decorated_fn, "__wrapped__"
    ):
        # Dagster has no hook between an error and its record
        operation._compute_fn = DecoratedOpFunction(_telling(compute.decorated_fn))


def why_failed(instance: dg.DagsterInstance, run_id: str) -> list[tuple[str, str]]:
    """Kind and sentence of everything that failed in a run, in order."""
    of_type = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.ASSET_CHECK_EVALUATION}
    told: list[tuple[str, str]] = []
    for entry in instance.all_logs(run_id, of_type=of_type):
        event = entry.dagster_event
        if event is None:
            continue
        if event.is_step_failure:
            text = failure_text(event)
            if text is not None:
                step = str(event.step_key).replace("__", "/")
                told.append(("run failed", f"{step}: {' '.join(text.split())[:600]}"))
        else:
            check = event.asset_check_evaluation_data
            if not check.passed and check.severity is dg.AssetCheckSeverity.ERROR:
                kind = "outage" if check.check_name == OUTAGE_CHECK else "release blocked"
                told.append((kind, f"{check.check_name}: {(check.description or '')[:600]}"))
    return told


def failure_text(event: dg.DagsterEvent) -> str | None:
    """The sentence of a failed step; None for one that only repeats what its check said."""
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return data.user_failure_data.description
    error = data.error
    cause = error.cause if error and error.cause else error
    if cause is None or "DagsterAssetCheckFailedError" in (cause.cls_name or ""):
        return None
    return cause.message.strip()


def tag_why(instance: dg.DagsterInstance, run_id: str) -> None:
    """Put the first thing that failed in a run, if any, among its tags: lists of runs show it."""
    told = why_failed(instance, run_id)
    if told and instance.has_run(run_id):
        kind, sentence = told[0]
        instance.add_run_tags(run_id, {WHY_TAG: f"{kind}: {sentence}"[:_LONGEST]})
