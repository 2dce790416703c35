-- shipping.absences
-- grain   one silence beyond the threshold: mmsi, segment, off_at
-- inputs  shipping.all_silences, shipping.all_segments, shipping.all_reception, shipping.places
-- units   UTC timestamps; hours; degrees; km; knots; ships on one day
-- params  $gap_s: a longer silence counts; $min_positions: fewest positions of a track;
--         $until_t: end of what has been read
-- why     a ship that was silent when the data ended is an open absence, its length so far. Heard
--         are the hours of it in which other ships were, within the nine half-degree cells round
--         where it fell silent (off) and came back (on). The hours it was itself still heard in
--         count only where a second ship was too. Silent while others were heard for longer than
--         the threshold is a gap; a silence that everybody shares is an outage

with silences as (
    select
        mmsi,
        segment,
        off_at_s,
        on_at_s,
        on_at_s as end_at_s,
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
        $until_t as end_at_s,
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
),

ends as (
    select
        mmsi,
        segment,
        off_at_s,
        end_at_s,
        'off' as which,
        off_lon as lon,
        off_lat as lat
    from silences
    union all
    select
        mmsi,
        segment,
        off_at_s,
        end_at_s,
        'on' as which,
        on_lon as lon,
        on_lat as lat
    from silences
    where not is_open
),

cells as (
    select
        ends.mmsi,
        ends.segment,
        ends.off_at_s,
        ends.end_at_s,
        ends.which,
        north.step = 0 and east.step = 0 as is_own,
        (least(floor((ends.lat + 90) * 2)::bigint, 359) + north.step) * 720
        + (floor((ends.lon + 180) * 2)::bigint + east.step + 720) % 720 as cell
    from ends
    cross join (values (-1), (0), (1)) as east (step)
    cross join (values (-1), (0), (1)) as north (step)
),

days as (
    select
        cells.mmsi,
        cells.segment,
        cells.off_at_s,
        cells.end_at_s,
        cells.which,
        reception.day,
        bit_or(reception.any_hours) as any_hours,
        bit_or(reception.shared_hours) as shared_hours,
        max(case when cells.is_own then reception.ships end) as ships
    from cells
    inner join shipping.all_reception as reception
        on
            cells.cell = reception.cell
            and reception.day between cells.off_at_s // 86400 and cells.end_at_s // 86400
    group by all
),

bounded as (
    select
        *,
        -- the hours wholly inside: from the one after falling silent to the one before the end
        least(greatest(off_at_s // 3600 + 1 - day * 24, 0), 24) as first_hour,
        least(greatest(end_at_s // 3600 - day * 24, 0), 24) as last_hour,
        off_at_s // 86400 = day as has_start,
        end_at_s // 86400 = day as has_end
    from days
),

counted as (
    select
        mmsi,
        segment,
        off_at_s,
        which,
        sum(
            case
                when last_hour > first_hour
                    then
                        3600 * bit_count(
                            any_hours & ((1::bigint << last_hour) - (1::bigint << first_hour))
                        )
                else 0
            end
            + case
                when has_start and shared_hours & (1::bigint << (off_at_s // 3600 % 24)) <> 0
                    then least(3600 - off_at_s % 3600, end_at_s - off_at_s)
                else 0
            end
            + case
                when
                    has_end
                    and off_at_s // 3600 <> end_at_s // 3600
                    and shared_hours & (1::bigint << (end_at_s // 3600 % 24)) <> 0
                    then end_at_s % 3600
                else 0
            end
        ) / 3600::double as heard_hours,
        max(ships) as ships
    from bounded
    group by mmsi, segment, off_at_s, which
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
    coalesce(off_ends.heard_hours, 0) as off_heard_hours,
    case
        when silences.on_at_s is not null then coalesce(on_ends.heard_hours, 0)
    end as on_heard_hours,
    coalesce(off_ends.ships, 0)::bigint as off_ships_heard,
    silences.is_open,
    coalesce(off_ends.heard_hours, 0) * 3600 > $gap_s as is_gap
from silences
left join counted as off_ends
    on
        silences.mmsi = off_ends.mmsi
        and silences.segment = off_ends.segment
        and silences.off_at_s = off_ends.off_at_s
        and off_ends.which = 'off'
left join counted as on_ends
    on
        silences.mmsi = on_ends.mmsi
        and silences.segment = on_ends.segment
        and silences.off_at_s = on_ends.off_at_s
        and on_ends.which = 'on'
left join shipping.places as off_places
    on silences.off_lon = off_places.lon and silences.off_lat = off_places.lat
left join shipping.places as on_places
    on silences.on_lon = on_places.lon and silences.on_lat = on_places.lat
order by silences.mmsi, silences.segment, silences.off_at_s
