-- published.evidence_by_component
-- grain   stream, year, component
-- inputs  estimates.components, estimates.income_draws
-- units   variance_share as a share
-- params  none
-- why     says which part of an income anybody has spoken of; of the total's variance each stream
--         holds its covariance with the total, and each part of it its share of that

with yearly as (
    select
        stream,
        draw,
        year(month) as year,
        sum(usd) as usd
    from estimates.income_draws
    where measure = 'state_income_usd'
    group by stream, draw, year(month)
),

added as (
    select
        *,
        sum(usd) over (partition by year, draw) as total_usd
    from yearly
),

held as (
    select
        stream,
        year,
        coalesce(covar_pop(usd, total_usd) / nullif(var_pop(total_usd), 0), 0) as stream_share
    from added
    group by stream, year
),

parts as (
    select
        *,
        variance_share
        / nullif(sum(variance_share) over (partition by stream, year), 0) as part_share
    from estimates.components
)

select
    stream,
    year,
    component,
    grade,
    variance_share,
    n_roots
from estimates.components
union all by name
select
    'total' as stream,
    parts.year,
    parts.stream || ': ' || parts.component as component,
    parts.grade,
    held.stream_share * parts.part_share as variance_share,
    parts.n_roots
from parts
inner join held
    on parts.stream = held.stream and parts.year = held.year
order by stream, year, component
