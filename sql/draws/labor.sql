-- draws/labor.parquet
-- grain   draw, month, host_iso3, measure
-- inputs  estimates.labor_draws
-- units   usd nominal USD, headcount persons
-- params  none
-- why     for analysts who go on computing with the draws

select
    draw,
    month,
    measure,
    usd,
    host_iso3,
    headcount
from (
    unpivot estimates.labor_draws
    on state_take_usd, gross_wages_usd
    into name measure value usd
)
order by measure, host_iso3, draw, month
