-- network.labor_hosts
-- grain   host_iso3, year, draw
-- inputs  estimates.labor_draws, staged.network_headcounts
-- units   headcount in persons, mean over the months of the year; usd in nominal USD
-- params  none
-- why     workers documented at an employer are a share of those modelled in their host country

select
    host_iso3,
    year(month)::bigint as year,
    draw,
    avg(headcount) as headcount,
    sum(state_take_usd) as usd
from estimates.labor_draws
where host_iso3 in (select host_iso3 from staged.network_headcounts)
group by host_iso3, year(month), draw
order by host_iso3, year(month), draw
