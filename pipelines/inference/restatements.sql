-- pairs of figures of different roots that tell the same thing
-- grain   observation_id, restated_by
-- inputs  figures: an evidence's rows with counterpart_iso3
-- params  $same: difference in logs up to which two values are one
-- why     a figure told twice is no test of itself; a recorded row counts as one of the whole

with stated as (
    select * replace (case when role = 'record' then 'whole' else role end as role)
    from figures
)

select
    one.observation_id,
    other.observation_id as restated_by
from stated as one
inner join stated as other
    on
        one.quantity is not distinct from other.quantity
        and one.measure is not distinct from other.measure
        and one.role is not distinct from other.role
        and one.counterpart_iso3 is not distinct from other.counterpart_iso3
        and one.root_id != other.root_id
        and abs(one.value_log - other.value_log) <= $same
        and one.window_start_on <= other.window_end_on
        and other.window_start_on <= one.window_end_on
order by one.observation_id, other.observation_id
