-- shipping.reports
-- grain   one position at which a state may change: mmsi, t
-- inputs  shipping.legs, shipping.port_cells, shipping.port_candidates, shipping.carried_pieces
-- units   as shipping.legs; zone is a port_id inside its inner radius, -9 between the radii,
--         -1 outside; is_break: no ship could have come here from the position before
-- params  $speed_deg_per_s, $error_deg: the fastest believable leg
-- why     the first position of a partition follows the last one of the partition before, and a
--         cell that two ports share is settled by the nearer of the two

with located as (
    select
        legs.mmsi,
        legs.t,
        legs.lon,
        legs.lat,
        legs.draught_m,
        legs.is_stopped,
        legs.n,
        legs.from_n,
        legs.is_last,
        legs.prev_t,
        legs.prev_lon,
        legs.prev_lat,
        cells.port_id,
        cells.inner_deg2,
        cells.outer_deg2,
        port_deg2(legs.lon, legs.lat, cells.lon, cells.lat, cells.cos_lat) as port_deg2
    from shipping.legs as legs
    left join shipping.port_cells as cells
        on port_cell(legs.lon, legs.lat) = cells.cell
    where not legs.is_adrift
),

rivals as (
    select
        legs.mmsi,
        legs.t,
        near.port_id,
        near.inner_deg2,
        near.outer_deg2,
        port_deg2(legs.lon, legs.lat, near.lon, near.lat, near.cos_lat) as port_deg2
    from shipping.legs as legs
    inner join shipping.port_candidates as near
        on port_cell(legs.lon, legs.lat) = near.cell
    where not legs.is_adrift
),

nearest as (
    select
        mmsi,
        t,
        case when port_deg2 <= inner_deg2 then port_id else -9 end as zone,
        row_number() over (partition by mmsi, t order by port_deg2, port_id) as choice
    from rivals
    where port_deg2 <= outer_deg2
),

joined as (
    select
        located.mmsi,
        located.t,
        located.lon,
        located.lat,
        located.draught_m,
        located.is_stopped,
        located.n,
        located.from_n,
        located.is_last,
        zone_of(
            located.port_id,
            located.port_deg2,
            located.inner_deg2,
            located.outer_deg2,
            coalesce(nearest.zone, -1)
        ) as zone,
        coalesce(located.prev_t, tips.ended_at) as prev_t,
        coalesce(located.prev_lon, tips.end_lon) as prev_lon,
        coalesce(located.prev_lat, tips.end_lat) as prev_lat
    from located
    left join nearest
        on located.mmsi = nearest.mmsi and located.t = nearest.t and nearest.choice = 1
    left join shipping.carried_pieces as tips
        on case when located.prev_t is null then located.mmsi end = tips.mmsi and tips.is_newest
),

measured as (
    select
        *,
        east_deg(lon, prev_lon, lat, prev_lat) as east_deg,
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
    from_n,
    is_last,
    zone,
    prev_t,
    prev_lon,
    prev_lat,
    prev_t is null or east_deg * east_deg + north_deg * north_deg
    > reach_deg2(t - prev_t, $speed_deg_per_s, $error_deg) as is_break
from measured
