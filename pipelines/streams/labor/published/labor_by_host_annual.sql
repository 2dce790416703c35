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
        quantile_cont(headcount, [0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95]) as headcount,
        avg(headcount) as headcount_mean,
        quantile_cont(wage_usd_per_month, [0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95]) as wage,
        avg(wage_usd_per_month) as wage_usd_per_month_mean,
        quantile_cont(state_share, [0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95]) as state_share,
        avg(state_share) as state_share_mean,
        quantile_cont(take_usd, [0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95]) as take,
        avg(take_usd) as take_usd_mean
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
            and observations.is_used
            and points.year between year(observations.window_start_on) - 2
            and year(observations.window_end_on) + 2
    group by points.host_iso3, points.year
)

select
    points.host_iso3,
    points.year,
    points.headcount[1] as headcount_q05,
    points.headcount[2] as headcount_q10,
    points.headcount[3] as headcount_q25,
    points.headcount[4] as headcount_q50,
    points.headcount[5] as headcount_q75,
    points.headcount[6] as headcount_q90,
    points.headcount[7] as headcount_q95,
    points.headcount_mean,
    points.wage[1] as wage_usd_per_month_q05,
    points.wage[2] as wage_usd_per_month_q10,
    points.wage[3] as wage_usd_per_month_q25,
    points.wage[4] as wage_usd_per_month_q50,
    points.wage[5] as wage_usd_per_month_q75,
    points.wage[6] as wage_usd_per_month_q90,
    points.wage[7] as wage_usd_per_month_q95,
    points.wage_usd_per_month_mean,
    points.state_share[1] as state_share_q05,
    points.state_share[2] as state_share_q10,
    points.state_share[3] as state_share_q25,
    points.state_share[4] as state_share_q50,
    points.state_share[5] as state_share_q75,
    points.state_share[6] as state_share_q90,
    points.state_share[7] as state_share_q95,
    points.state_share_mean,
    points.take[1] as take_usd_q05,
    points.take[2] as take_usd_q10,
    points.take[3] as take_usd_q25,
    points.take[4] as take_usd_q50,
    points.take[5] as take_usd_q75,
    points.take[6] as take_usd_q90,
    points.take[7] as take_usd_q95,
    points.take_usd_mean,
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
