-- published.cell_draws, the statues' part
-- grain   cell, draw
-- inputs  estimates.income_draws
-- units   nominal USD
-- params  none
-- why     made up, like its stream

select
    'statues/WLD/' || strftime(month, '%Y-%m') as cell,
    draw,
    round(usd) as usd,
    null::double as tonnes,
    null::double as person_years
from estimates.income_draws
where stream = 'statues' and measure = 'kept_usd'
order by month, draw
