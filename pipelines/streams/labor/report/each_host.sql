-- report.each_host
-- grain   host country: each has a page
-- inputs  labor_by_host_annual

select
    'host-' || lower(hosts.host_iso3) as page,
    hosts.host_iso3,
    max(hosts.year) as last_year
from labor_by_host_annual as hosts
group by hosts.host_iso3
order by hosts.host_iso3
