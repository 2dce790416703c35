-- shipping.pieces
-- grain   one stretch of positions without an impossible leg: mmsi, started_at
-- inputs  shipping.reports, shipping.carried_pieces
-- units   started_at, ended_at epoch seconds; degrees; n_new counts this partition's positions; age
--         counts from 1, the ship's newest
-- why     two ships on one MMSI, or a spoofed position, show as legs no ship can sail: the
--         positions between two such legs belong together

with firsts as (
    select
        mmsi,
        min(n) as n
    from shipping.reports
    group by mmsi
),

-- a ship heard again goes on from its newest piece; any other piece stands as it was
tips as (
    select
        carried.*,
        firsts.n,
        carried.is_newest and firsts.n is not null as is_heard
    from shipping.carried_pieces as carried
    left join firsts on carried.mmsi = firsts.mmsi
),

lasts as (
    select
        mmsi,
        t,
        lon,
        lat,
        n
    from shipping.reports
    where is_last
),

starts as (
    select
        mmsi,
        t as started_at,
        lon as start_lon,
        lat as start_lat,
        n,
        prev_t,
        prev_lon,
        prev_lat,
        false as is_carried,
        false as is_claimed,
        cast(null as bigint) as segment
    from shipping.reports
    where is_break
    union all
    select
        mmsi,
        started_at,
        end_lon as start_lon,
        end_lat as start_lat,
        n,
        cast(null as bigint) as prev_t,
        cast(null as double) as prev_lon,
        cast(null as double) as prev_lat,
        true as is_carried,
        is_claimed,
        segment
    from tips
    where is_heard
),

followed as (
    select
        *,
        lead(started_at) over (partition by mmsi order by started_at) as next_at,
        lead(n) over (partition by mmsi order by started_at) as next_n,
        lead(prev_t) over (partition by mmsi order by started_at) as ended_at,
        lead(prev_lon) over (partition by mmsi order by started_at) as end_lon,
        lead(prev_lat) over (partition by mmsi order by started_at) as end_lat
    from starts
),

found as (
    select
        followed.mmsi,
        followed.started_at,
        followed.start_lon,
        followed.start_lat,
        case when followed.next_at is null then lasts.t else followed.ended_at end as ended_at,
        case when followed.next_at is null then lasts.lon else followed.end_lon end as end_lon,
        case when followed.next_at is null then lasts.lat else followed.end_lat end as end_lat,
        coalesce(followed.next_n, lasts.n + 1) - followed.n as n_new,
        followed.is_carried,
        followed.is_claimed,
        followed.next_at is null as is_newest,
        followed.segment
    from followed
    inner join lasts on followed.mmsi = lasts.mmsi
    union all
    select
        mmsi,
        started_at,
        end_lon as start_lon,
        end_lat as start_lat,
        ended_at,
        end_lon,
        end_lat,
        cast(0 as bigint) as n_new,
        true as is_carried,
        is_claimed,
        is_newest,
        segment
    from tips
    where not is_heard
)

select
    mmsi,
    started_at,
    start_lon,
    start_lat,
    ended_at,
    end_lon,
    end_lat,
    n_new,
    is_carried,
    is_claimed,
    is_newest,
    segment,
    row_number() over (partition by mmsi order by started_at desc) as age
from found
