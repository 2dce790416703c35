-- estimates.year_roots
-- grain   stream, root_id, year, measure
-- inputs  estimates.observation_use, estimates.income_draws
-- units   none
-- params  none
-- why     a year's number names the roots that say how much of a component there was in it

with months as (
    select distinct
        stream,
        month
    from estimates.income_draws
    where draw = 0
)

select distinct
    uses.stream,
    uses.root_id,
    year(months.month) as year,
    uses.component as measure
from estimates.observation_use as uses
inner join months
    on
        uses.stream = months.stream
        and months.month between date_trunc('month', uses.window_start_on) and uses.window_end_on
where uses.is_used and uses.component is not null and uses.role in ('whole', 'record')
order by uses.stream, uses.root_id, year, measure
