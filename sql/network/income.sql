-- network.income
-- grain   stream, year, draw
-- inputs  estimates.income_draws
-- units   usd in nominal USD
-- params  none
-- why     each stream's headline of a year, draw by draw: what the network places on parties

select
    stream,
    year(month)::bigint as year,
    draw,
    sum(usd) as usd
from estimates.income_draws
where measure = 'state_income_usd'
group by stream, year(month), draw
order by stream, year(month), draw
