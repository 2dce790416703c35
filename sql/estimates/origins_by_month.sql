-- estimates.origins_by_month
-- grain   stream, month, origin_id
-- inputs  facts.observations, estimates.observation_use, estimates.periods
-- units   none
-- params  none
-- why     how many independent originators speak of a period: repeats of one origin count once

select distinct
    observations.stream,
    periods.month,
    observations.origin_id
from facts.observations as observations
inner join estimates.observation_use as uses
    on observations.observation_id = uses.observation_id
inner join estimates.periods as periods
    on
        observations.stream = periods.stream
        and observations.window_start_on <= last_day(periods.month)
        and observations.window_end_on >= periods.month
where uses.is_used
order by observations.stream, periods.month, observations.origin_id
