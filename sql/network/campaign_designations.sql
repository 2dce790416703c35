-- network.campaign_designations
-- grain   month, authority, program, schema, country_iso2
-- inputs  our_designations (a frame: the rows of network.our_designations)
-- units   parties designated that month
-- params  none
-- why     a listing under several programs counts once under each

select
    date_trunc('month', ours.designated_on)::date as month,
    ours.authority,
    trim(programs.program) as program,
    ours.schema,
    coalesce(ours.country_iso2, 'unknown') as country_iso2,
    count(distinct ours.about) as parties
from our_designations as ours
cross join unnest(string_split(coalesce(ours.program, 'not stated'), ';')) as programs (program)
group by all
order by all
