-- shipping.neighbours_sorted
-- grain   one position per ship and second: mmsi, t
-- inputs  shipping.positions (in file order)
-- units   as shipping.neighbours
-- params  $stop_kn: a reported speed below it is a stop
-- why     the rows of neighbours.sql read as a stream: "over ()" keeps DuckDB from sorting what is
--         sorted already. A row out of order is flagged, and the engine then takes the other form

with marked as (
    select
        mmsi,
        t,
        lon,
        lat,
        sog_kn,
        draught_m,
        lag(mmsi) over () as last_mmsi,
        lag(t) over () as last_t,
        lag(lon) over () as last_lon,
        lag(lat) over () as last_lat,
        lag(sog_kn) over () as last_sog_kn,
        lag(draught_m) over () as last_draught_m
    from shipping.positions
    where lon between -180 and 180 and lat between -90 and 90
),

ordered as (
    select
        mmsi,
        t,
        lon,
        lat,
        sog_kn,
        draught_m,
        last_t is not distinct from t and last_mmsi is not distinct from mmsi as is_repeat,
        case
            when last_t is not distinct from t and last_mmsi is not distinct from mmsi
                then
                    last_lon > lon or (last_lon = lon and (
                        last_lat > lat or (last_lat = lat and (
                            coalesce(last_sog_kn, 1e9) > coalesce(sog_kn, 1e9)
                            or (
                                coalesce(last_sog_kn, 1e9) = coalesce(sog_kn, 1e9)
                                and coalesce(last_draught_m, 1e9) > coalesce(draught_m, 1e9)
                            )
                        ))
                    ))
            else false
        end as is_untidy
    from marked
),

paired as (
    select
        mmsi,
        t,
        lon,
        lat,
        draught_m,
        coalesce(sog_kn < $stop_kn, false) as is_stopped,
        is_untidy,
        row_number() over () as n,
        lag(mmsi) over () as last_mmsi,
        lag(t) over () as last_t,
        lag(lon) over () as prev_lon,
        lag(lat) over () as prev_lat,
        lag(draught_m) over () as prev_draught_m,
        lag(sog_kn) over () as prev_sog_kn,
        lead(mmsi) over () as next_mmsi
    from ordered
    where not is_repeat or is_untidy
)

select
    mmsi,
    t,
    lon,
    lat,
    draught_m,
    is_stopped,
    n,
    case when last_mmsi = mmsi then last_t end as prev_t,
    prev_lon,
    prev_lat,
    prev_draught_m,
    coalesce(prev_sog_kn < $stop_kn, false) as prev_is_stopped,
    next_mmsi is distinct from mmsi as is_last,
    is_untidy or coalesce(last_mmsi = mmsi and last_t >= t, false) as is_out_of_order
from paired
