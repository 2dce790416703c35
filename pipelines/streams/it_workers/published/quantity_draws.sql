-- published.quantity_draws, the IT workers' part
-- grain   stream, quantity, counterpart_iso3, draw, month
-- inputs  estimates.it_workers_draws
-- units   persons; share of gross pay
-- params  none
-- why     windows that nobody foresaw, and claims of the public, are held against the draws

select
    'it_workers' as stream,
    'headcount' as quantity,
    'WLD' as counterpart_iso3,
    draw,
    month,
    headcount as amount,
    false as is_flow
from estimates.it_workers_draws
union all by name
select
    'it_workers' as stream,
    'state_share' as quantity,
    'WLD' as counterpart_iso3,
    draw,
    month,
    state_take_usd / nullif(gross_wages_usd, 0) as amount,
    false as is_flow
from estimates.it_workers_draws
