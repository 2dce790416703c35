-- shipping.contacts
-- grain   two slow ships near each other at one slot: mmsi_a, segment_a, mmsi_b, segment_b, slot
-- inputs  shipping.slots, shipping.carried_slots
-- units   slot counts ten minutes since 1970; degrees; whole metres
-- params  $contact_deg: the greatest distance, in degrees of a great circle
-- why     each ship is copied into the grid cells it can reach, never into all nine; cells of
--         0.05 by 0.01 degrees hold the reach up to 84 degrees of latitude

with here as (
    select
        mmsi,
        segment,
        slot,
        lon,
        lat,
        true as is_fresh
    from shipping.slots
    union all
    select
        mmsi,
        segment,
        slot,
        lon,
        lat,
        false as is_fresh
    from shipping.carried_slots
),

homes as (
    select
        mmsi,
        segment,
        slot,
        lon,
        lat,
        is_fresh,
        cast(floor((lon + 180) * 20) as bigint) as column_no,
        cast(floor((lat + 90) * 100) as bigint) as row_no,
        $contact_deg / greatest(cos(radians(lat)), 0.0872) as reach_lon_deg
    from here
),

reached as (
    select
        homes.mmsi,
        homes.segment,
        homes.slot,
        homes.lon,
        homes.lat,
        homes.is_fresh,
        (homes.column_no + east.step + 7200) % 7200 as column_no,
        homes.row_no + north.step as row_no
    from homes
    cross join (values (-1), (0), (1)) as east (step)
    cross join (values (-1), (0), (1)) as north (step)
    where
        cast(floor((homes.lon + 180 + east.step * homes.reach_lon_deg) * 20) as bigint)
        = homes.column_no + east.step
        and cast(floor((homes.lat + 90 + north.step * $contact_deg) * 100) as bigint)
        = homes.row_no + north.step
),

pairs as (
    select
        first_ship.mmsi as mmsi_a,
        first_ship.segment as segment_a,
        second_ship.mmsi as mmsi_b,
        second_ship.segment as segment_b,
        first_ship.slot,
        first_ship.lon as lon_a,
        first_ship.lat as lat_a,
        second_ship.lon as lon_b,
        second_ship.lat as lat_b,
        least(
            abs(second_ship.lon - first_ship.lon), 360 - abs(second_ship.lon - first_ship.lon)
        ) * cos(radians((second_ship.lat + first_ship.lat) / 2)) as east_deg,
        second_ship.lat - first_ship.lat as north_deg
    from homes as first_ship
    inner join reached as second_ship
        on
            first_ship.slot = second_ship.slot
            and first_ship.row_no = second_ship.row_no
            and first_ship.column_no % 7200 = second_ship.column_no
            and first_ship.mmsi < second_ship.mmsi
    where first_ship.is_fresh or second_ship.is_fresh
)

select
    mmsi_a,
    segment_a,
    mmsi_b,
    segment_b,
    slot,
    lon_a,
    lat_a,
    lon_b,
    lat_b,
    cast(
        floor(sqrt(east_deg * east_deg + north_deg * north_deg) * 111195.08 + 0.5) as bigint
    ) as distance_m
from pairs
where east_deg * east_deg + north_deg * north_deg <= $contact_deg * $contact_deg
