-- shipping.loitering
-- grain   one long drift at sea: mmsi, segment, started_at
-- inputs  shipping.all_drifts
-- units   UTC timestamps; hours; degrees; knots
-- params  $loiter_s: shortest drift that counts
-- why     a ship that waits at sea may be waiting for another that does not transmit

select
    left(sha256(concat_ws('|', 'loitering', mmsi, segment, started_at)), 20) as event_id,
    mmsi,
    segment,
    epoch_ms(started_at * 1000) as started_at,
    epoch_ms(ended_at * 1000) as ended_at,
    (ended_at - started_at) / 3600::double as duration_hours,
    start_lon as lon,
    start_lat as lat,
    path_m / 1852.0 / ((ended_at - started_at) / 3600::double) as mean_speed_kn,
    n_legs,
    is_open
from shipping.all_drifts
where ended_at - started_at >= $loiter_s
order by mmsi, segment, started_at
