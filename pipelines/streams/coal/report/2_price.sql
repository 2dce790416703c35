-- USD per tonne, FOB

select
    month,
    price_usd_per_t_q05 as q05,
    price_usd_per_t_q25 as q25,
    price_usd_per_t_q50 as q50,
    price_usd_per_t_q75 as q75,
    price_usd_per_t_q95 as q95
from coal_monthly
order by month
