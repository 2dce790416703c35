-- network.joint_statements
-- grain   statement_id
-- inputs  staged.un_statement_endorsers
-- units   countries
-- params  $as_of: the day the network speaks of
-- why     who joined which statement, and how many of them sat on the Council

with endorsers as (
    select
        *,
        joined = 'true' as has_joined
    from staged.un_statement_endorsers
    where statement_on <= $as_of
),

told as (
    select
        statement_id,
        statement_on,
        title,
        kind,
        string_agg(country_iso3, ';' order by country_iso3) filter (where has_joined) as countries,
        string_agg(country_iso3, ';' order by country_iso3)
        filter (where has_joined and is_unsc_member_then) as members_that_joined,
        string_agg(country_iso3, ';' order by country_iso3)
        filter (where joined = 'false' and is_unsc_member_then) as members_that_did_not,
        count(*) filter (where has_joined) as n_joined,
        count(*) filter (where has_joined and is_unsc_member_then) as n_members_joined,
        count(*) filter (where joined = 'unknown') as n_unknown,
        first(url order by country_iso3) as url
    from endorsers
    group by statement_id, statement_on, title, kind
)

select
    statement_id,
    statement_on,
    title,
    kind,
    coalesce(countries, '') as countries,
    coalesce(members_that_joined, '') as members_that_joined,
    coalesce(members_that_did_not, '') as members_that_did_not,
    n_joined,
    n_members_joined,
    n_unknown,
    url,
    kind in ('us_led', 'joint') as is_round
from told
order by statement_on, statement_id
