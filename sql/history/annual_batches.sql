-- history.annual_batches
-- grain   stream, measure, year, batch
-- inputs  estimates.income_draws, estimates.total_draws
-- units   nominal USD
-- params  $batches: how many stretches of consecutive draws
-- why     the spread of medians over stretches of draws is the Monte Carlo error of a median;
--         two releases compared stretch by stretch cancel what the same seed gives both

with per_draw as (
    select
        stream,
        measure,
        draw,
        year(month) as year,
        sum(usd) as usd,
        count(*) as n_months
    from estimates.income_draws
    group by stream, measure, draw, year(month)
    union all by name
    select
        'total' as stream,
        measure,
        draw,
        year(month) as year,
        sum(usd) as usd,
        count(*) as n_months
    from estimates.total_draws
    group by measure, draw, year(month)
),

numbered as (
    select
        *,
        (draw * $batches) // (max(draw) over () + 1) as batch
    from per_draw
)

select
    stream,
    measure,
    year::bigint as year,
    batch::bigint as batch,
    quantile_cont(usd, 0.50) as q50,
    max(n_months) < 12 as is_partial_year
from numbered
group by stream, measure, year, batch
order by stream, measure, year, batch
