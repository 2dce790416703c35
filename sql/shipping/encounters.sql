-- shipping.encounters
-- grain   one meeting of two ships at sea: mmsi_a, segment_a, mmsi_b, segment_b, started_at
-- inputs  shipping.all_meetings
-- units   UTC timestamps; hours; degrees; metres; knots
-- params  $contact_slots: shortest meeting in ten-minute slots; $drift_kn: both stay slower
-- why     close, slow and long: ships that pass, anchor apart or sail side by side are none

with measured as (
    select
        *,
        path_a_m / 1852.0 / ((last_slot - start_slot) / 6.0) as speed_a_kn,
        path_b_m / 1852.0 / ((last_slot - start_slot) / 6.0) as speed_b_kn
    from shipping.all_meetings
    where last_slot - start_slot >= $contact_slots
)

select
    left(
        sha256(
            concat_ws('|', 'encounter', mmsi_a, segment_a, mmsi_b, segment_b, start_slot)
        ), 20
    ) as event_id,
    mmsi_a,
    segment_a,
    mmsi_b,
    segment_b,
    epoch_ms(start_slot * 600000) as started_at,
    epoch_ms(last_slot * 600000) as ended_at,
    (last_slot - start_slot) / 6::double as duration_hours,
    start_lon as lon,
    start_lat as lat,
    sum_distance_m / n_slots::double as mean_distance_m,
    min_distance_m::double as min_distance_m,
    speed_a_kn,
    speed_b_kn,
    n_slots,
    is_open
from measured
where speed_a_kn < $drift_kn and speed_b_kn < $drift_kn
order by mmsi_a, segment_a, mmsi_b, segment_b, start_slot
