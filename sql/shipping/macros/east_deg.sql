-- east_deg(lon, other_lon, lat, other_lat): how far apart east and west, in degrees of a great
-- circle at the middle latitude, the short way round the world
create macro east_deg(lon, other_lon, lat, other_lat) as
least(abs(lon - other_lon), 360 - abs(lon - other_lon)) * cos(radians((lat + other_lat) / 2))
