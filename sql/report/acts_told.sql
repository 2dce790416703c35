-- report.acts_told
-- grain   act: how many parties it is open against, and closed for
-- inputs  acts

select
    'act' as row_key,
    acts.as_of,
    acts.act,
    count(*) filter (where acts.is_open) as n_open,
    count(*) filter (where not acts.is_open) as n_closed,
    count(*) filter (where acts.is_open and acts.net_cut_usd_mean > 0) as n_with_dollars
from acts
where acts.as_of = (select max(latest.as_of) from acts as latest)
group by acts.as_of, acts.act
order by n_open desc, acts.act asc
