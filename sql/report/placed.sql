-- report.placed
-- grain   stream, year: how much of its income documents place on anybody
-- inputs  attribution_annual, streams
-- units   share of the year's income

select
    attribution.*,
    streams.title
from attribution_annual as attribution
inner join streams on attribution.stream = streams.stream
where attribution.node_id = 'UNATTRIBUTED'
order by attribution.year desc, streams.sort_order asc
