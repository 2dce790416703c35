-- shipping.drifts
-- grain   one unbroken chain of slow legs: mmsi, segment, started_at
-- inputs  shipping.drift_legs, shipping.segments, shipping.carried_drifts
-- units   epoch seconds; degrees; whole metres
-- why     loitering is a chain long enough; the head row brings the chain from earlier days. A leg
--         that begins where none ends begins a chain: asking by a join costs a fifth of a sort

with legs as (
    select
        mmsi,
        segment,
        t,
        prev_t,
        prev_lon,
        prev_lat,
        path_m,
        cast(1 as bigint) as n_legs,
        false as is_head,
        cast(null as bigint) as started_at
    from shipping.drift_legs
    union all
    select
        mmsi,
        segment,
        ended_at as t,
        cast(null as bigint) as prev_t,
        start_lon as prev_lon,
        start_lat as prev_lat,
        path_m,
        n_legs,
        true as is_head,
        started_at
    from shipping.carried_drifts
),

marked as (
    select
        legs.mmsi,
        legs.segment,
        legs.t,
        legs.prev_lon,
        legs.prev_lat,
        legs.path_m,
        legs.n_legs,
        case
            when legs.is_head then legs.started_at
            when before.t is null then legs.prev_t
        end as mark
    from legs
    left join legs as before
        on
            legs.mmsi = before.mmsi
            and legs.segment = before.segment
            and legs.prev_t = before.t
),

assigned as (
    select
        *,
        last_value(mark ignore nulls) over (
            partition by mmsi, segment order by t
            rows between unbounded preceding and current row
        ) as chain_at
    from marked
),

chained as (
    select
        mmsi,
        segment,
        chain_at as started_at,
        max(t) as ended_at,
        max(case when mark is not null then prev_lon end) as start_lon,
        max(case when mark is not null then prev_lat end) as start_lat,
        cast(sum(path_m) as bigint) as path_m,
        cast(sum(n_legs) as bigint) as n_legs
    from assigned
    group by mmsi, segment, chain_at
)

select
    chained.mmsi,
    chained.segment,
    chained.started_at,
    chained.ended_at,
    chained.start_lon,
    chained.start_lat,
    chained.path_m,
    chained.n_legs,
    coalesce(segments.is_live and segments.ended_at = chained.ended_at, false) as is_open
from chained
left join shipping.segments as segments
    on chained.mmsi = segments.mmsi and chained.segment = segments.segment
