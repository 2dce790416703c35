-- history.shifts
-- grain   stream, year, observation_id
-- inputs  estimates.influence
-- units   shift_usd in nominal USD
-- params  $highest_k: largest shape of a weight's tail at which reweighted draws are believed
-- why     a headline with a figure less the headline without it: what the figure moved the year by
--         when it came, and takes along when it goes

select
    stream,
    year,
    name as observation_id,
    case when method = 'refit' or pareto_k <= $highest_k then shift_usd end as shift_usd
from estimates.influence
where what = 'figure'
order by stream, year, observation_id
