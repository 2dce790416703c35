"""Jobs and when they run: each source's own cadence, and everything once a month.

A tick that was missed while nobody was up is caught up when the scheduler comes back (Dagster's
own catching up, up to five ticks a schedule). A source that no run has looked at for longer than
its cadence allows shows as overdue in the UI; what it answered stands in `sources_status`.
"""

from __future__ import annotations

import dagster as dg

from assets.checks import sources_answered
from assets.resources import secret
from pipelines.cadence import CADENCES, Cadence
from pipelines.sources.folders import list_folders
from pipelines.sources.list_editions import LISTS

MAIN_JOB = "main"
ONLINE = {"resources": {"network": {"config": {"online": True}}}}
# each source by the rhythm it declares
RHYTHMS = {one.name: one.cadence for one in list_folders() if one.refresh is not None} | {
    one.source: one.cadence for one in LISTS
}

# sources that are not asked without a key, and the variable that holds it
KEYED = {one.name: one.key for one in list_folders() if one.is_key_needed}


def freshness_of(source: str) -> dg.FreshnessPolicy | None:
    """How long a source may go without a run that looks at it, by the cadence it declares."""
    if source not in RHYTHMS:
        return None
    rhythm = CADENCES[RHYTHMS[source]]
    return dg.FreshnessPolicy.time_window(
        warn_window=rhythm.every + rhythm.grace / 2, fail_window=rhythm.every + rhythm.grace
    )


# the raw AIS edge, by days, has jobs of its own and is no executable asset
main_job = dg.define_asset_job(
    MAIN_JOB,
    selection=dg.AssetSelection.all(),
    description="From sources to the published release, everything once.",
)

monthly = dg.ScheduleDefinition(
    name="monthly",
    job=main_job,
    cron_schedule=CADENCES["monthly"].cron,
    execution_timezone="UTC",
    # the scheduled run fetches; a run by hand does so with DPRK_ONLINE=1
    run_config=ONLINE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="On the fifth of each month, 06:00 UTC: most sources have spoken by then.",
)


def _sources_job(cadence: Cadence) -> list[object]:
    """Ask the sources of one rhythm and stage them; new evidence then sets the rest going."""
    names = sorted(name for name, rhythm in RHYTHMS.items() if rhythm == cadence.name)
    if not names or cadence.every >= CADENCES["monthly"].every:
        # the main job asks everything once a month
        return []
    raw = dg.AssetSelection.assets(*(dg.AssetKey(["raw", name]) for name in names))
    staged = raw.downstream(depth=1) & dg.AssetSelection.key_prefixes("staged")
    # what people dropped is looked at first: without it the UI asks before each click
    dropped = dg.AssetSelection.assets(dg.AssetKey(["raw", "landed_files"]))
    job = dg.define_asset_job(
        f"{cadence.name}_sources",
        selection=dropped | raw | staged | dg.AssetSelection.checks(sources_answered),
        description=f"Asks the {cadence.name} sources ({', '.join(names)}) and stages them.",
    )
    return [
        job,
        dg.ScheduleDefinition(
            name=cadence.name,
            job=job,
            cron_schedule=cadence.cron,
            execution_timezone="UTC",
            run_config=ONLINE,
            # where every source of it needs a key and none is set, there is nobody to ask
            default_status=(
                dg.DefaultScheduleStatus.RUNNING
                if any(name not in KEYED or secret(KEYED[name]) for name in names)
                else dg.DefaultScheduleStatus.STOPPED
            ),
            description=f"Asks the {cadence.name} sources; {cadence.cron}, UTC.",
        ),
    ]


BY_CADENCE = [one for cadence in CADENCES.values() for one in _sources_job(cadence)]


after_new_evidence = dg.AutomationConditionSensorDefinition(
    name="after_new_evidence",
    target=dg.AssetSelection.all(),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=60,
    description="Runs estimates and the release once what they rest on says something new.",
)
