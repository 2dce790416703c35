-- shipping.gaps
-- grain   one silence beyond the threshold: mmsi, segment, off_at
-- inputs  shipping.all_silences, shipping.all_segments, shipping.places
-- units   UTC timestamps; hours; degrees; km; knots
-- params  $gap_s: a longer silence is a gap; $min_positions: fewest positions of a track;
--         $until_t: end of what has been read
-- why     a ship that was silent when the data ended is an open gap, its length so far

with silences as (
    select
        mmsi,
        segment,
        off_at_s,
        on_at_s,
        gap_hours,
        off_lon,
        off_lat,
        on_lon,
        on_lat,
        port_id,
        distance_km,
        implied_speed_kn,
        false as is_open
    from shipping.all_silences
    union all
    select
        mmsi,
        segment,
        ended_at as off_at_s,
        null as on_at_s,
        ($until_t - ended_at) / 3600::double as gap_hours,
        end_lon as off_lon,
        end_lat as off_lat,
        null as on_lon,
        null as on_lat,
        nullif(port_id, -1) as port_id,
        null as distance_km,
        null as implied_speed_kn,
        true as is_open
    from shipping.all_segments
    where is_newest and n_positions >= $min_positions and $until_t - ended_at > $gap_s
)

select
    left(
        sha256(concat_ws('|', 'gap', silences.mmsi, silences.segment, silences.off_at_s)), 20
    ) as event_id,
    silences.mmsi,
    silences.segment,
    epoch_ms(silences.off_at_s * 1000) as off_at,
    epoch_ms(silences.on_at_s * 1000) as on_at,
    silences.gap_hours,
    silences.off_lon,
    silences.off_lat,
    silences.on_lon,
    silences.on_lat,
    silences.distance_km,
    silences.implied_speed_kn,
    silences.port_id,
    off_places.port_id as off_port_id,
    off_places.port_km as off_port_km,
    on_places.port_id as on_port_id,
    on_places.port_km as on_port_km,
    off_places.coast_km as off_coast_km,
    on_places.coast_km as on_coast_km,
    silences.is_open
from silences
left join shipping.places as off_places
    on silences.off_lon = off_places.lon and silences.off_lat = off_places.lat
left join shipping.places as on_places
    on silences.on_lon = on_places.lon and silences.on_lat = on_places.lat
order by silences.mmsi, silences.segment, silences.off_at_s
