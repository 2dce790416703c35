-- network.income_monthly
-- grain   month
-- inputs  estimates.total_draws
-- units   nominal USD
-- params  none
-- why     the month's income of all streams together beside the campaign

select
    month,
    quantile_cont(usd, 0.05) as q05,
    quantile_cont(usd, 0.50) as q50,
    quantile_cont(usd, 0.95) as q95
from estimates.total_draws
where measure = 'state_income_usd'
group by month
order by month
