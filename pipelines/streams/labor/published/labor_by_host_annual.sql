-- published.labor_by_host_annual
-- grain   host_iso3, year
-- inputs  estimates.labor_draws, facts.observations
-- units   persons, USD/month, share, USD
-- params  none
-- why     months are averaged (persons, wage, share) or added (take) within a draw first; the
--         grade says whether anybody counted workers there in that year, or near it

with years as (
    select
        draw,
        host_iso3,
        year(month) as year,
        avg(headcount) as headcount,
        avg(wage_usd_per_month) as wage_usd_per_month,
        avg(state_share) as state_share,
        sum(state_take_usd) as take_usd
    from estimates.labor_draws
    group by draw, host_iso3, year(month)
),

points as (
    select
        host_iso3,
        year,
        quantile_points(headcount) as headcount,
        quantile_points(wage_usd_per_month) as wage,
        quantile_points(state_share) as state_share,
        quantile_points(take_usd) as take
    from years
    group by host_iso3, year
),

counted as (
    select
        points.host_iso3,
        points.year,
        count(distinct observations.root_id) filter (
            where points.year between year(observations.window_start_on)
            and year(observations.window_end_on)
        ) as n_origins,
        count(observations.root_id) as n_near
    from points
    left join facts.observations as observations
        on
            points.host_iso3 = observations.counterpart_iso3
            and observations.stream = 'labor'
            and observations.quantity = 'headcount'
            and observations.is_usable
            and points.year between year(observations.window_start_on) - 2
            and year(observations.window_end_on) + 2
    group by points.host_iso3, points.year
)

select
    points.host_iso3,
    points.year,
    points.headcount['q05'] as headcount_q05,
    points.headcount['q10'] as headcount_q10,
    points.headcount['q25'] as headcount_q25,
    points.headcount['q50'] as headcount_q50,
    points.headcount['q75'] as headcount_q75,
    points.headcount['q90'] as headcount_q90,
    points.headcount['q95'] as headcount_q95,
    points.headcount['mean'] as headcount_mean,
    points.wage['q05'] as wage_usd_per_month_q05,
    points.wage['q10'] as wage_usd_per_month_q10,
    points.wage['q25'] as wage_usd_per_month_q25,
    points.wage['q50'] as wage_usd_per_month_q50,
    points.wage['q75'] as wage_usd_per_month_q75,
    points.wage['q90'] as wage_usd_per_month_q90,
    points.wage['q95'] as wage_usd_per_month_q95,
    points.wage['mean'] as wage_usd_per_month_mean,
    points.state_share['q05'] as state_share_q05,
    points.state_share['q10'] as state_share_q10,
    points.state_share['q25'] as state_share_q25,
    points.state_share['q50'] as state_share_q50,
    points.state_share['q75'] as state_share_q75,
    points.state_share['q90'] as state_share_q90,
    points.state_share['q95'] as state_share_q95,
    points.state_share['mean'] as state_share_mean,
    points.take['q05'] as take_usd_q05,
    points.take['q10'] as take_usd_q10,
    points.take['q25'] as take_usd_q25,
    points.take['q50'] as take_usd_q50,
    points.take['q75'] as take_usd_q75,
    points.take['q90'] as take_usd_q90,
    points.take['q95'] as take_usd_q95,
    points.take['mean'] as take_usd_mean,
    counted.n_origins,
    case
        when counted.n_origins > 0 then 'this_year'
        when counted.n_near > 0 then 'within_two_years'
        else 'none'
    end as evidence_grade
from points
inner join counted
    on points.host_iso3 = counted.host_iso3 and points.year = counted.year
order by points.host_iso3, points.year
