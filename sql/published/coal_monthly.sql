-- published.coal_monthly
-- grain   month
-- inputs  estimates.coal_draws
-- units   t, USD/t, USD
-- params  none
-- why     the product of tonnes and price is taken within each draw, never of the medians

select
    month,
    quantile_cont(tonnes, 0.05) as tonnes_q05,
    quantile_cont(tonnes, 0.10) as tonnes_q10,
    quantile_cont(tonnes, 0.25) as tonnes_q25,
    quantile_cont(tonnes, 0.50) as tonnes_q50,
    quantile_cont(tonnes, 0.75) as tonnes_q75,
    quantile_cont(tonnes, 0.90) as tonnes_q90,
    quantile_cont(tonnes, 0.95) as tonnes_q95,
    avg(tonnes) as tonnes_mean,
    quantile_cont(price_usd_per_t, 0.05) as price_usd_per_t_q05,
    quantile_cont(price_usd_per_t, 0.10) as price_usd_per_t_q10,
    quantile_cont(price_usd_per_t, 0.25) as price_usd_per_t_q25,
    quantile_cont(price_usd_per_t, 0.50) as price_usd_per_t_q50,
    quantile_cont(price_usd_per_t, 0.75) as price_usd_per_t_q75,
    quantile_cont(price_usd_per_t, 0.90) as price_usd_per_t_q90,
    quantile_cont(price_usd_per_t, 0.95) as price_usd_per_t_q95,
    avg(price_usd_per_t) as price_usd_per_t_mean,
    quantile_cont(gross_fob_usd, 0.05) as income_usd_q05,
    quantile_cont(gross_fob_usd, 0.10) as income_usd_q10,
    quantile_cont(gross_fob_usd, 0.25) as income_usd_q25,
    quantile_cont(gross_fob_usd, 0.50) as income_usd_q50,
    quantile_cont(gross_fob_usd, 0.75) as income_usd_q75,
    quantile_cont(gross_fob_usd, 0.90) as income_usd_q90,
    quantile_cont(gross_fob_usd, 0.95) as income_usd_q95,
    avg(gross_fob_usd) as income_usd_mean
from estimates.coal_draws
group by month
order by month
