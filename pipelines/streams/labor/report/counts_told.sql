-- report.counts_told
-- grain   one row: the least and the most that anybody counts in one country
-- inputs  figures
-- units   persons
-- params  $host

select
    '' as row_key,
    min(coalesce(figures.low, figures.central, figures.high)) as least,
    max(coalesce(figures.high, figures.central, figures.low)) as most
from figures
where
    figures.stream = 'labor'
    and figures.counterpart_iso3 = $host
    and figures.quantity = 'headcount'
    and figures.coverage = 'whole'
    and figures.kind != 'plan'
