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

per_worker as (
    select
        totals.origin_id,
        max(totals.stated / heads.stated / 12) as implied_usd_per_worker_per_month
    from values_stated as totals
    inner join values_stated as heads
        on
            totals.origin_id = heads.origin_id
            and totals.stream = heads.stream
            and totals.counterpart_iso3 = heads.counterpart_iso3
            and totals.sector = heads.sector
            and totals.window_start_on = heads.window_start_on
            and totals.window_end_on = heads.window_end_on
    where
        totals.quantity = 'earnings_usd'
        and totals.unit = 'USD'
        and date_diff('day', totals.window_start_on, totals.window_end_on) between 360 and 370
        and heads.quantity = 'headcount'
        and heads.unit = 'persons'
        and heads.stated > 0
    group by totals.origin_id
),

per_tonne as (
    select
        dollars.origin_id,
        median(dollars.stated / tonnes.stated) as implied_usd_per_t
    from values_stated as dollars
    inner join values_stated as tonnes
        on
            dollars.origin_id = tonnes.origin_id
            and dollars.counterpart_iso3 = tonnes.counterpart_iso3
            and dollars.sector = tonnes.sector
            and dollars.window_start_on = tonnes.window_start_on
            and dollars.window_end_on = tonnes.window_end_on
    where
        dollars.quantity = 'export_usd'
        and tonnes.quantity = 'export_t'
        and tonnes.stated > 0
    group by dollars.origin_id
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
    per_worker.implied_usd_per_worker_per_month,
    per_tonne.implied_usd_per_t,
    coalesce(statements.n_statements, 0) as n_statements,
    coalesce(statements.n_repeats, 0) as n_repeats,
    coalesce(statements.n_used, 0) as n_used,
    case
        when per_worker.implied_usd_per_worker_per_month > wages.highest_usd_per_month
            then 'above_any_reported_wage'
        when
            per_tonne.implied_usd_per_t not between prices.lowest_usd_per_t
            and prices.highest_usd_per_t
            then 'price_outside_reported_range'
        when
            per_worker.implied_usd_per_worker_per_month is null
            and per_tonne.implied_usd_per_t is null
            then 'not_testable'
        else 'plausible'
    end as plausibility
from bodies as origins
left join statements on origins.origin_id = statements.origin_id
left join per_worker on origins.origin_id = per_worker.origin_id
left join per_tonne on origins.origin_id = per_tonne.origin_id
cross join prices
cross join wages
order by origins.origin_id
