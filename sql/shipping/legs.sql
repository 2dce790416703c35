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
        neighbours.mmsi,
        neighbours.t,
        neighbours.lon,
        neighbours.lat,
        neighbours.draught_m,
        neighbours.is_stopped,
        neighbours.n,
        neighbours.is_last,
        neighbours.prev_t,
        neighbours.prev_lon,
        neighbours.prev_lat,
        neighbours.prev_draught_m,
        neighbours.prev_is_stopped,
        here.port_id as here_id,
        here.inner_deg2 as here_inner,
        here.outer_deg2 as here_outer,
        (neighbours.lon - here.lon) * here.cos_lat as here_east,
        neighbours.lat - here.lat as here_north,
        there.port_id as there_id,
        there.inner_deg2 as there_inner,
        there.outer_deg2 as there_outer,
        (neighbours.prev_lon - there.lon) * there.cos_lat as there_east,
        neighbours.prev_lat - there.lat as there_north,
        neighbours.t - neighbours.prev_t as leg_s,
        least(
            abs(neighbours.lon - neighbours.prev_lon),
            360 - abs(neighbours.lon - neighbours.prev_lon)
        ) * cos(radians((neighbours.lat + neighbours.prev_lat) / 2)) as east_deg,
        neighbours.lat - neighbours.prev_lat as north_deg
    from shipping.neighbours as neighbours
    left join shipping.port_cells as here
        on
            cast(floor(neighbours.lon * 50) as bigint) * 100000
            + cast(floor(neighbours.lat * 50) as bigint) = here.cell
    left join shipping.port_cells as there
        on
            cast(floor(neighbours.prev_lon * 50) as bigint) * 100000
            + cast(floor(neighbours.prev_lat * 50) as bigint) = there.cell
),

zoned as (
    select
        mmsi,
        t,
        lon,
        lat,
        draught_m,
        is_stopped,
        n,
        is_last,
        prev_t,
        prev_lon,
        prev_lat,
        prev_draught_m,
        prev_is_stopped,
        leg_s,
        east_deg * east_deg + north_deg * north_deg as leg_deg2,
        case
            when here_id is null then -1
            when here_id = -2 then -2
            when here_east * here_east + here_north * here_north <= here_inner then here_id
            when here_east * here_east + here_north * here_north <= here_outer then -9
            else -1
        end as zone,
        case
            when there_id is null then -1
            when there_id = -2 then -2
            when there_east * there_east + there_north * there_north <= there_inner then there_id
            when there_east * there_east + there_north * there_north <= there_outer then -9
            else -1
        end as prev_zone
    from located
),

chosen as (
    select
        *,
        prev_t is null
        or leg_deg2
        > (leg_s * $speed_deg_per_s + $error_deg) * (leg_s * $speed_deg_per_s + $error_deg)
            as is_start
    from zoned
    where
        prev_t is null
        or is_last
        or leg_s > $silence_s
        or zone <> prev_zone
        or zone = -2
        or (is_stopped and zone <> -1 and not prev_is_stopped)
        or (draught_m is not null and draught_m is distinct from prev_draught_m)
        or leg_deg2
        > (leg_s * $speed_deg_per_s + $error_deg) * (leg_s * $speed_deg_per_s + $error_deg)
        or (
            zone < 0
            and leg_s <= $leg_s
            and leg_deg2
            < (leg_s * $drift_deg_per_s + $noise_deg) * (leg_s * $drift_deg_per_s + $noise_deg)
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
