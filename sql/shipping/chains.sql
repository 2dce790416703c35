-- shipping.chains
-- grain   one piece: mmsi, started_at
-- inputs  shipping.chain_links
-- units   epoch seconds; root_at names the earliest piece reached so far
-- why     run again until nothing moves, each time twice as far: the first piece names the segment

select
    links.mmsi,
    links.started_at,
    further.root_at
from shipping.chain_links as links
inner join shipping.chain_links as further
    on links.mmsi = further.mmsi and links.root_at = further.started_at
