-- estimates.income_draws
-- grain   stream, measure, draw, month
-- inputs  estimates.coal_draws, estimates.labor_draws, estimates.it_worker_draws
-- units   amount in nominal USD, for measure tonnes in metric tonnes
-- params  none
-- why     every stream in one shape, base measures only: what is derived is derived by readers
--         within a draw, so that no number is stored twice

with coal as (
    unpivot estimates.coal_draws
    on tonnes, gross_fob_usd, net_usd
    into name measure value amount
),

labor_months as (
    select
        draw,
        month,
        sum(state_take_usd) as state_take_usd,
        sum(gross_wages_usd) as gross_wages_usd
    from estimates.labor_draws
    group by draw, month
),

labor as (
    unpivot labor_months
    on state_take_usd, gross_wages_usd
    into name measure value amount
),

it_workers as (
    unpivot estimates.it_worker_draws
    on state_take_usd, gross_wages_usd
    into name measure value amount
)

select
    'coal' as stream,
    measure,
    draw,
    month,
    amount
from coal
union all
select
    'labor' as stream,
    measure,
    draw,
    month,
    amount
from labor
union all
select
    'it_workers' as stream,
    measure,
    draw,
    month,
    amount
from it_workers
