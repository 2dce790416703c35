-- published.encounters
-- grain   one meeting of two ships at sea: event_id
-- inputs  shipping.encounters, shipping.vessels
-- units   degrees, metres, knots, hours
-- params  none
-- why     where cargo may have changed ships; a meeting alone proves no transfer

select
    meetings.event_id,
    meetings.mmsi_a as vessel_mmsi_a,
    first_ships.vessel_imo as vessel_imo_a,
    first_ships.name as vessel_name_a,
    meetings.mmsi_b as vessel_mmsi_b,
    second_ships.vessel_imo as vessel_imo_b,
    second_ships.name as vessel_name_b,
    meetings.started_at,
    meetings.ended_at,
    meetings.duration_hours,
    meetings.lon,
    meetings.lat,
    meetings.mean_distance_m,
    meetings.min_distance_m,
    meetings.speed_a_kn,
    meetings.speed_b_kn,
    meetings.is_open,
    meetings.is_start_cut,
    meetings.is_end_cut
from shipping.encounters as meetings
left join shipping.vessels as first_ships
    on meetings.mmsi_a = first_ships.vessel_mmsi
left join shipping.vessels as second_ships
    on meetings.mmsi_b = second_ships.vessel_mmsi
order by meetings.started_at, meetings.event_id
