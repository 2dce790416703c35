-- published.coal_monthly
-- grain   month
-- inputs  estimates.coal_draws
-- units   t, USD/t, USD
-- params  none
-- why     the product of tonnes and price is taken within each draw, never of the medians

with points as (
    select
        month,
        quantile_cont(tonnes, [0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95]) as tonnes,
        avg(tonnes) as tonnes_mean,
        quantile_cont(price_usd_per_t, [0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95]) as price,
        avg(price_usd_per_t) as price_usd_per_t_mean,
        quantile_cont(gross_fob_usd, [0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95]) as income,
        avg(gross_fob_usd) as income_usd_mean
    from estimates.coal_draws
    group by month
)

select
    month,
    tonnes[1] as tonnes_q05,
    tonnes[2] as tonnes_q10,
    tonnes[3] as tonnes_q25,
    tonnes[4] as tonnes_q50,
    tonnes[5] as tonnes_q75,
    tonnes[6] as tonnes_q90,
    tonnes[7] as tonnes_q95,
    tonnes_mean,
    price[1] as price_usd_per_t_q05,
    price[2] as price_usd_per_t_q10,
    price[3] as price_usd_per_t_q25,
    price[4] as price_usd_per_t_q50,
    price[5] as price_usd_per_t_q75,
    price[6] as price_usd_per_t_q90,
    price[7] as price_usd_per_t_q95,
    price_usd_per_t_mean,
    income[1] as income_usd_q05,
    income[2] as income_usd_q10,
    income[3] as income_usd_q25,
    income[4] as income_usd_q50,
    income[5] as income_usd_q75,
    income[6] as income_usd_q90,
    income[7] as income_usd_q95,
    income_usd_mean
from points
order by month
