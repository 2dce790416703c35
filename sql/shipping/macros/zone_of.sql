-- zone_of(port_id, port_deg2, inner_deg2, outer_deg2, shared): a port_id inside its inner radius,
-- -9 between the radii, -1 outside; `shared` in a cell of several ports
create macro zone_of(port_id, port_deg2, inner_deg2, outer_deg2, shared) as
case
    when port_id is null then -1
    when port_id = -2 then shared
    when port_deg2 <= inner_deg2 then port_id
    when port_deg2 <= outer_deg2 then -9
    else -1
end
