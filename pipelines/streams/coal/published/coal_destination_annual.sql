-- published.coal_destination_annual
-- grain   year, destination_iso3
-- inputs  estimates.coal_destination_draws, estimates.coal_destination_basis
-- units   share of the year's tonnes
-- params  none
-- why     shares of one draw add to one; their medians need not; every destination that a figure
--         names has a row in every year, with the number of roots that speak of it then

with points as (
    select
        year,
        destination_iso3,
        quantile_points(share) as q
    from estimates.coal_destination_draws
    group by year, destination_iso3
)

select
    points.year,
    points.destination_iso3,
    points.q['q05'] as share_q05,
    points.q['q10'] as share_q10,
    points.q['q25'] as share_q25,
    points.q['q50'] as share_q50,
    points.q['q75'] as share_q75,
    points.q['q90'] as share_q90,
    points.q['q95'] as share_q95,
    points.q['mean'] as share_mean,
    coalesce(basis.n_roots, 0) as n_origins,
    coalesce(basis.is_assumption, true) as is_assumption
from points
left join estimates.coal_destination_basis as basis
    on points.year = basis.year and points.destination_iso3 = basis.destination_iso3
order by points.year, points.destination_iso3
