-- published.income_annual
-- grain   stream, measure, year
-- inputs  estimates.income_draws, estimates.total_draws, estimates.streams, estimates.month_roots,
--         estimates.mcse, published.evidence_by_component
-- units   nominal USD
-- params  none
-- why     months added within a draw, then summarised; a total says which streams it adds and for
--         how many of its months, so that none goes missing unseen

with per_draw as (
    select
        stream,
        measure,
        draw,
        year(month) as year,
        sum(usd) as usd
    from estimates.income_draws
    group by stream, measure, draw, year(month)
    union all by name
    select
        'total' as stream,
        measure,
        draw,
        year(month) as year,
        sum(usd) as usd
    from estimates.total_draws
    group by measure, draw, year(month)
),

points as (
    select
        stream,
        measure,
        year,
        quantile_points(usd) as q
    from per_draw
    group by stream, measure, year
),

months as (
    select
        income.stream,
        income.measure,
        year(income.month) as year,
        count(distinct income.month) as n_months,
        any_value(streams.sort_order) as sort_order
    from estimates.income_draws as income
    inner join estimates.streams as streams
        on income.stream = streams.stream
    group by income.stream, income.measure, year(income.month)
),

total_months as (
    select
        measure,
        year(month) as year,
        count(distinct month) as n_months
    from estimates.total_draws
    group by measure, year(month)
),

coverage as (
    select
        stream,
        measure,
        year,
        n_months,
        stream as streams
    from months
    union all by name
    select
        'total' as stream,
        months.measure,
        months.year,
        min(months.n_months) as n_months,
        string_agg(
            case
                when months.n_months = total_months.n_months then months.stream
                else
                    months.stream || ' (' || months.n_months || ' of ' || total_months.n_months
                    || ' months)'
            end,
            ', ' order by months.sort_order, months.stream
        ) as streams
    from months
    inner join total_months
        on months.measure = total_months.measure and months.year = total_months.year
    group by months.measure, months.year
),

roots as (
    select
        stream,
        year(month) as year,
        count(distinct root_id) as n_origins
    from estimates.month_roots
    group by stream, year(month)
    union all by name
    select
        'total' as stream,
        year(spoken.month) as year,
        count(distinct spoken.root_id) as n_origins
    from estimates.month_roots as spoken
    inner join months
        on
            spoken.stream = months.stream
            and year(spoken.month) = months.year
            and months.measure = 'state_income_usd'
    group by year(spoken.month)
),

evidence as (
    select
        stream,
        year,
        sum(variance_share) filter (where grade = 'this_year') as this_year,
        sum(variance_share) filter (where grade = 'within_two_years') as within_two_years,
        sum(variance_share) filter (where grade = 'none') as without,
        sum(variance_share) as altogether
    from published.evidence_by_component
    group by stream, year
),

shares as (
    select
        stream,
        year,
        coalesce(this_year, 0) / nullif(altogether, 0) as this_year_share,
        coalesce(within_two_years, 0) / nullif(altogether, 0) as within_two_years_share,
        coalesce(without, 0) / nullif(altogether, 0) as none_share
    from evidence
)

select
    points.stream,
    points.measure,
    points.year,
    points.q['q05'] as q05,
    points.q['q10'] as q10,
    points.q['q25'] as q25,
    points.q['q50'] as q50,
    points.q['q75'] as q75,
    points.q['q90'] as q90,
    points.q['q95'] as q95,
    points.q['mean'] as mean,
    mcse.mcse_q05,
    mcse.mcse_q50,
    mcse.mcse_q95,
    shares.this_year_share as evidence_this_year_share,
    shares.within_two_years_share as evidence_within_two_years_share,
    shares.none_share as evidence_none_share,
    coverage.streams,
    coverage.n_months < 12 as is_partial_year,
    coalesce(roots.n_origins, 0) as n_origins,
    case
        when shares.this_year_share >= greatest(shares.within_two_years_share, shares.none_share)
            then 'this_year'
        when shares.within_two_years_share >= shares.none_share then 'within_two_years'
        else 'none'
    end as evidence_grade,
    -- a period that nobody speaks of is assumption, whatever its neighbours hold
    coalesce(shares.none_share, 1) > 0.5 or roots.n_origins is null as is_prior_driven,
    case when points.stream = 'total' then 'sum of streams' else 'density' end as model
from points
inner join coverage
    on
        points.stream = coverage.stream
        and points.measure = coverage.measure
        and points.year = coverage.year
left join roots
    on points.stream = roots.stream and points.year = roots.year
left join shares
    on points.stream = shares.stream and points.year = shares.year
left join estimates.mcse as mcse
    on
        points.stream = mcse.stream
        and points.measure = mcse.measure
        and points.year = mcse.year
order by points.stream, points.measure, points.year
