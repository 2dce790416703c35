-- network.campaign_monthly
-- grain   month
-- inputs  our_designations (a frame: the rows of network.our_designations), dated_entries (a
--         frame: authority, listed_on, n: entries that the official lists date), income (a frame:
--         the rows of network.income_monthly), staged.campaign_events,
--         staged.un_statement_endorsers
-- units   counts; income in nominal USD
-- params  $as_of: the day the network speaks of
-- why     day by day the largest of three counts stands, since each is a floor: entries the body's
--         list dates to that day, parties announced for it, parties of our network that a
--         statement dates to it. An announcement dated to a month only is held against our
--         parties of that month whose day no announcement and no list names

with events as (
    select
        *,
        date_trunc('month', event_on)::date as month
    from staged.campaign_events
    where not is_tally and precision != 'year' and event_on <= $as_of
),

announced as (
    select
        case
            when kind = 'us_designation_round' then 'OFAC'
            when actor = 'South Korea' then 'ROK'
            when actor = 'Japan' then 'JPN'
        end as authority,
        event_on,
        month,
        precision,
        sum(parties_announced + coalesce(vessels_announced, 0)) as n
    from events
    where
        kind in ('us_designation_round', 'other_designation_round')
        and parties_announced is not null
    group by all
    having authority is not null
),

counts as (
    select
        authority,
        designated_on as made_on,
        count(*) as n,
        true as is_ours
    from our_designations
    group by authority, designated_on
    union all
    select
        authority,
        event_on as made_on,
        n,
        false as is_ours
    from announced
    where precision = 'day'
    union all
    select
        authority,
        listed_on as made_on,
        sum(n) as n,
        false as is_ours
    from dated_entries
    group by authority, listed_on
),

days as (
    select
        authority,
        date_trunc('month', made_on)::date as month,
        max(n) as n,
        coalesce(sum(n) filter (where is_ours), 0) as n_in_network,
        not bool_and(is_ours) as is_told
    from counts
    group by authority, made_on
),

parts as (
    select
        authority,
        month,
        n_in_network,
        if(is_told, n, 0) as told,
        if(is_told, 0, n) as silent,
        0 as rough
    from days
    union all
    select
        authority,
        month,
        0 as n_in_network,
        0 as told,
        0 as silent,
        n as rough
    from announced
    where precision = 'month'
),

months as (
    select
        authority,
        month,
        sum(told) + greatest(sum(silent), sum(rough)) as n,
        sum(n_in_network) as n_in_network
    from parts
    group by authority, month
),

-- every count of a month: of what, and of whom
tallies as (
    select
        month,
        'designations' as what,
        authority as whose,
        n
    from months
    union all
    select
        month,
        'in network' as what,
        authority as whose,
        n_in_network as n
    from months
    union all
    select
        date_trunc('month', designated_on)::date as month,
        if(is_bank, 'bank', 'party') as what,
        schema as whose,
        1 as n
    from our_designations
    union all
    select
        month,
        'event' as what,
        kind as whose,
        1 as n
    from events
    union all
    select
        date_trunc('month', statement_on)::date as month,
        'countries' as what,
        '' as whose,
        count(distinct country_iso3) as n
    from staged.un_statement_endorsers
    where joined = 'true' and statement_on <= $as_of
    group by date_trunc('month', statement_on)
),

span as (
    select
        min(month) as first_month,
        max(month) as last_month
    from (
        select month from tallies
        where what != 'countries'
        union all
        select month from income
    ) as known
),

calendar as (
    select unnest(generate_series(first_month, last_month, interval 1 month))::date as month
    from span
),

counted as (
    select
        calendar.month,
        sum(n) filter (where what = 'designations') as designations,
        sum(n) filter (where what = 'in network') as designations_in_network,
        sum(n) filter (where what = 'designations' and whose = 'OFAC') as designations_us,
        sum(n) filter (where what = 'designations' and whose = 'UNSC') as designations_un,
        sum(n) filter (where what = 'designations' and whose = 'EU') as designations_eu,
        sum(n) filter (where what = 'designations' and whose = 'ROK') as designations_rok,
        sum(n) filter (where what = 'designations' and whose = 'JPN') as designations_japan,
        sum(n) filter (where what = 'designations' and whose = 'UK') as designations_uk,
        sum(n) filter (where what = 'in network' and whose = 'OFAC') as designations_us_in_network,
        sum(n) filter (where what = 'in network' and whose = 'UNSC') as designations_un_in_network,
        sum(n) filter (where what = 'in network' and whose = 'EU') as designations_eu_in_network,
        sum(n) filter (where what = 'in network' and whose = 'ROK') as designations_rok_in_network,
        sum(n) filter (where what = 'in network' and whose = 'JPN')
            as designations_japan_in_network,
        sum(n) filter (where what = 'in network' and whose = 'UK') as designations_uk_in_network,
        sum(n) filter (where what in ('bank', 'party') and whose = 'Person') as designated_persons,
        sum(n) filter (where what in ('bank', 'party') and whose = 'Vessel') as designated_vessels,
        sum(n) filter (where what = 'bank') as designated_banks,
        sum(n) filter (where whose = 'missile_test') as missile_test_events,
        sum(n) filter (where whose = 'nuclear_test') as nuclear_tests,
        sum(n) filter (where whose = 'satellite_launch') as satellite_launches,
        sum(n) filter (where whose = 'un_resolution') as un_resolutions,
        sum(n) filter (where whose = 'unsc_meeting') as unsc_meetings,
        sum(n) filter (where whose = 'us_designation_round') as us_designation_rounds,
        sum(n) filter (where whose = 'other_designation_round') as other_designation_rounds,
        sum(n) filter (where whose = 'enforcement_action') as enforcement_actions,
        sum(n) filter (where whose = 'un_joint_statement') as joint_statements,
        sum(n) filter (where what = 'countries') as joint_statement_countries
    from calendar
    left join tallies
        on calendar.month = tallies.month
    group by calendar.month
)

select
    counted.month,
    coalesce(columns(counted.* exclude (month)), 0)::bigint,
    income.q05 as income_usd_q05,
    income.q50 as income_usd_q50,
    income.q95 as income_usd_q95,
    (
        sum(coalesce(counted.designations, 0)) over (
            order by counted.month
            rows between 11 preceding and current row
        )
    )::bigint as designations_12m
from counted
left join income
    on counted.month = income.month
order by counted.month
