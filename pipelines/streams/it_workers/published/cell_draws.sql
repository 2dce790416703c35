-- published.cell_draws, the IT workers' part
-- grain   cell, draw
-- inputs  estimates.it_workers_draws
-- units   nominal USD, persons times years
-- params  none
-- why     whole dollars keep the file small; a month of a person is a twelfth of a person-year

select
    'it_workers/WLD/' || strftime(month, '%Y-%m') as cell,
    draw,
    round(remitted_usd) as usd,
    null::double as tonnes,
    round(headcount / 12, 2) as person_years
from estimates.it_workers_draws
order by month, draw
