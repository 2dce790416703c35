-- report.hosts_of_year
-- grain   host country of one year, those with most workers first
-- inputs  labor_by_host_annual
-- units   headcount in persons, take in USD
-- params  $year

select hosts.*
from labor_by_host_annual as hosts
where hosts.year = $year
order by hosts.headcount_q50 desc, hosts.host_iso3 asc
