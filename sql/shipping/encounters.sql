-- shipping.encounters
-- grain   one meeting of two ships at sea: mmsi_a, segment_a, mmsi_b, segment_b, started_at
-- inputs  shipping.all_meetings, shipping.absences
-- units   UTC timestamps; hours; degrees; metres; knots
-- params  $contact_slots: shortest meeting in ten-minute slots; $drift_kn: both stay slower;
--         $lost_slots: slots apart that end a meeting
-- why     close, slow and long: ships that pass, anchor apart or sail side by side are none. Where
--         everybody fell silent when it ended, or came back when it began, it may have been longer

with measured as (
    select
        *,
        path_a_m / 1852.0 / ((last_slot - start_slot) / 6.0) as speed_a_kn,
        path_b_m / 1852.0 / ((last_slot - start_slot) / 6.0) as speed_b_kn
    from shipping.all_meetings
    where last_slot - start_slot >= $contact_slots
),

named as (
    select
        *,
        left(
            sha256(
                concat_ws('|', 'encounter', mmsi_a, segment_a, mmsi_b, segment_b, start_slot)
            ), 20
        ) as event_id
    from measured
    where speed_a_kn < $drift_kn and speed_b_kn < $drift_kn
),

ships as (
    select
        event_id,
        mmsi_a as mmsi,
        segment_a as segment,
        start_slot * 600 as start_s,
        last_slot * 600 as last_s
    from named
    union all
    select
        event_id,
        mmsi_b as mmsi,
        segment_b as segment,
        start_slot * 600 as start_s,
        last_slot * 600 as last_s
    from named
),

cuts as (
    select
        ships.event_id,
        bool_or(
            ships.start_s - epoch_ms(outages.on_at) // 1000 between 0 and 600 * ($lost_slots + 1)
        ) as is_start_cut,
        bool_or(
            epoch_ms(outages.off_at) // 1000 - ships.last_s between 0 and 600 * ($lost_slots + 1)
        ) as is_end_cut
    from ships
    inner join shipping.absences as outages
        on ships.mmsi = outages.mmsi and ships.segment = outages.segment and not outages.is_gap
    group by ships.event_id
)

select
    named.event_id,
    named.mmsi_a,
    named.segment_a,
    named.mmsi_b,
    named.segment_b,
    epoch_ms(named.start_slot * 600000) as started_at,
    epoch_ms(named.last_slot * 600000) as ended_at,
    (named.last_slot - named.start_slot) / 6::double as duration_hours,
    named.start_lon as lon,
    named.start_lat as lat,
    named.sum_distance_m / named.n_slots::double as mean_distance_m,
    named.min_distance_m::double as min_distance_m,
    named.speed_a_kn,
    named.speed_b_kn,
    named.n_slots,
    named.is_open,
    coalesce(cuts.is_start_cut, false) as is_start_cut,
    coalesce(cuts.is_end_cut, false) as is_end_cut
from named
left join cuts on named.event_id = cuts.event_id
order by named.mmsi_a, named.segment_a, named.mmsi_b, named.segment_b, named.start_slot
