-- shipping.links
-- grain   one piece: mmsi, started_at
-- inputs  shipping.pieces, shipping.piece_targets
-- units   epoch seconds; previous_at names the piece that this one continues, itself if none
-- params  $speed_deg_per_s, $error_deg: the fastest believable leg; $resume_s: how long a track
--         overtaken by another may stay silent
-- why     A B A B on one MMSI are two ships: each piece continues the latest earlier one that it
--         can have sailed from; where two would continue the same one, the first does

with measured as (
    select
        later.mmsi,
        later.started_at,
        earlier.started_at as previous_at,
        earlier.is_claimed,
        earlier.age,
        later.started_at - earlier.ended_at as leg_s,
        east_deg(later.start_lon, earlier.end_lon, later.start_lat, earlier.end_lat) as east_deg,
        later.start_lat - earlier.end_lat as north_deg
    from shipping.piece_targets as later
    inner join shipping.pieces as earlier
        on later.mmsi = earlier.mmsi and later.target = earlier.age
),

candidates as (
    select
        mmsi,
        started_at,
        previous_at,
        is_claimed,
        row_number() over (partition by mmsi, started_at order by age) as choice
    from measured
    where
        leg_s <= $resume_s
        and east_deg * east_deg + north_deg * north_deg
        <= reach_deg2(leg_s, $speed_deg_per_s, $error_deg)
),

claims as (
    select
        mmsi,
        started_at,
        previous_at,
        is_claimed,
        row_number() over (partition by mmsi, previous_at order by started_at) as claim
    from candidates
    where choice = 1
)

select
    pieces.mmsi,
    pieces.started_at,
    coalesce(claims.previous_at, pieces.started_at) as previous_at
from shipping.pieces as pieces
left join claims
    on
        pieces.mmsi = claims.mmsi
        and pieces.started_at = claims.started_at
        and claims.claim = 1
        and not claims.is_claimed
