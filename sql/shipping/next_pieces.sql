-- shipping.next_pieces
-- grain   one piece that a later position may continue: mmsi, started_at
-- inputs  shipping.segment_pieces
-- units   epoch seconds; degrees
-- params  $until_t: end of the partition; $resume_s, $reach: as in shipping.links
-- why     the memory of the segmenter: it never grows with the length of the history

select
    mmsi,
    started_at,
    ended_at,
    end_lon,
    end_lat,
    segment,
    is_claimed,
    is_newest
from shipping.segment_pieces
where is_newest or (age <= $reach and ended_at >= $until_t - $resume_s)
