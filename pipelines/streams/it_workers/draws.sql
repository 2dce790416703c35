-- draws/it_workers.parquet
-- grain   draw, month, measure
-- inputs  estimates.it_workers_draws
-- units   usd nominal USD, headcount persons
-- params  none
-- why     for analysts who go on computing with the draws; whole dollars, which keeps files small

select
    draw,
    month,
    measure,
    round(usd) as usd,
    round(headcount, 1) as headcount
from (
    unpivot estimates.it_workers_draws
    on gross_wages_usd, state_take_usd, remitted_usd
    into name measure value usd
)
