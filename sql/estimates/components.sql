-- estimates.components
-- grain   stream, year, component
-- inputs  estimates.component_shares, estimates.observation_use
-- units   income in nominal USD over the central 80% of the component
-- params  none
-- why     a component stands on those who say how much of it there was; a part of it, or more than
--         the whole, does not say that

with spoken as (
    select distinct
        stream,
        component,
        root_id,
        unnest(range(year(window_start_on), year(window_end_on) + 1)) as year
    from estimates.observation_use
    where is_used and component is not null and role in ('whole', 'record')
)

select
    shares.*,
    case min(abs(spoken.year - shares.year))
        when 0 then 'this_year'
        when 1 then 'within_two_years'
        when 2 then 'within_two_years'
        else 'none'
    end as grade,
    count(distinct spoken.root_id) filter (where spoken.year = shares.year) as n_roots
from estimates.component_shares as shares
left join spoken on shares.stream = spoken.stream and shares.component = spoken.component
group by all
order by shares.stream, shares.year, shares.component
