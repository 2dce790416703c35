-- estimates.measure_draws
-- grain   stream, measure, draw, month
-- inputs  estimates.income_draws
-- units   usd in nominal USD
-- params  none
-- why     the promised measures: base ones, each stream's headline, and the total of the
--         headlines within a draw, only for months that every stream covers

with money as (
    select *
    from estimates.income_draws
    where measure != 'tonnes'
),

headlines as (
    select
        stream,
        'state_income_usd' as measure,
        draw,
        month,
        amount
    from money
    where measure in ('gross_fob_usd', 'state_take_usd')
),

streams as (
    select count(distinct stream) as n_streams from headlines
),

totals as (
    select
        'total' as stream,
        'state_income_usd' as measure,
        headlines.draw,
        headlines.month,
        sum(headlines.amount) as amount
    from headlines
    cross join streams
    group by headlines.draw, headlines.month, streams.n_streams
    having count(*) = streams.n_streams
)

select
    stream,
    measure,
    draw,
    month,
    amount as usd
from money
union all
select * from headlines
union all
select * from totals
order by stream, measure, draw, month
