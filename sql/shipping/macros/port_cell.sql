-- port_cell(lon, lat): the cell of shipping.port_cells, 0.02 degrees square, that holds a place
create macro port_cell(lon, lat) as
cast(floor(lon * 50) as bigint) * 100000 + cast(floor(lat * 50) as bigint)
