-- estimates.total_draws
-- grain   measure, draw, month
-- inputs  estimates.income_draws
-- units   usd in nominal USD
-- params  none
-- why     streams added within a draw, each total on one concept; a month adds the streams that
--         have a number there, and only draws that all of them have: none is short of a stream

with incomes as (
    select
        stream,
        measure,
        draw,
        month,
        usd
    from estimates.income_draws
    where measure in ('gross_income_usd', 'state_income_usd')
),

covered as (
    select
        measure,
        month,
        count(distinct stream) as n_streams
    from incomes
    group by measure, month
)

select
    incomes.measure,
    incomes.draw,
    incomes.month,
    sum(incomes.usd) as usd
from incomes
inner join covered
    on incomes.measure = covered.measure and incomes.month = covered.month
group by incomes.measure, incomes.draw, incomes.month, covered.n_streams
having count(*) = covered.n_streams
order by incomes.measure, incomes.draw, incomes.month
