-- report.acts_open
-- grain   act still open against a party as of the last day, largest cut first
-- inputs  acts
-- units   USD a year

select acts.*
from acts
where
    acts.as_of = (select max(latest.as_of) from acts as latest)
    and acts.is_open
    and acts.net_cut_usd_mean > 0
order by acts.net_cut_usd_mean desc, acts.party_id asc
