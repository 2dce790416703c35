-- published.origins
-- grain   origin_id
-- inputs  staged.origins, published.figures, facts.observations
-- units   USD/month per worker, USD/t
-- why     a number that many print is one number; and an origin that states both a total and
--         what it is a total of can be checked by arithmetic

with statements as (
    select
        origin_id,
        count(*) as n_statements,
        count(*) filter (where reason_not_used like 'repeats %') as n_repeats,
        count(*) filter (where is_used) as n_used,
        min_by(observation_id, (window_start_on, observation_id)) as first_observation_id
    from published.figures
    group by origin_id
),

values_stated as (
    select
        *,
        coalesce(central, sqrt(low * high), low, high) as stated
    from published.figures
    where kind not in ('plan', 'structural_zero')
),

-- sums and counts of one origin that speak of one place, sector and time
implied as (
    select
        sums.origin_id,
        max(sums.stated / counts.stated / 12) filter (
            where
            sums.quantity = 'earnings_usd'
            and sums.unit = 'USD'
            and sums.stream = counts.stream
            and date_diff('day', sums.window_start_on, sums.window_end_on) between 360 and 370
            and counts.quantity = 'headcount'
            and counts.unit = 'persons'
        ) as implied_usd_per_worker_per_month,
        median(sums.stated / counts.stated) filter (
            where sums.quantity = 'export_usd' and counts.quantity = 'export_t'
        ) as implied_usd_per_t
    from values_stated as sums
    inner join values_stated as counts
        on
            sums.origin_id = counts.origin_id
            and sums.counterpart_iso3 = counts.counterpart_iso3
            and sums.sector = counts.sector
            and sums.window_start_on = counts.window_start_on
            and sums.window_end_on = counts.window_end_on
    where counts.stated > 0
    group by sums.origin_id
),

prices as (
    select
        min(coalesce(low, central, high)) as lowest_usd_per_t,
        max(coalesce(high, central, low)) as highest_usd_per_t
    from published.figures
    where quantity = 'price_usd_per_t' and is_used
),

wages as (
    select max(coalesce(high, central, low)) as highest_usd_per_month
    from facts.observations
    where quantity = 'gross_wage' and unit = 'USD/month' and is_usable
),

-- an origin that speaks of two streams stands in the tables of both
bodies as (
    select
        origin_id,
        min(root_id) as root_id,
        min(name) as name,
        min(kind_of_body) as kind_of_body,
        min(first_stated_on) as first_stated_on
    from staged.origins
    group by origin_id
)

select
    origins.origin_id,
    origins.root_id,
    origins.name,
    origins.kind_of_body,
    statements.first_observation_id,
    origins.first_stated_on,
    implied.implied_usd_per_worker_per_month,
    implied.implied_usd_per_t,
    coalesce(statements.n_statements, 0) as n_statements,
    coalesce(statements.n_repeats, 0) as n_repeats,
    coalesce(statements.n_used, 0) as n_used,
    case
        when implied.implied_usd_per_worker_per_month > wages.highest_usd_per_month
            then 'above_any_reported_wage'
        when
            implied.implied_usd_per_t not between prices.lowest_usd_per_t
            and prices.highest_usd_per_t
            then 'price_outside_reported_range'
        when
            implied.implied_usd_per_worker_per_month is null
            and implied.implied_usd_per_t is null
            then 'not_testable'
        else 'plausible'
    end as plausibility
from bodies as origins
left join statements on origins.origin_id = statements.origin_id
left join implied on origins.origin_id = implied.origin_id
cross join prices
cross join wages
order by origins.origin_id
