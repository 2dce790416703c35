-- shipping.legs
-- grain   one position at which something may change: mmsi, t
-- inputs  shipping.neighbours, shipping.port_cells
-- units   t epoch seconds; lon, lat degrees; draught metres; zone as in shipping.reports; from_n:
--         n of the position since which every leg of the ship is believable; is_adrift: known to
--         change no state, which this pass does not ask
-- params  $silence_s: shortest silence any stage asks about; $speed_deg_per_s, $error_deg: the
--         fastest believable leg; $drift_deg_per_s, $noise_deg: the fastest drifting leg;
--         $leg_s: longest leg that is interpolated
-- why     nineteen rows in twenty repeat the one before: same zone, same draught, under way. They
--         cannot start or end an event, so the stages that need memory never see them. Rows sorted
--         by ship and time take a faster way, pipelines/shipping/sieve.py, to the same events

with located as (
    select
        neighbours.*,
        here.port_id as here_id,
        here.inner_deg2 as here_inner,
        here.outer_deg2 as here_outer,
        port_deg2(neighbours.lon, neighbours.lat, here.lon, here.lat, here.cos_lat) as here_deg2,
        there.port_id as there_id,
        there.inner_deg2 as there_inner,
        there.outer_deg2 as there_outer,
        port_deg2(neighbours.prev_lon, neighbours.prev_lat, there.lon, there.lat, there.cos_lat)
            as there_deg2,
        neighbours.t - neighbours.prev_t as leg_s,
        east_deg(neighbours.lon, neighbours.prev_lon, neighbours.lat, neighbours.prev_lat)
            as east_deg,
        neighbours.lat - neighbours.prev_lat as north_deg
    from shipping.neighbours as neighbours
    left join shipping.port_cells as here
        on port_cell(neighbours.lon, neighbours.lat) = here.cell
    left join shipping.port_cells as there
        on port_cell(neighbours.prev_lon, neighbours.prev_lat) = there.cell
),

zoned as (
    select
        *,
        east_deg * east_deg + north_deg * north_deg as leg_deg2,
        zone_of(here_id, here_deg2, here_inner, here_outer, -2) as zone,
        zone_of(there_id, there_deg2, there_inner, there_outer, -2) as prev_zone
    from located
),

chosen as (
    select
        *,
        prev_t is null
        or leg_deg2 > reach_deg2(leg_s, $speed_deg_per_s, $error_deg) as is_start
    from zoned
    where
        prev_t is null
        or is_last
        or leg_s > $silence_s
        or zone <> prev_zone
        or zone = -2
        or (is_stopped and zone <> -1 and not prev_is_stopped)
        or (draught_m is not null and draught_m is distinct from prev_draught_m)
        or leg_deg2 > reach_deg2(leg_s, $speed_deg_per_s, $error_deg)
        or (
            zone < 0
            and leg_s <= $leg_s
            and leg_deg2 < reach_deg2(leg_s, $drift_deg_per_s, $noise_deg)
        )
)

select
    mmsi,
    t,
    lon,
    lat,
    draught_m,
    is_stopped,
    n,
    last_value(case when is_start then n end ignore nulls) over (
        partition by mmsi order by n
        rows between unbounded preceding and current row
    ) as from_n,
    is_last,
    false as is_adrift,
    prev_t,
    case when prev_t is not null then prev_lon end as prev_lon,
    case when prev_t is not null then prev_lat end as prev_lat
from chosen
