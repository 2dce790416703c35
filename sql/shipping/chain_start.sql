-- shipping.chain_start
-- grain   one piece: mmsi, started_at
-- inputs  shipping.links
-- units   epoch seconds
-- why     the first step of shipping.chains: each piece knows the one it continues

select
    mmsi,
    started_at,
    previous_at as root_at
from shipping.links
