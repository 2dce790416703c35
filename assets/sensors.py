"""Sensors that tell people what runs of the UI came to, and mark runs that were killed."""

from __future__ import annotations

import dagster as dg

from pipelines.operating.alerting import alert_after
from pipelines.operating.history import prune_history
from pipelines.operating.running import BEGUN_BY_TAG, fail_killed_runs


def _tell(context: dg.RunStatusSensorContext) -> dg.SkipReason:
    run = context.dagster_run
    if BEGUN_BY_TAG in run.tags:
        return dg.SkipReason("./run told its own alerts")
    problems = alert_after(context.instance, run)
    prune_history(context.instance)
    for problem in problems:
        context.log.warning(problem)
    return dg.SkipReason("; ".join(problems) or "told what there was to tell")


alert_on_failure = dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.FAILURE,
    name="alert_on_failure",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description="Tells people by webhook or e-mail what failed in a run and what was blocked.",
)(_tell)

alert_on_success = dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    name="alert_on_success",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description="Tells people of stale sources, refused files and headlines that moved.",
)(_tell)


@dg.sensor(
    name="killed_runs",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Marks runs whose process is gone as failed, so that they hold up no queue.",
)
def killed_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Look whether the process of every run under way still lives."""
    told = fail_killed_runs(context.instance)
    return dg.SkipReason("; ".join(told) or "every run under way has its process")
