"""Jobs and when they run."""

from __future__ import annotations

import dagster as dg

MAIN_JOB = "main"

# the raw AIS edge, by days, has jobs of its own and is no executable asset
main_job = dg.define_asset_job(
    MAIN_JOB,
    selection=dg.AssetSelection.all(),
    description="From sources to the published release, everything once.",
)

monthly = dg.ScheduleDefinition(
    name="monthly",
    job=main_job,
    cron_schedule="0 6 5 * *",
    execution_timezone="UTC",
    # the scheduled run fetches; a run by hand does so with DPRK_ONLINE=1
    run_config={"resources": {"network": {"config": {"online": True}}}},
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="On the fifth of each month, 06:00 UTC: most sources have spoken by then.",
)
