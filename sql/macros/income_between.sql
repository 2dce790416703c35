-- income_between(stream, measure, from_month, to_month): income of any window, from the draws
-- both months included; one row: q05 … q95 and mean in USD
-- every number is null where the draws do not cover the whole window
create macro income_between(stream_, measure_, from_month, to_month) as table
with asked as (
    select
        date_trunc('month', cast(from_month as date)) as first_month,
        date_trunc('month', cast(to_month as date)) as last_month,
        date_diff('month', cast(from_month as date), cast(to_month as date)) + 1 as months_asked,
        case when stream_ = 'total' then 3 else 1 end as streams_asked
),

per_draw as (
    select
        income_draws.draw,
        sum(income_draws.amount) as usd,
        count(*) as cells
    from income_draws
    cross join asked
    where
        income_draws.month between asked.first_month and asked.last_month
        and (stream_ = 'total' or income_draws.stream = stream_)
        and (stream_ != 'total' or measure_ = 'state_income_usd')
        and (
            (measure_ != 'state_income_usd' and income_draws.measure = measure_)
            or (
                measure_ = 'state_income_usd'
                and income_draws.measure in ('gross_fob_usd', 'state_take_usd')
            )
        )
        and measure_ != 'tonnes'
    group by income_draws.draw
),

covered as (
    select
        per_draw.usd,
        per_draw.cells // asked.streams_asked as months_covered
    from per_draw
    cross join asked
    where per_draw.cells = asked.months_asked * asked.streams_asked
)

select
    quantile_cont(usd, 0.05) as q05,
    quantile_cont(usd, 0.10) as q10,
    quantile_cont(usd, 0.25) as q25,
    quantile_cont(usd, 0.50) as q50,
    quantile_cont(usd, 0.75) as q75,
    quantile_cont(usd, 0.90) as q90,
    quantile_cont(usd, 0.95) as q95,
    avg(usd) as mean,
    coalesce(max(months_covered), 0)::bigint as months_covered
from covered
