-- report.roots_of_year
-- grain   body or kind of source: a stream's year without all it said, the largest move first
-- inputs  influence, origins
-- units   USD
-- params  $stream, $year

with names as (
    select
        origins.root_id,
        coalesce(
            any_value(origins.name) filter (where origins.origin_id = origins.root_id),
            min(origins.name)
        ) as name
    from origins
    group by origins.root_id
)

select
    influence.*,
    case influence.what
        when 'root' then coalesce(names.name, influence.name)
        else influence.name
    end as words
from influence
left join names on influence.what = 'root' and influence.name = names.root_id
where
    influence.stream = $stream
    and influence.year = $year
    and influence.what in ('root', 'class')
order by
    influence.what asc, influence.shift_in_widths desc nulls last, influence.name asc
