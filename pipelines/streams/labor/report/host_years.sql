-- report.host_years
-- grain   year of one host country
-- inputs  labor_by_host_annual
-- units   headcount in persons, wage in USD a month, take in USD
-- params  $host

select hosts.*
from labor_by_host_annual as hosts
where hosts.host_iso3 = $host
order by hosts.year
