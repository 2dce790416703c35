-- tonnes_between(from_month, to_month): coal exported in any window, from the draws
-- both months included; one row: q05 … q95 and mean in metric tonnes
-- every number is null where the draws do not cover the whole window
create macro tonnes_between(from_month, to_month) as table
with per_draw as (
    select
        draw,
        sum(amount) as tonnes,
        count(*) as months
    from income_draws
    where
        stream = 'coal'
        and measure = 'tonnes'
        and month between date_trunc('month', cast(from_month as date))
        and date_trunc('month', cast(to_month as date))
    group by draw
),

covered as (
    select tonnes, months
    from per_draw
    where months = date_diff('month', cast(from_month as date), cast(to_month as date)) + 1
)

select
    quantile_cont(tonnes, 0.05) as q05,
    quantile_cont(tonnes, 0.10) as q10,
    quantile_cont(tonnes, 0.25) as q25,
    quantile_cont(tonnes, 0.50) as q50,
    quantile_cont(tonnes, 0.75) as q75,
    quantile_cont(tonnes, 0.90) as q90,
    quantile_cont(tonnes, 0.95) as q95,
    avg(tonnes) as mean,
    coalesce(max(months), 0)::bigint as months_covered
from covered
