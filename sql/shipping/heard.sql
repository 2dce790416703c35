-- shipping.heard
-- grain   one ship in one cell in one hour: mmsi, cell, hour
-- inputs  shipping.positions
-- units   cell is 720 x row + column of half a degree, from 90 south and 180 west; hour since 1970
-- why     where a ship was heard, a receiver works: silence elsewhere and then proves nothing

select distinct
    mmsi,
    least(cast(floor((lat + 90) * 2) as bigint), cast(359 as bigint)) * 720
    + cast(floor((lon + 180) * 2) as bigint) % 720 as cell,
    cast(floor(t / cast(3600 as double)) as bigint) as hour
from shipping.positions
where abs(lon) <= 180 and abs(lat) <= 90
