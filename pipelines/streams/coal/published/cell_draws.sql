-- published.cell_draws, the coal stream's part
-- grain   cell, draw
-- inputs  estimates.coal_draws
-- units   nominal USD, metric tonnes
-- params  none
-- why     money is not drawn by destination: one price and one netback are drawn for all buyers

select
    'coal/WLD/' || strftime(month, '%Y-%m') as cell,
    draw,
    round(net_usd) as usd,
    round(tonnes, 1) as tonnes,
    null::double as person_years
from estimates.coal_draws
order by month, draw
