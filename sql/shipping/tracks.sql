-- shipping.tracks
-- grain   one segment: mmsi, segment
-- inputs  shipping.all_segments
-- units   UTC timestamps; degrees
-- params  $min_positions: fewest positions of a track
-- why     every position kept is in one segment, stray fixes too: they are marked, not dropped

select
    left(sha256(concat_ws('|', 'track', mmsi, segment)), 20) as event_id,
    mmsi,
    segment,
    epoch_ms(segment * 1000) as started_at,
    epoch_ms(ended_at * 1000) as ended_at,
    start_lon,
    start_lat,
    end_lon,
    end_lat,
    n_positions,
    n_pieces,
    n_positions < $min_positions as is_noise,
    is_live as is_open
from shipping.all_segments
order by mmsi, segment
