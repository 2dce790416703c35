-- shipping.segments
-- grain   one segment that this partition may touch: mmsi, segment
-- inputs  shipping.segment_pieces, shipping.carried_segments
-- units   epoch seconds; degrees
-- params  $until_t: end of the partition; $resume_s, $reach: as in shipping.links
-- why     a segment stays live while a later position may continue it

with touched as (
    select
        mmsi,
        segment,
        min(age) as newest,
        max(age) as oldest,
        max(ended_at) as ended_at,
        sum(n_new) as n_new,
        sum(case when is_carried then 0 else 1 end) as n_pieces,
        max(case when is_newest then 1 else 0 end) = 1 as is_newest,
        max(
            case
                when is_newest or (age <= $reach and ended_at >= $until_t - $resume_s) then 1
                else 0
            end
        ) = 1 as is_live
    from shipping.segment_pieces
    group by mmsi, segment
)

select
    touched.mmsi,
    touched.segment,
    coalesce(carried.start_lon, firsts.start_lon) as start_lon,
    coalesce(carried.start_lat, firsts.start_lat) as start_lat,
    touched.ended_at,
    lasts.end_lon,
    lasts.end_lat,
    cast(touched.n_new + coalesce(carried.n_positions, 0) as bigint) as n_positions,
    cast(touched.n_pieces + coalesce(carried.n_pieces, 0) as bigint) as n_pieces,
    touched.n_new > 0 as is_active,
    touched.is_newest,
    touched.is_live
from touched
inner join shipping.segment_pieces as firsts
    on touched.mmsi = firsts.mmsi and touched.oldest = firsts.age
inner join shipping.segment_pieces as lasts
    on touched.mmsi = lasts.mmsi and touched.newest = lasts.age
left join shipping.carried_segments as carried
    on touched.mmsi = carried.mmsi and touched.segment = carried.segment
