-- port_deg2(lon, lat, port_lon, port_lat, cos_lat): square of the distance to a port, degrees
create macro port_deg2(lon, lat, port_lon, port_lat, cos_lat) as
(lon - port_lon) * cos_lat * (lon - port_lon) * cos_lat + (lat - port_lat) * (lat - port_lat)
