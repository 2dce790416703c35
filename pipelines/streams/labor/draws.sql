-- draws/labor.parquet
-- grain   draw, month, host_iso3, measure
-- inputs  estimates.labor_draws
-- units   usd nominal USD, headcount persons
-- params  none
-- why     for analysts who go on computing with the draws; whole dollars, which keeps files small

select
    draw,
    month,
    measure,
    round(usd) as usd,
    host_iso3,
    round(headcount, 1) as headcount
from (
    unpivot estimates.labor_draws
    on gross_wages_usd, state_take_usd, remitted_usd
    into name measure value usd
)
