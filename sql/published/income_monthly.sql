-- published.income_monthly
-- grain   stream, measure, month
-- inputs  estimates.income_draws, estimates.total_draws, estimates.streams,
--         estimates.month_roots, published.income_annual
-- units   nominal USD
-- params  none
-- why     draws summarised once, here; evidence is graded by year

with drawn as (
    select
        stream,
        measure,
        month,
        usd
    from estimates.income_draws
    union all by name
    select
        'total' as stream,
        measure,
        month,
        usd
    from estimates.total_draws
),

points as (
    select
        stream,
        measure,
        month,
        quantile_points(usd) as q
    from drawn
    group by stream, measure, month
),

months as (
    select distinct
        income.stream,
        income.measure,
        income.month,
        streams.sort_order
    from estimates.income_draws as income
    inner join estimates.streams as streams
        on income.stream = streams.stream
),

coverage as (
    select
        stream,
        measure,
        month,
        stream as streams
    from months
    union all by name
    select
        'total' as stream,
        measure,
        month,
        string_agg(stream, ', ' order by sort_order, stream) as streams
    from months
    group by measure, month
),

roots as (
    select
        stream,
        month,
        count(distinct root_id) as n_origins
    from estimates.month_roots
    group by stream, month
    union all by name
    select
        'total' as stream,
        spoken.month,
        count(distinct spoken.root_id) as n_origins
    from estimates.month_roots as spoken
    inner join months
        on
            spoken.stream = months.stream
            and spoken.month = months.month
            and months.measure = 'state_income_usd'
    group by spoken.month
)

select
    points.stream,
    points.measure,
    points.month,
    points.q['q05'] as q05,
    points.q['q10'] as q10,
    points.q['q25'] as q25,
    points.q['q50'] as q50,
    points.q['q75'] as q75,
    points.q['q90'] as q90,
    points.q['q95'] as q95,
    points.q['mean'] as mean,
    coverage.streams,
    annual.evidence_grade,
    annual.evidence_none_share,
    annual.model,
    coalesce(roots.n_origins, 0) as n_origins,
    -- a period that nobody speaks of is assumption, whatever its neighbours hold
    coalesce(annual.evidence_none_share, 1) > 0.5 or roots.n_origins is null as is_prior_driven
from points
inner join coverage
    on
        points.stream = coverage.stream
        and points.measure = coverage.measure
        and points.month = coverage.month
inner join published.income_annual as annual
    on
        points.stream = annual.stream
        and points.measure = annual.measure
        and year(points.month) = annual.year
left join roots
    on points.stream = roots.stream and points.month = roots.month
order by points.stream, points.measure, points.month
