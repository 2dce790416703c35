-- published.income_monthly
-- grain   stream, measure, month
-- inputs  estimates.income_draws, estimates.total_draws, estimates.origins_by_month,
--         estimates.periods
-- units   nominal USD
-- params  none
-- why     draws summarised once, here

with stream_quantiles as (
    select
        stream,
        measure,
        month,
        quantile_cont(amount, 0.05) as q05,
        quantile_cont(amount, 0.10) as q10,
        quantile_cont(amount, 0.25) as q25,
        quantile_cont(amount, 0.50) as q50,
        quantile_cont(amount, 0.75) as q75,
        quantile_cont(amount, 0.90) as q90,
        quantile_cont(amount, 0.95) as q95,
        avg(amount) as mean
    from estimates.income_draws
    where measure != 'tonnes'
    group by stream, measure, month
),

total_quantiles as (
    select
        'total' as stream,
        'state_income_usd' as measure,
        month,
        quantile_cont(usd, 0.05) as q05,
        quantile_cont(usd, 0.10) as q10,
        quantile_cont(usd, 0.25) as q25,
        quantile_cont(usd, 0.50) as q50,
        quantile_cont(usd, 0.75) as q75,
        quantile_cont(usd, 0.90) as q90,
        quantile_cont(usd, 0.95) as q95,
        avg(usd) as mean
    from estimates.total_draws
    group by month
),

quantiles as (
    select * from stream_quantiles
    union all by name
    -- each stream's headline under the name it shares with the total
    select * replace ('state_income_usd' as measure)
    from stream_quantiles
    where measure in ('gross_fob_usd', 'state_take_usd')
    union all by name
    select * from total_quantiles
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
    -- a period that no figure touches is assumption, whatever its neighbours hold
    coalesce(assumed.is_prior_driven, true) or evidence.n_origins is null as is_prior_driven,
    assumed.model
from quantiles
left join evidence
    on quantiles.stream = evidence.stream and quantiles.month = evidence.month
left join assumed
    on quantiles.stream = assumed.stream and quantiles.month = assumed.month
order by quantiles.stream, quantiles.measure, quantiles.month
