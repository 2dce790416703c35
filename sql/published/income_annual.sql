-- published.income_annual
-- grain   stream, measure, year
-- inputs  estimates.income_draws, estimates.total_draws, estimates.origins_by_month,
--         estimates.years
-- units   nominal USD
-- params  none
-- why     months added within a draw, then summarised; the total is prior-driven when any of
--         its streams is

with stream_years_drawn as (
    select
        stream,
        measure,
        draw,
        year(month) as year,
        sum(amount) as usd,
        count(*) as months
    from estimates.income_draws
    where measure != 'tonnes'
    group by stream, measure, draw, year(month)
),

per_draw as (
    select * from stream_years_drawn
    union all by name
    -- each stream's headline under the name it shares with the total
    select * replace ('state_income_usd' as measure)
    from stream_years_drawn
    where measure in ('gross_fob_usd', 'state_take_usd')
    union all by name
    select
        'total' as stream,
        'state_income_usd' as measure,
        draw,
        year(month) as year,
        sum(usd) as usd,
        count(*) as months
    from estimates.total_draws
    group by draw, year(month)
),

quantiles as (
    select
        stream,
        measure,
        year,
        quantile_cont(usd, 0.05) as q05,
        quantile_cont(usd, 0.10) as q10,
        quantile_cont(usd, 0.25) as q25,
        quantile_cont(usd, 0.50) as q50,
        quantile_cont(usd, 0.75) as q75,
        quantile_cont(usd, 0.90) as q90,
        quantile_cont(usd, 0.95) as q95,
        avg(usd) as mean,
        min(months) < 12 as is_partial_year
    from per_draw
    group by stream, measure, year
),

evidence as (
    select
        stream,
        year(month) as year,
        count(distinct origin_id) as n_origins
    from estimates.origins_by_month
    group by stream, year(month)
    union all
    select
        'total' as stream,
        year(month) as year,
        count(distinct origin_id) as n_origins
    from estimates.origins_by_month
    group by year(month)
),

stream_years as (
    select
        stream,
        year,
        is_prior_driven,
        model
    from estimates.years
),

assumed as (
    select * from stream_years
    union all
    select
        'total' as stream,
        year,
        bool_or(is_prior_driven) as is_prior_driven,
        'sum of streams' as model
    from stream_years
    group by year
)

select
    quantiles.*,
    coalesce(evidence.n_origins, 0) as n_origins,
    -- a period that no figure touches is assumption, whatever its neighbours hold
    coalesce(assumed.is_prior_driven, true) or evidence.n_origins is null as is_prior_driven,
    assumed.model
from quantiles
left join evidence
    on quantiles.stream = evidence.stream and quantiles.year = evidence.year
left join assumed
    on quantiles.stream = assumed.stream and quantiles.year = assumed.year
order by quantiles.stream, quantiles.measure, quantiles.year
