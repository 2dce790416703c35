-- shipping.slot_ships
-- grain   one segment that may be in a meeting: ship
-- inputs  shipping.slots, shipping.carried_meetings
-- units   ship counts from 1 in order of mmsi and segment
-- why     two small numbers name a pair in one: it sorts and groups at a third of the cost of four

with named as (
    select
        mmsi,
        segment
    from shipping.slots
    union
    select
        mmsi_a as mmsi,
        segment_a as segment
    from shipping.carried_meetings
    union
    select
        mmsi_b as mmsi,
        segment_b as segment
    from shipping.carried_meetings
)

select
    mmsi,
    segment,
    row_number() over (order by mmsi, segment) as ship
from named
