-- shipping.segment_pieces
-- grain   one piece: mmsi, started_at
-- inputs  shipping.pieces, shipping.chain_links
-- units   epoch seconds; degrees; segment is the second its first position was sent
-- why     a segment is one ship's track: pieces linked to one another

select
    pieces.mmsi,
    pieces.started_at,
    pieces.start_lon,
    pieces.start_lat,
    pieces.ended_at,
    pieces.end_lon,
    pieces.end_lat,
    pieces.n_new,
    pieces.is_carried,
    pieces.is_newest,
    pieces.age,
    pieces.is_claimed or chains.is_continued as is_claimed,
    coalesce(roots.segment, chains.root_at) as segment,
    previous.ended_at as previous_ended_at,
    previous.end_lon as previous_end_lon,
    previous.end_lat as previous_end_lat
from shipping.pieces as pieces
inner join shipping.chain_links as chains
    on pieces.mmsi = chains.mmsi and pieces.started_at = chains.started_at
left join shipping.pieces as roots
    on chains.mmsi = roots.mmsi and chains.root_at = roots.started_at and roots.segment is not null
left join shipping.pieces as previous
    on
        pieces.mmsi = previous.mmsi
        and nullif(chains.previous_at, pieces.started_at) = previous.started_at
