-- published.cell_draws, the statues' part
-- grain   cell, draw
-- inputs  estimates.statues_draws
-- units   nominal USD
-- params  none
-- why     made up, like its stream

select
    'statues/WLD/' || strftime(month, '%Y-%m') as cell,
    draw,
    round(kept_usd) as usd,
    null::double as tonnes,
    null::double as person_years
from estimates.statues_draws
order by month, draw
