-- published.coal_by_destination_annual
-- grain   destination_iso3, year
-- inputs  estimates.coal_draws, estimates.coal_destination_draws,
--         published.coal_destination_annual, published.dim_country
-- units   metric tonnes
-- params  none
-- why     shares of different years must not be averaged, tonnes may be added

with tonnes as (
    select
        year(month) as year,
        draw,
        sum(tonnes) as tonnes
    from estimates.coal_draws
    group by year(month), draw
    having count(*) = 12
),

points as (
    select
        shares.destination_iso3,
        shares.year,
        quantile_points(shares.share * tonnes.tonnes) as q
    from estimates.coal_destination_draws as shares
    inner join tonnes on shares.year = tonnes.year and shares.draw = tonnes.draw
    group by shares.destination_iso3, shares.year
)

select
    points.destination_iso3,
    countries.country as destination,
    points.year,
    points.q['mean'] as destination_mean_tonnes,
    annual.is_assumption,
    format('{:,.0f} to {:,.0f}', points.q['q05'] / 1e3, points.q['q95'] / 1e3) as range_90_kt
from points
inner join published.coal_destination_annual as annual
    on points.destination_iso3 = annual.destination_iso3 and points.year = annual.year
left join published.dim_country as countries
    on points.destination_iso3 = countries.country_iso3
order by points.destination_iso3, points.year
