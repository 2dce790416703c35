-- shipping.drift_legs
-- grain   one slow leg outside every port: mmsi, segment, t
-- inputs  shipping.states, shipping.legs, shipping.stretches
-- units   epoch seconds; degrees; whole metres
-- params  $drift_deg_per_s, $noise_deg: the fastest drifting leg; $leg_s: longest leg
-- why     ships that meet, and ships that wait, are slow and at sea

with slow as (
    select
        mmsi,
        segment,
        t,
        lon,
        lat,
        prev_t,
        prev_lon,
        prev_lat
    from shipping.states
    where
        run_at is null
        and port_id = -1
        and prev_port_id = -1
        and t - prev_t <= $leg_s
    union all
    select
        legs.mmsi,
        stretches.segment,
        legs.t,
        legs.lon,
        legs.lat,
        legs.prev_t,
        legs.prev_lon,
        legs.prev_lat
    from shipping.legs as legs
    inner join shipping.stretches as stretches
        on legs.mmsi = stretches.mmsi and legs.from_n = stretches.from_n
    where legs.is_adrift
),

measured as (
    select
        *,
        case
            when lon - prev_lon > 180 then lon - prev_lon - 360
            when lon - prev_lon < -180 then lon - prev_lon + 360
            else lon - prev_lon
        end as turn_deg,
        east_deg(lon, prev_lon, lat, prev_lat) as east_deg,
        lat - prev_lat as north_deg
    from slow
)

select
    mmsi,
    segment,
    t,
    lon,
    lat,
    prev_t,
    prev_lon,
    prev_lat,
    turn_deg,
    whole_m(east_deg, north_deg) as path_m
from measured
where
    east_deg * east_deg + north_deg * north_deg
    < reach_deg2(t - prev_t, $drift_deg_per_s, $noise_deg)
