-- shipping.silences
-- grain   one silence of a segment: mmsi, segment, off_at_s
-- inputs  shipping.states, shipping.segments, shipping.carried_silences
-- units   epoch seconds; hours; degrees; km on the sphere; knots
-- params  $gap_s: a longer silence is a gap; $min_positions: fewest positions of a track
-- why     a silence waits until its segment has enough positions to be a ship and no stray fix

with fresh as (
    select
        mmsi,
        segment,
        prev_t as off_at_s,
        t as on_at_s,
        prev_lon as off_lon,
        prev_lat as off_lat,
        lon as on_lon,
        lat as on_lat,
        case when prev_port_id >= 0 then prev_port_id end as port_id
    from shipping.states
    where run_at is null and t - prev_t > $gap_s
    union all
    select
        mmsi,
        segment,
        off_at_s,
        on_at_s,
        off_lon,
        off_lat,
        on_lon,
        on_lat,
        port_id
    from shipping.carried_silences
),

measured as (
    select
        *,
        12742.0176 * asin(
            sqrt(
                least(
                    cast(1 as double),
                    sin(radians(on_lat - off_lat) / 2) * sin(radians(on_lat - off_lat) / 2)
                    + cos(radians(off_lat)) * cos(radians(on_lat))
                    * sin(radians(on_lon - off_lon) / 2) * sin(radians(on_lon - off_lon) / 2)
                )
            )
        ) as distance_km
    from fresh
)

select
    measured.mmsi,
    measured.segment,
    measured.off_at_s,
    measured.on_at_s,
    (measured.on_at_s - measured.off_at_s) / cast(3600 as double) as gap_hours,
    measured.off_lon,
    measured.off_lat,
    measured.on_lon,
    measured.on_lat,
    measured.port_id,
    floor(measured.distance_km * 1000 + 0.5) / 1000 as distance_km,
    floor(
        measured.distance_km / 1.852
        / ((measured.on_at_s - measured.off_at_s) / cast(3600 as double)) * 1000 + 0.5
    ) / 1000 as implied_speed_kn,
    segments.n_positions >= $min_positions as is_believed,
    segments.is_live
from measured
inner join shipping.segments as segments
    on measured.mmsi = segments.mmsi and measured.segment = segments.segment
