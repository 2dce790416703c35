-- published.income_monthly
-- grain   stream, measure, month
-- inputs  estimates.measure_draws, estimates.origins_by_month, estimates.periods
-- units   nominal USD
-- params  none
-- why     draws summarised once, here

with quantiles as (
    select
        stream,
        measure,
        month,
        quantile_cont(usd, 0.05) as q05,
        quantile_cont(usd, 0.10) as q10,
        quantile_cont(usd, 0.25) as q25,
        quantile_cont(usd, 0.50) as q50,
        quantile_cont(usd, 0.75) as q75,
        quantile_cont(usd, 0.90) as q90,
        quantile_cont(usd, 0.95) as q95,
        avg(usd) as mean
    from estimates.measure_draws
    group by stream, measure, month
),

evidence as (
    select
        stream,
        month,
        count(distinct origin_id) as n_origins
    from estimates.origins_by_month
    group by stream, month
    union all
    select
        'total' as stream,
        month,
        count(distinct origin_id) as n_origins
    from estimates.origins_by_month
    group by month
),

assumed as (
    select
        stream,
        month,
        is_prior_driven,
        model
    from estimates.periods
    union all
    select
        'total' as stream,
        month,
        bool_or(is_prior_driven) as is_prior_driven,
        'sum of streams' as model
    from estimates.periods
    group by month
)

select
    quantiles.*,
    coalesce(evidence.n_origins, 0) as n_origins,
    assumed.is_prior_driven,
    assumed.model
from quantiles
left join evidence
    on quantiles.stream = evidence.stream and quantiles.month = evidence.month
left join assumed
    on quantiles.stream = assumed.stream and quantiles.month = assumed.month
order by quantiles.stream, quantiles.measure, quantiles.month
