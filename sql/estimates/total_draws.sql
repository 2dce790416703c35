-- estimates.total_draws
-- grain   draw, month
-- inputs  estimates.income_draws
-- units   usd in nominal USD
-- params  none
-- why     the streams' headlines added within a draw, only for months that every stream covers

with headlines as (
    select *
    from estimates.income_draws
    where measure in ('gross_fob_usd', 'state_take_usd')
),

streams as (
    select count(distinct stream) as n_streams from headlines
)

select
    headlines.draw,
    headlines.month,
    sum(headlines.amount) as usd
from headlines
cross join streams
group by headlines.draw, headlines.month, streams.n_streams
having count(*) = streams.n_streams
order by headlines.draw, headlines.month
