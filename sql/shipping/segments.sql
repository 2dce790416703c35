-- shipping.segments
-- grain   one segment that this partition may touch: mmsi, segment
-- inputs  shipping.segment_pieces, shipping.carried_segments
-- units   epoch seconds; degrees
-- params  $until_t: end of the partition; $resume_s, $reach: as in shipping.links
-- why     a segment stays live while a later position may continue it

with numbered as (
    select
        mmsi,
        segment,
        started_at,
        start_lon,
        start_lat,
        ended_at,
        end_lon,
        end_lat,
        n_new,
        is_carried,
        is_newest,
        row_number() over (partition by mmsi order by started_at desc) as age,
        row_number() over (partition by mmsi, segment order by started_at desc) as back,
        row_number() over (partition by mmsi, segment order by started_at) as forth
    from shipping.segment_pieces
),

touched as (
    select
        mmsi,
        segment,
        max(ended_at) as ended_at,
        max(case when back = 1 then end_lon end) as end_lon,
        max(case when back = 1 then end_lat end) as end_lat,
        max(case when forth = 1 then start_lon end) as start_lon,
        max(case when forth = 1 then start_lat end) as start_lat,
        sum(n_new) as n_new,
        sum(case when is_carried then 0 else 1 end) as n_pieces,
        max(case when is_newest then 1 else 0 end) = 1 as is_newest,
        max(
            case
                when is_newest or (age <= $reach and ended_at >= $until_t - $resume_s) then 1
                else 0
            end
        ) = 1 as is_live
    from numbered
    group by mmsi, segment
)

select
    touched.mmsi,
    touched.segment,
    coalesce(carried.start_lon, touched.start_lon) as start_lon,
    coalesce(carried.start_lat, touched.start_lat) as start_lat,
    touched.ended_at,
    touched.end_lon,
    touched.end_lat,
    cast(touched.n_new + coalesce(carried.n_positions, 0) as bigint) as n_positions,
    cast(touched.n_pieces + coalesce(carried.n_pieces, 0) as bigint) as n_pieces,
    touched.n_new > 0 as is_active,
    touched.is_newest,
    touched.is_live
from touched
left join shipping.carried_segments as carried
    on touched.mmsi = carried.mmsi and touched.segment = carried.segment
