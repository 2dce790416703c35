-- shipping.states
-- grain   one position of a segment at which something may change, and one head row per segment
--         carried in: mmsi, segment, t, is_head
-- inputs  shipping.reports, shipping.segment_pieces, shipping.carried_runs
-- units   epoch seconds; degrees; metres; port_id -1 is at sea
-- why     hysteresis: a ship is in port from the inner radius until it leaves the outer one, so
--         between the two the last clear answer holds; the head row brings it from earlier days

with placed as (
    select
        reports.mmsi,
        reports.t,
        reports.lon,
        reports.lat,
        reports.draught_m,
        reports.is_stopped,
        reports.zone,
        reports.prev_t,
        reports.prev_lon,
        reports.prev_lat,
        reports.is_break,
        last_value(case when reports.is_break then reports.t end ignore nulls) over (
            partition by reports.mmsi order by reports.t
            rows between unbounded preceding and current row
        ) as break_at,
        tips.started_at as tip_at
    from shipping.reports as reports
    left join shipping.carried_pieces as tips
        on reports.mmsi = tips.mmsi and tips.is_newest
),

tracked as (
    select
        placed.mmsi,
        pieces.segment,
        placed.t,
        placed.lon,
        placed.lat,
        placed.draught_m,
        placed.is_stopped,
        placed.zone,
        case when placed.is_break then pieces.previous_ended_at else placed.prev_t end as prev_t,
        case when placed.is_break then pieces.previous_end_lon else placed.prev_lon end as prev_lon,
        case when placed.is_break then pieces.previous_end_lat else placed.prev_lat end as prev_lat,
        false as is_head,
        cast(null as bigint) as run_at,
        false as has_entry,
        false as has_gap
    from placed
    inner join shipping.segment_pieces as pieces
        on
            placed.mmsi = pieces.mmsi
            and coalesce(placed.break_at, placed.tip_at) = pieces.started_at
    union all
    select
        runs.mmsi,
        runs.segment,
        runs.ended_at as t,
        cast(null as double) as lon,
        cast(null as double) as lat,
        runs.draught_last_m as draught_m,
        runs.has_stop as is_stopped,
        runs.port_id as zone,
        cast(null as bigint) as prev_t,
        cast(null as double) as prev_lon,
        cast(null as double) as prev_lat,
        true as is_head,
        runs.started_at as run_at,
        runs.has_entry,
        runs.has_gap
    from shipping.carried_runs as runs
    inner join shipping.segments as segments
        on
            runs.mmsi = segments.mmsi
            and runs.segment = segments.segment
            and segments.is_active
    where runs.is_current
),

filled as (
    select
        mmsi,
        segment,
        t,
        lon,
        lat,
        is_stopped,
        prev_t,
        prev_lon,
        prev_lat,
        is_head,
        run_at,
        has_entry,
        has_gap,
        coalesce(
            last_value(case when zone <> -9 then zone end ignore nulls) over (
                partition by mmsi, segment order by t
                rows between unbounded preceding and current row
            ), -1
        ) as port_id,
        last_value(draught_m ignore nulls) over (
            partition by mmsi, segment order by t
            rows between unbounded preceding and current row
        ) as draught_m,
        -- the port of the row before, asked of the zones so that one sort serves all
        last_value(case when zone <> -9 then zone end ignore nulls) over (
            partition by mmsi, segment order by t
            rows between unbounded preceding and 1 preceding
        ) as last_port_id,
        lag(t) over (partition by mmsi, segment order by t) as last_t
    from tracked
)

select
    mmsi,
    segment,
    t,
    lon,
    lat,
    is_stopped,
    prev_t,
    prev_lon,
    prev_lat,
    is_head,
    run_at,
    has_entry,
    has_gap,
    port_id,
    draught_m,
    case when last_t is not null then coalesce(last_port_id, -1) end as prev_port_id
from filled
