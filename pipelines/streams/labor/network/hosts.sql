-- network.hosts, the part of labor
-- grain   stream, host_iso3, year, draw
-- inputs  estimates.labor_draws, staged.network_headcounts
-- units   headcount in persons, mean over the months of the year; usd in nominal USD
-- params  none
-- why     workers documented at an employer are a share of those modelled in their host country,
--         in the years that a count speaks of

with spoken_of as (
    select
        host_iso3,
        year(min(window_start_on)) as first_year,
        year(max(window_end_on)) as last_year
    from staged.network_headcounts
    group by host_iso3
)

select
    'labor' as stream,
    draws.host_iso3,
    year(draws.month)::bigint as year,
    draws.draw,
    avg(draws.headcount) as headcount,
    sum(draws.remitted_usd) as usd
from estimates.labor_draws as draws
inner join spoken_of on draws.host_iso3 = spoken_of.host_iso3
where year(draws.month) between spoken_of.first_year and spoken_of.last_year
group by draws.host_iso3, year(draws.month), draws.draw
order by draws.host_iso3, year(draws.month), draws.draw
