-- report.acts_done
-- grain   act already taken against a party that carried income
-- inputs  acts
-- units   USD a year

select acts.*
from acts
where
    acts.as_of = (select max(latest.as_of) from acts as latest)
    and not acts.is_open
    and acts.carried_usd_mean > 0
order by acts.carried_usd_mean desc, acts.party_id asc
limit 40
