-- what each readable figure on overseas labor enters the density as (site)
-- grain   observation_id
-- inputs  readable: people.sql with centres and errors; places: counts of one town; labels: hosts
--         and groups of them that the model tells apart
-- params  $opens: the day the shut border opened
-- why     a count of a town, a share of a level, a flow and a stock say different things of persons

with labelled as (
    select
        readable.*,
        places.place,
        readable.counterpart_iso3 in (select labels.label from labels) as is_labelled
    from readable
    left join places on readable.observation_id = places.observation_id
),

-- one country of the other hosts is a part of them
covered as (
    select
        * replace (
            case when is_labelled or coverage != 'whole' then coverage else 'part' end as coverage
        ),
        case when is_labelled then counterpart_iso3 else 'OTH' end as own_host
    from labelled
),

kinds as (
    select
        *,
        coverage = 'whole' as is_whole,
        kind = 'upper_bound' or coverage = 'more' as is_ceiling,
        quantity = 'headcount' as is_count,
        quantity = 'border_entries' and coverage = 'whole' as is_entry
    from covered
),

sited as (
    select
        *,
        case
            when is_count and place is not null then 'place'
            when is_count and starts_with(unit, 'pct_of_') and is_whole then 'ratio'
            when is_count and is_whole then 'headcount'
            when (is_count or quantity = 'permits') and not is_ceiling then 'part'
            when is_entry and counterpart_iso3 = 'CHN' and window_start_on < date '2017-01-01'
                then 'crossings'
            -- behind a shut border nobody enters: the model's rule, so no evidence
            when is_entry and counterpart_iso3 = 'RUS' and window_start_on >= $opens
                then 'arrivals'
            when
                quantity = 'repatriated'
                and (is_whole or counterpart_iso3 = 'WLD')
                and year(window_start_on) >= 2016
                then 'sent_home'
            when quantity in ('gross_wage', 'fee', 'worker_take_home') then 'per_worker'
            when is_share then 'share'
            when is_money and is_whole then 'total'
            when is_money and not is_ceiling then 'part_of_total'
        end as site,
        -- hosts' reports to the Council together left China out
        case
            when site = 'sent_home' and counterpart_iso3 = 'WLD' then 'WLD-CHN' else own_host
        end as host,
        case when host in ('CHN', 'RUS') then host else 'other' end as by_host
    from kinds
),

-- a flow inside a longer one of the same root is counted there
flows as (
    select *
    from sited
    where site in ('crossings', 'arrivals', 'sent_home') and reason_not_used is null
),

inside as (
    select distinct flows.observation_id
    from flows
    inner join flows as longer
        on
            flows.site = longer.site
            and flows.host = longer.host
            and flows.root_id = longer.root_id
    where
        flows.observation_id != longer.observation_id
        and longer.start <= flows.start
        and flows."end" <= longer."end"
        and (
            longer."end" - longer.start > flows."end" - flows.start
            or longer.observation_id < flows.observation_id
        )
)

select
    sited.* replace (
        case
            when sited.reason_not_used is null and inside.observation_id is not null
                then 'inside a longer flow of the same root'
            else sited.reason_not_used
        end as reason_not_used
    ),
    -- whoever counts a town does not state the host; figures on all hosts state none
    case
        when sited.quantity = 'fee' or (sited.is_share and sited.concept = 'remitted_usd')
            then 'reach'
        when sited.site = 'share' then 'share'
        when sited.host like 'WLD%' then null
        when sited.site in ('place', 'part', 'part_of_total', 'total') then null
        when sited.site = 'per_worker' then 'pay ' || sited.by_host
        else 'headcount ' || sited.by_host
    end as component
from sited
left join inside on sited.observation_id = inside.observation_id
order by sited.observation_id
