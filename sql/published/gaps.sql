-- published.gaps
-- grain   one silence of one ship: event_id
-- inputs  shipping.gaps, shipping.vessels, staged.ports
-- units   degrees, kilometres, knots, hours, ships
-- params  none
-- why     where ships went dark while others were heard, and came back

select
    gaps.event_id,
    gaps.mmsi as vessel_mmsi,
    vessels.vessel_imo,
    vessels.name as vessel_name,
    vessels.flag_iso2 as vessel_flag_iso2,
    gaps.off_at,
    gaps.on_at,
    gaps.gap_hours,
    gaps.off_lon,
    gaps.off_lat,
    gaps.on_lon,
    gaps.on_lat,
    gaps.distance_km,
    gaps.implied_speed_kn,
    off_ports.name as off_port_name,
    gaps.off_port_km,
    on_ports.name as on_port_name,
    gaps.on_port_km,
    gaps.off_coast_km,
    gaps.on_coast_km,
    gaps.off_heard_hours,
    gaps.on_heard_hours,
    gaps.off_ships_heard,
    gaps.is_open
from shipping.gaps as gaps
left join staged.ports as off_ports
    on gaps.off_port_id = off_ports.port_id
left join staged.ports as on_ports
    on gaps.on_port_id = on_ports.port_id
left join shipping.vessels as vessels
    on gaps.mmsi = vessels.vessel_mmsi
order by gaps.off_at, gaps.event_id
