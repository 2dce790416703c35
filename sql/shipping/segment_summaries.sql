-- shipping.segment_summaries
-- grain   one segment that this partition may touch: mmsi, segment
-- inputs  shipping.segments, shipping.runs
-- units   epoch seconds; degrees; port_id -1 is at sea
-- why     what a track is known by, and where its ship was last

select
    segments.mmsi,
    segments.segment,
    segments.start_lon,
    segments.start_lat,
    segments.ended_at,
    segments.end_lon,
    segments.end_lat,
    segments.n_positions,
    segments.n_pieces,
    segments.is_newest,
    segments.is_live,
    coalesce(runs.port_id, -1) as port_id
from shipping.segments as segments
left join shipping.runs as runs
    on
        segments.mmsi = runs.mmsi
        and segments.segment = runs.segment
        and runs.next_port_id is null
