-- report.acts_open_told
-- grain   one row: acts still open as of the last day that would cut dollars
-- inputs  acts

select
    '' as row_key,
    count(*) as n
from acts
where
    acts.as_of = (select max(latest.as_of) from acts as latest)
    and acts.is_open
    and acts.net_cut_usd_mean > 0
