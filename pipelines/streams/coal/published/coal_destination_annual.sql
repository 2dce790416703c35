-- published.coal_destination_annual
-- grain   year, destination_iso3
-- inputs  estimates.coal_destination_draws, facts.observations
-- units   share of the year's tonnes
-- params  none
-- why     shares of one draw add to one; their medians need not; every destination that a figure
--         names has a row, with the number of roots that speak of it

with points as (
    select
        year,
        destination_iso3,
        quantile_cont(share, [0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95]) as q,
        avg(share) as share_mean
    from estimates.coal_destination_draws
    group by year, destination_iso3
),

years as (
    select distinct year from points
),

named as (
    select
        years.year,
        observations.counterpart_iso3 as destination_iso3,
        count(distinct observations.root_id) as n_origins
    from facts.observations as observations
    inner join years
        on
            year(observations.window_start_on) <= years.year
            and year(observations.window_end_on) >= years.year
    where
        observations.stream = 'coal'
        and observations.quantity in (
            'export_t', 'export_usd', 'shipments', 'vessel_calls', 'destination_share'
        )
        and observations.kind not in ('plan', 'structural_zero')
        and observations.counterpart_iso3 not in ('WLD', 'PRK')
    group by years.year, observations.counterpart_iso3
)

select
    coalesce(points.year, named.year) as year,
    coalesce(points.destination_iso3, named.destination_iso3) as destination_iso3,
    points.q[1] as share_q05,
    points.q[2] as share_q10,
    points.q[3] as share_q25,
    points.q[4] as share_q50,
    points.q[5] as share_q75,
    points.q[6] as share_q90,
    points.q[7] as share_q95,
    points.share_mean,
    coalesce(named.n_origins, 0) as n_origins,
    coalesce(named.n_origins, 0) = 0 as is_assumption
from points
full join named
    on points.year = named.year and points.destination_iso3 = named.destination_iso3
order by year, destination_iso3
