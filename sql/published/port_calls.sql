-- published.port_calls
-- grain   one stay of one ship in one port: event_id
-- inputs  shipping.port_calls, shipping.vessels, staged.ports
-- units   draughts in metres, dwell in hours
-- params  none
-- why     calls as positions show them, with ship and port named

select
    calls.event_id,
    calls.mmsi as vessel_mmsi,
    vessels.vessel_imo,
    vessels.name as vessel_name,
    vessels.flag_iso2 as vessel_flag_iso2,
    calls.port_id,
    ports.name as port_name,
    ports.locode as port_locode,
    ports.country_iso3 as port_country_iso3,
    ports.is_coal_port,
    calls.entered_at,
    calls.left_at,
    calls.dwell_hours,
    calls.draught_in_m,
    calls.draught_out_m,
    calls.confidence,
    calls.is_open,
    calls.is_start_cut,
    calls.is_end_cut
from shipping.port_calls as calls
inner join staged.ports as ports
    on calls.port_id = ports.port_id
left join shipping.vessels as vessels
    on calls.mmsi = vessels.vessel_mmsi
order by calls.entered_at, calls.event_id
