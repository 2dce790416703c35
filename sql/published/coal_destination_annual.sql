-- published.coal_destination_annual
-- grain   year, destination_iso3
-- inputs  estimates.coal_destination_draws
-- units   share of the year's tonnes
-- params  none
-- why     shares of one draw add to one; their medians need not

select
    year,
    destination_iso3,
    quantile_cont(share, 0.05) as share_q05,
    quantile_cont(share, 0.10) as share_q10,
    quantile_cont(share, 0.25) as share_q25,
    quantile_cont(share, 0.50) as share_q50,
    quantile_cont(share, 0.75) as share_q75,
    quantile_cont(share, 0.90) as share_q90,
    quantile_cont(share, 0.95) as share_q95,
    avg(share) as share_mean
from estimates.coal_destination_draws
group by year, destination_iso3
order by year, destination_iso3
