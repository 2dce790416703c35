-- shipping.slots
-- grain   one slow ship at one ten-minute slot: mmsi, segment, slot
-- inputs  shipping.drift_legs
-- units   slot counts ten minutes since 1970; degrees
-- why     ships report at different seconds: positions interpolated to common ten-minute marks
--         can be compared, as Global Fishing Watch does

with marks as (
    select
        legs.mmsi,
        legs.segment,
        legs.t,
        legs.lon,
        legs.lat,
        legs.prev_t,
        legs.prev_lon,
        legs.prev_lat,
        legs.turn_deg,
        cast(ceil(legs.prev_t / cast(600 as double)) as bigint) + steps.step as slot
    from shipping.drift_legs as legs
    cross join (values (0), (1), (2), (3), (4), (5), (6)) as steps (step)
),

interpolated as (
    select
        mmsi,
        segment,
        slot,
        prev_lon + turn_deg * (slot * 600 - prev_t) / cast(t - prev_t as double) as lon,
        prev_lat + (lat - prev_lat) * (slot * 600 - prev_t) / cast(t - prev_t as double) as lat
    from marks
    where slot * 600 < t
)

select
    mmsi,
    segment,
    slot,
    case
        when lon > 180 then lon - 360
        when lon < -180 then lon + 360
        else lon
    end as lon,
    lat
from interpolated
