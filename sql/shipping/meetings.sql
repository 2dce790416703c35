-- shipping.meetings
-- grain   one chain of contacts of two ships: mmsi_a, segment_a, mmsi_b, segment_b, start_slot
-- inputs  shipping.contacts, shipping.carried_meetings, shipping.slot_ships
-- units   slots of ten minutes; degrees; whole metres
-- params  $lost_slots: a chain ends when the ships are apart for longer; $until_t: end of the
--         partition; $leg_s: longest leg, so the oldest slot that may still arrive
-- why     an encounter is a chain long enough; contacts at one slot after the other are counted
--         first, so that few rows are chained; a head row brings a chain from earlier days

with numbered as (
    select
        pair,
        slot,
        distance_m,
        step_a_m,
        step_b_m,
        lon_a,
        lat_a,
        lon_b,
        lat_b,
        slot - row_number() over (partition by pair order by slot) as stretch,
        coalesce(slot - lag(slot) over (partition by pair order by slot) = 1, false)
            as has_before,
        coalesce(lead(slot) over (partition by pair order by slot) - slot = 1, false)
            as has_after
    from shipping.contacts
),

stretches as (
    select
        pair,
        min(slot) as first_slot,
        max(slot) as last_slot,
        count(*) as n_slots,
        cast(sum(distance_m) as bigint) as sum_distance_m,
        min(distance_m) as min_distance_m,
        cast(sum(case when has_before then step_a_m else 0 end) as bigint) as path_a_m,
        cast(sum(case when has_before then step_b_m else 0 end) as bigint) as path_b_m,
        max(case when not has_before then lon_a end) as first_lon_a,
        max(case when not has_before then lat_a end) as first_lat_a,
        max(case when not has_before then lon_b end) as first_lon_b,
        max(case when not has_before then lat_b end) as first_lat_b,
        max(case when not has_after then lon_a end) as lon_a,
        max(case when not has_after then lat_a end) as lat_a,
        max(case when not has_after then lon_b end) as lon_b,
        max(case when not has_after then lat_b end) as lat_b
    from numbered
    group by pair, stretch
),

steps as (
    select
        pair,
        first_slot,
        last_slot,
        n_slots,
        sum_distance_m,
        min_distance_m,
        path_a_m,
        path_b_m,
        first_lon_a as start_lon,
        first_lat_a as start_lat,
        first_lon_a,
        first_lat_a,
        first_lon_b,
        first_lat_b,
        lon_a,
        lat_a,
        lon_b,
        lat_b,
        cast(null as bigint) as start_slot
    from stretches
    union all
    select
        first_ship.ship * 2147483648 + second_ship.ship as pair,
        carried.last_slot as first_slot,
        carried.last_slot,
        carried.n_slots,
        carried.sum_distance_m,
        carried.min_distance_m,
        carried.path_a_m,
        carried.path_b_m,
        carried.start_lon,
        carried.start_lat,
        carried.lon_a as first_lon_a,
        carried.lat_a as first_lat_a,
        carried.lon_b as first_lon_b,
        carried.lat_b as first_lat_b,
        carried.lon_a,
        carried.lat_a,
        carried.lon_b,
        carried.lat_b,
        carried.start_slot
    from shipping.carried_meetings as carried
    inner join shipping.slot_ships as first_ship
        on carried.mmsi_a = first_ship.mmsi and carried.segment_a = first_ship.segment
    inner join shipping.slot_ships as second_ship
        on carried.mmsi_b = second_ship.mmsi and carried.segment_b = second_ship.segment
),

neighboured as (
    select
        *,
        lag(last_slot) over (partition by pair order by first_slot) as prev_slot,
        lag(lon_a) over (partition by pair order by first_slot) as prev_lon_a,
        lag(lat_a) over (partition by pair order by first_slot) as prev_lat_a,
        lag(lon_b) over (partition by pair order by first_slot) as prev_lon_b,
        lag(lat_b) over (partition by pair order by first_slot) as prev_lat_b,
        lead(first_slot) over (partition by pair order by first_slot) as next_slot
    from steps
),

marked as (
    select
        *,
        east_deg(first_lon_a, prev_lon_a, first_lat_a, prev_lat_a) as east_a_deg,
        first_lat_a - prev_lat_a as north_a_deg,
        east_deg(first_lon_b, prev_lon_b, first_lat_b, prev_lat_b) as east_b_deg,
        first_lat_b - prev_lat_b as north_b_deg,
        case
            when start_slot is not null then start_slot
            when prev_slot is null or first_slot - prev_slot > $lost_slots then first_slot
        end as mark,
        next_slot is null or next_slot - last_slot > $lost_slots as is_last
    from neighboured
),

chained as (
    select
        pair,
        first_slot,
        last_slot,
        lon_a,
        lat_a,
        lon_b,
        lat_b,
        n_slots,
        sum_distance_m,
        min_distance_m,
        start_lon,
        start_lat,
        mark,
        is_last,
        path_a_m
        + case when mark is not null then 0 else whole_m(east_a_deg, north_a_deg) end as path_a_m,
        path_b_m
        + case when mark is not null then 0 else whole_m(east_b_deg, north_b_deg) end as path_b_m,
        last_value(mark ignore nulls) over (
            partition by pair order by first_slot
            rows between unbounded preceding and current row
        ) as chain_slot
    from marked
),

gathered as (
    select
        pair,
        chain_slot as start_slot,
        max(last_slot) as last_slot,
        cast(sum(n_slots) as bigint) as n_slots,
        cast(sum(sum_distance_m) as bigint) as sum_distance_m,
        min(min_distance_m) as min_distance_m,
        cast(sum(path_a_m) as bigint) as path_a_m,
        cast(sum(path_b_m) as bigint) as path_b_m,
        max(case when mark is not null then start_lon end) as start_lon,
        max(case when mark is not null then start_lat end) as start_lat,
        max(case when is_last then lon_a end) as lon_a,
        max(case when is_last then lat_a end) as lat_a,
        max(case when is_last then lon_b end) as lon_b,
        max(case when is_last then lat_b end) as lat_b
    from chained
    group by pair, chain_slot
)

select
    first_ship.mmsi as mmsi_a,
    first_ship.segment as segment_a,
    second_ship.mmsi as mmsi_b,
    second_ship.segment as segment_b,
    gathered.start_slot,
    gathered.last_slot,
    gathered.n_slots,
    gathered.sum_distance_m,
    gathered.min_distance_m,
    gathered.path_a_m,
    gathered.path_b_m,
    gathered.start_lon,
    gathered.start_lat,
    gathered.lon_a,
    gathered.lat_a,
    gathered.lon_b,
    gathered.lat_b,
    (gathered.last_slot + $lost_slots) * 600 >= $until_t - $leg_s as is_open
from gathered
inner join shipping.slot_ships as first_ship
    on gathered.pair // 2147483648 = first_ship.ship
inner join shipping.slot_ships as second_ship
    on gathered.pair % 2147483648 = second_ship.ship
