-- published.cell_draws, the labor stream's part
-- grain   cell, draw
-- inputs  estimates.labor_draws
-- units   nominal USD, persons times years
-- params  none
-- why     whole dollars keep the file small; a month of a person is a twelfth of a person-year

select
    'labor/' || host_iso3 || '/' || strftime(month, '%Y-%m') as cell,
    draw,
    round(remitted_usd) as usd,
    null::double as tonnes,
    round(headcount / 12, 2) as person_years
from estimates.labor_draws
-- the rows of a cell lie together: a question about one host then reads its part of the file
order by host_iso3, month, draw
