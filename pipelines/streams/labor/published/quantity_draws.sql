-- published.quantity_draws, the labor stream's part
-- grain   stream, quantity, counterpart_iso3, draw, month
-- inputs  estimates.labor_draws
-- units   persons
-- params  none
-- why     all hosts together, and the two whose numbers people ask about over windows of their own

select
    'labor' as stream,
    'headcount' as quantity,
    'WLD' as counterpart_iso3,
    draw,
    month,
    sum(headcount) as amount,
    false as is_flow
from estimates.labor_draws
group by draw, month
union all by name
select
    'labor' as stream,
    'headcount' as quantity,
    host_iso3 as counterpart_iso3,
    draw,
    month,
    headcount as amount,
    false as is_flow
from estimates.labor_draws
where host_iso3 in ('CHN', 'RUS')
union all by name
select
    'labor' as stream,
    'state_share' as quantity,
    'WLD' as counterpart_iso3,
    draw,
    month,
    sum(state_take_usd) / nullif(sum(gross_wages_usd), 0) as amount,
    false as is_flow
from estimates.labor_draws
group by draw, month
