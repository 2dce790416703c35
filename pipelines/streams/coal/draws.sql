-- draws/coal.parquet
-- grain   draw, month, measure
-- inputs  estimates.coal_draws
-- units   usd nominal USD, tonnes metric tonnes, price_usd_per_t USD/t
-- params  none
-- why     for analysts who go on computing with the draws; whole dollars, which keeps files small

select
    draw,
    month,
    measure,
    round(usd) as usd,
    tonnes,
    price_usd_per_t
from (
    unpivot estimates.coal_draws
    on cif_usd, gross_fob_usd, net_usd
    into name measure value usd
)
