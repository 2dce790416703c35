-- report.endorsers
-- grain   country: in how many joint statements it is among those that joined
-- inputs  statement_endorsers

select
    'country_iso3' as row_key,
    endorsers.country_iso3,
    count(*) filter (where endorsers.joined = 'true') as n_joined,
    count(*) filter (where endorsers.joined = 'true' and endorsers.is_unsc_member_then)
        as n_joined_as_member,
    count(*) filter (where endorsers.is_unsc_member_then) as n_as_member,
    max(endorsers.statement_on) filter (where endorsers.joined = 'true') as last_joined_on
from statement_endorsers as endorsers
group by endorsers.country_iso3
having n_joined > 0
order by n_joined desc, endorsers.country_iso3 asc
