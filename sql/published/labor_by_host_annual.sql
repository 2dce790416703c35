-- published.labor_by_host_annual
-- grain   host_iso3, year
-- inputs  estimates.labor_draws
-- units   persons, USD/month, share, USD
-- params  none
-- why     months are averaged (persons, wage, share) or added (take) within a draw first

with years as (
    select
        draw,
        host_iso3,
        year(month) as year,
        avg(headcount) as headcount,
        avg(wage_usd_per_month) as wage_usd_per_month,
        avg(state_share) as state_share,
        sum(state_take_usd) as take_usd
    from estimates.labor_draws
    group by draw, host_iso3, year(month)
)

select
    host_iso3,
    year,
    quantile_cont(headcount, 0.05) as headcount_q05,
    quantile_cont(headcount, 0.10) as headcount_q10,
    quantile_cont(headcount, 0.25) as headcount_q25,
    quantile_cont(headcount, 0.50) as headcount_q50,
    quantile_cont(headcount, 0.75) as headcount_q75,
    quantile_cont(headcount, 0.90) as headcount_q90,
    quantile_cont(headcount, 0.95) as headcount_q95,
    avg(headcount) as headcount_mean,
    quantile_cont(wage_usd_per_month, 0.05) as wage_usd_per_month_q05,
    quantile_cont(wage_usd_per_month, 0.10) as wage_usd_per_month_q10,
    quantile_cont(wage_usd_per_month, 0.25) as wage_usd_per_month_q25,
    quantile_cont(wage_usd_per_month, 0.50) as wage_usd_per_month_q50,
    quantile_cont(wage_usd_per_month, 0.75) as wage_usd_per_month_q75,
    quantile_cont(wage_usd_per_month, 0.90) as wage_usd_per_month_q90,
    quantile_cont(wage_usd_per_month, 0.95) as wage_usd_per_month_q95,
    avg(wage_usd_per_month) as wage_usd_per_month_mean,
    quantile_cont(state_share, 0.05) as state_share_q05,
    quantile_cont(state_share, 0.10) as state_share_q10,
    quantile_cont(state_share, 0.25) as state_share_q25,
    quantile_cont(state_share, 0.50) as state_share_q50,
    quantile_cont(state_share, 0.75) as state_share_q75,
    quantile_cont(state_share, 0.90) as state_share_q90,
    quantile_cont(state_share, 0.95) as state_share_q95,
    avg(state_share) as state_share_mean,
    quantile_cont(take_usd, 0.05) as take_usd_q05,
    quantile_cont(take_usd, 0.10) as take_usd_q10,
    quantile_cont(take_usd, 0.25) as take_usd_q25,
    quantile_cont(take_usd, 0.50) as take_usd_q50,
    quantile_cont(take_usd, 0.75) as take_usd_q75,
    quantile_cont(take_usd, 0.90) as take_usd_q90,
    quantile_cont(take_usd, 0.95) as take_usd_q95,
    avg(take_usd) as take_usd_mean
from years
group by host_iso3, year
order by host_iso3, year
