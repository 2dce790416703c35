-- shipping.meetings
-- grain   one chain of contacts of two ships: mmsi_a, segment_a, mmsi_b, segment_b, start_slot
-- inputs  shipping.contacts, shipping.carried_meetings
-- units   slots of ten minutes; degrees; whole metres
-- params  $lost_slots: a chain ends when the ships are apart for longer; $until_t: end of the
--         partition; $leg_s: longest leg, so the oldest slot that may still arrive
-- why     an encounter is a chain long enough; the head row brings it from earlier days

with steps as (
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
        cast(1 as bigint) as n_slots,
        distance_m as sum_distance_m,
        distance_m as min_distance_m,
        cast(0 as bigint) as path_a_m,
        cast(0 as bigint) as path_b_m,
        lon_a as start_lon,
        lat_a as start_lat,
        cast(null as bigint) as start_slot
    from shipping.contacts
    union all
    select
        mmsi_a,
        segment_a,
        mmsi_b,
        segment_b,
        last_slot as slot,
        lon_a,
        lat_a,
        lon_b,
        lat_b,
        n_slots,
        sum_distance_m,
        min_distance_m,
        path_a_m,
        path_b_m,
        start_lon,
        start_lat,
        start_slot
    from shipping.carried_meetings
),

neighboured as (
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
        n_slots,
        sum_distance_m,
        min_distance_m,
        path_a_m,
        path_b_m,
        start_lon,
        start_lat,
        start_slot,
        lag(slot) over pair as prev_slot,
        lag(lon_a) over pair as prev_lon_a,
        lag(lat_a) over pair as prev_lat_a,
        lag(lon_b) over pair as prev_lon_b,
        lag(lat_b) over pair as prev_lat_b,
        lead(slot) over pair as next_slot
    from steps
    window pair as (partition by mmsi_a, segment_a, mmsi_b, segment_b order by slot)
),

marked as (
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
        n_slots,
        sum_distance_m,
        min_distance_m,
        path_a_m,
        path_b_m,
        start_lon,
        start_lat,
        least(abs(lon_a - prev_lon_a), 360 - abs(lon_a - prev_lon_a))
        * cos(radians((lat_a + prev_lat_a) / 2)) as east_a_deg,
        lat_a - prev_lat_a as north_a_deg,
        least(abs(lon_b - prev_lon_b), 360 - abs(lon_b - prev_lon_b))
        * cos(radians((lat_b + prev_lat_b) / 2)) as east_b_deg,
        lat_b - prev_lat_b as north_b_deg,
        case
            when start_slot is not null then start_slot
            when prev_slot is null or slot - prev_slot > $lost_slots then slot
        end as mark,
        next_slot is null or next_slot - slot > $lost_slots as is_last
    from neighboured
),

chained as (
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
        n_slots,
        sum_distance_m,
        min_distance_m,
        start_lon,
        start_lat,
        mark,
        is_last,
        path_a_m + case
            when mark is not null then 0
            else cast(
                floor(
                    sqrt(east_a_deg * east_a_deg + north_a_deg * north_a_deg) * 111195.08 + 0.5
                ) as bigint
            )
        end as path_a_m,
        path_b_m + case
            when mark is not null then 0
            else cast(
                floor(
                    sqrt(east_b_deg * east_b_deg + north_b_deg * north_b_deg) * 111195.08 + 0.5
                ) as bigint
            )
        end as path_b_m,
        last_value(mark ignore nulls) over (
            partition by mmsi_a, segment_a, mmsi_b, segment_b order by slot
            rows between unbounded preceding and current row
        ) as chain_slot
    from marked
)

select
    mmsi_a,
    segment_a,
    mmsi_b,
    segment_b,
    chain_slot as start_slot,
    max(slot) as last_slot,
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
    max(case when is_last then lat_b end) as lat_b,
    (max(slot) + $lost_slots) * 600 >= $until_t - $leg_s as is_open
from chained
group by mmsi_a, segment_a, mmsi_b, segment_b, chain_slot
