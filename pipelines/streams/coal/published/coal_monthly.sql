-- published.coal_monthly
-- grain   month
-- inputs  estimates.coal_draws
-- units   t, USD/t, USD
-- params  none
-- why     the product of tonnes and price is taken within each draw, never of the medians

with points as (
    select
        month,
        quantile_points(tonnes) as tonnes,
        quantile_points(price_usd_per_t) as price,
        quantile_points(gross_fob_usd) as income
    from estimates.coal_draws
    group by month
)

select
    month,
    tonnes['q05'] as tonnes_q05,
    tonnes['q10'] as tonnes_q10,
    tonnes['q25'] as tonnes_q25,
    tonnes['q50'] as tonnes_q50,
    tonnes['q75'] as tonnes_q75,
    tonnes['q90'] as tonnes_q90,
    tonnes['q95'] as tonnes_q95,
    tonnes['mean'] as tonnes_mean,
    price['q05'] as price_usd_per_t_q05,
    price['q10'] as price_usd_per_t_q10,
    price['q25'] as price_usd_per_t_q25,
    price['q50'] as price_usd_per_t_q50,
    price['q75'] as price_usd_per_t_q75,
    price['q90'] as price_usd_per_t_q90,
    price['q95'] as price_usd_per_t_q95,
    price['mean'] as price_usd_per_t_mean,
    income['q05'] as income_usd_q05,
    income['q10'] as income_usd_q10,
    income['q25'] as income_usd_q25,
    income['q50'] as income_usd_q50,
    income['q75'] as income_usd_q75,
    income['q90'] as income_usd_q90,
    income['q95'] as income_usd_q95,
    income['mean'] as income_usd_mean
from points
order by month
