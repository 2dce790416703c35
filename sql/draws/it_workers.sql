-- draws/it_workers.parquet
-- grain   draw, month, measure
-- inputs  estimates.it_worker_draws
-- units   usd nominal USD
-- params  none
-- why     for analysts who go on computing with the draws; whole dollars, which keeps files small

select
    draw,
    month,
    measure,
    round(usd) as usd
from (
    unpivot estimates.it_worker_draws
    on state_take_usd, gross_wages_usd
    into name measure value usd
)
