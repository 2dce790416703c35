-- shipping.neighbours
-- grain   one position per ship and second: mmsi, t
-- inputs  shipping.positions
-- units   t epoch seconds; lon, lat degrees; draught metres
-- params  $stop_kn: a reported speed below it is a stop
-- why     every later stage looks at a position and the one before it

with ordered as (
    select
        mmsi,
        t,
        lon,
        lat,
        sog_kn,
        draught_m,
        lag(t) over (
            partition by mmsi
            order by t, lon, lat, sog_kn nulls last, draught_m nulls last
        ) as last_t
    from shipping.positions
    where lon between -180 and 180 and lat between -90 and 90
),

reports as (
    select
        mmsi,
        t,
        lon,
        lat,
        draught_m,
        coalesce(sog_kn < $stop_kn, false) as is_stopped
    from ordered
    where last_t is null or last_t <> t
)

select
    mmsi,
    t,
    lon,
    lat,
    draught_m,
    is_stopped,
    row_number() over (partition by mmsi order by t) as n,
    lag(t) over (partition by mmsi order by t) as prev_t,
    lag(lon) over (partition by mmsi order by t) as prev_lon,
    lag(lat) over (partition by mmsi order by t) as prev_lat,
    lag(draught_m) over (partition by mmsi order by t) as prev_draught_m,
    lag(is_stopped) over (partition by mmsi order by t) as prev_is_stopped,
    lead(t) over (partition by mmsi order by t) is null as is_last
from reports
