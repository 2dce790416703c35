-- shipping.contacts
-- grain   two slow ships near each other at one slot: pair, slot
-- inputs  shipping.slots, those carried in not is_fresh; shipping.slot_ships
-- units   slot counts ten minutes since 1970; degrees; whole metres; pair is the first ship's
--         number x 2^31 + the second's; step_a_m, step_b_m: sailed since the slot before
-- params  $contact_deg: the greatest distance, in degrees of a great circle
-- why     each ship is copied into the grid cells it can reach, never into all nine. Cells are
--         little wider than the reach, whatever the latitude (up to 84 degrees), so that few pairs
--         are measured in vain; one number names cell and slot, the cheapest join there is

with measured as (
    select
        here.*,
        east_deg(here.lon, before.lon, here.lat, before.lat) as east_deg,
        here.lat - before.lat as north_deg
    from shipping.slots as here
    left join shipping.slots as before
        on
            here.mmsi = before.mmsi
            and here.segment = before.segment
            and here.slot = before.slot + 1
),

placed as (
    select
        ships.ship,
        measured.mmsi,
        measured.slot,
        measured.lon,
        measured.lat,
        measured.is_fresh,
        whole_m(measured.east_deg, measured.north_deg) as step_m,
        greatest($contact_deg * 1.05, cast(0.004 as double)) as cell_deg,
        cast(
            floor(
                (measured.lat + 90) / greatest($contact_deg * 1.05, cast(0.004 as double))
            ) as bigint
        ) as row_no
    from measured
    inner join shipping.slot_ships as ships
        on measured.mmsi = ships.mmsi and measured.segment = ships.segment
),

rows_reached as (
    select
        placed.*,
        placed.row_no + north.step as reached_row,
        north.step = 0 as is_own_row,
        -- columns of a row: as many as are a cell wide where the row is narrowest
        cast(
            floor(
                360 / placed.cell_deg * greatest(
                    cos(
                        radians(
                            least(
                                greatest(
                                    abs((placed.row_no + north.step) * placed.cell_deg - 90),
                                    abs((placed.row_no + north.step + 1) * placed.cell_deg - 90)
                                ) + placed.cell_deg,
                                cast(90 as double)
                            )
                        )
                    ),
                    cast(0.08 as double)
                )
            ) as bigint
        ) as columns_of_row
    from placed
    cross join (values (-1), (0), (1)) as north (step)
    where
        cast(floor((placed.lat + 90 + north.step * $contact_deg) / placed.cell_deg) as bigint)
        = placed.row_no + north.step
),

widths as (
    select
        *,
        (lon + 180) / 360 * columns_of_row as place,
        -- how far a contact reaches east and west, in columns of that row
        $contact_deg / greatest(
            cos(radians(least(abs(lat) + $contact_deg, cast(90 as double)))), cast(0.0872 as double)
        ) / 360 * columns_of_row as reach
    from rows_reached
),

homes as (
    select
        ship,
        mmsi,
        slot,
        lon,
        lat,
        step_m,
        is_fresh,
        (slot * 50000 + reached_row) * 100000
        + cast(floor(place) as bigint) % columns_of_row as cell
    from widths
    where is_own_row
),

reached as (
    select
        widths.ship,
        widths.mmsi,
        widths.slot,
        widths.lon,
        widths.lat,
        widths.step_m,
        widths.is_fresh,
        (widths.slot * 50000 + widths.reached_row) * 100000
        + (
            cast(floor(widths.place + east.step * widths.reach) as bigint) + widths.columns_of_row
        ) % widths.columns_of_row as cell
    from widths
    cross join (values (-1), (0), (1)) as east (step)
    where
        cast(floor(widths.place + east.step * widths.reach) as bigint)
        = cast(floor(widths.place) as bigint) + east.step
),

pairs as (
    select
        first_ship.ship * 2147483648 + second_ship.ship as pair,
        first_ship.slot,
        first_ship.step_m as step_a_m,
        second_ship.step_m as step_b_m,
        first_ship.lon as lon_a,
        first_ship.lat as lat_a,
        second_ship.lon as lon_b,
        second_ship.lat as lat_b,
        east_deg(second_ship.lon, first_ship.lon, second_ship.lat, first_ship.lat) as east_deg,
        second_ship.lat - first_ship.lat as north_deg
    from homes as first_ship
    inner join reached as second_ship
        on first_ship.cell = second_ship.cell and first_ship.mmsi < second_ship.mmsi
    where first_ship.is_fresh or second_ship.is_fresh
)

select
    pair,
    slot,
    step_a_m,
    step_b_m,
    lon_a,
    lat_a,
    lon_b,
    lat_b,
    whole_m(east_deg, north_deg) as distance_m
from pairs
where east_deg * east_deg + north_deg * north_deg <= $contact_deg * $contact_deg
