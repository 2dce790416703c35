-- shipping.reports
-- grain   one position at which something may change: mmsi, t
-- inputs  shipping.legs, shipping.port_candidates, shipping.carried_pieces
-- units   as shipping.legs; is_break: no ship could have come here from the position before
-- params  $speed_deg_per_s, $error_deg: the fastest believable leg
-- why     the first position of a partition follows the last one of the partition before, and a
--         cell that two ports share is settled by the nearer of the two

with nearest as (
    select
        legs.mmsi,
        legs.t,
        case
            when
                (legs.lon - near.lon) * near.cos_lat * (legs.lon - near.lon) * near.cos_lat
                + (legs.lat - near.lat) * (legs.lat - near.lat) <= near.inner_deg2
                then near.port_id
            else -9
        end as zone,
        row_number() over (
            partition by legs.mmsi, legs.t
            order by
                (legs.lon - near.lon) * near.cos_lat * (legs.lon - near.lon) * near.cos_lat
                + (legs.lat - near.lat) * (legs.lat - near.lat),
                near.port_id
        ) as choice
    from shipping.legs as legs
    inner join shipping.port_candidates as near
        on
            cast(floor(legs.lon * 50) as integer) * 100000
            + cast(floor(legs.lat * 50) as integer) = near.cell
    where
        legs.zone = -2
        and (legs.lon - near.lon) * near.cos_lat * (legs.lon - near.lon) * near.cos_lat
        + (legs.lat - near.lat) * (legs.lat - near.lat) <= near.outer_deg2
),

joined as (
    select
        legs.mmsi,
        legs.t,
        legs.lon,
        legs.lat,
        legs.draught_m,
        legs.is_stopped,
        legs.n,
        legs.is_last,
        case when legs.zone = -2 then coalesce(nearest.zone, -1) else legs.zone end as zone,
        coalesce(legs.prev_t, tips.ended_at) as prev_t,
        coalesce(legs.prev_lon, tips.end_lon) as prev_lon,
        coalesce(legs.prev_lat, tips.end_lat) as prev_lat
    from shipping.legs as legs
    left join nearest
        on legs.mmsi = nearest.mmsi and legs.t = nearest.t and nearest.choice = 1
    left join shipping.carried_pieces as tips
        on legs.mmsi = tips.mmsi and tips.is_newest and legs.prev_t is null
),

measured as (
    select
        mmsi,
        t,
        lon,
        lat,
        draught_m,
        is_stopped,
        n,
        is_last,
        zone,
        prev_t,
        prev_lon,
        prev_lat,
        least(abs(lon - prev_lon), 360 - abs(lon - prev_lon))
        * cos(radians((lat + prev_lat) / 2)) as east_deg,
        lat - prev_lat as north_deg
    from joined
)

select
    mmsi,
    t,
    lon,
    lat,
    draught_m,
    is_stopped,
    n,
    is_last,
    zone,
    prev_t,
    prev_lon,
    prev_lat,
    prev_t is null or east_deg * east_deg + north_deg * north_deg
    > ((t - prev_t) * $speed_deg_per_s + $error_deg)
    * ((t - prev_t) * $speed_deg_per_s + $error_deg) as is_break
from measured
