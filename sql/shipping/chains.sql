-- shipping.chains
-- grain   one piece: mmsi, started_at
-- inputs  shipping.chain_links
-- units   epoch seconds; root_at names the earliest piece reached so far
-- why     run again until nothing moves, each time four times as far: the first piece names the
--         segment

select
    links.mmsi,
    links.started_at,
    fourth.root_at
from shipping.chain_links as links
inner join shipping.chain_links as second
    on links.mmsi = second.mmsi and links.root_at = second.started_at
inner join shipping.chain_links as third
    on second.mmsi = third.mmsi and second.root_at = third.started_at
inner join shipping.chain_links as fourth
    on third.mmsi = fourth.mmsi and third.root_at = fourth.started_at
