-- shipping.states
-- grain   one position of a segment at which something may change, and one head row per segment
--         carried in, which alone has a run_at: mmsi, segment, t
-- inputs  shipping.reports, shipping.stretches, shipping.segments, shipping.carried_runs
-- units   epoch seconds; degrees; metres; port_id -1 is at sea; last_stop_at and last_silence_at
--         are of the rows before this one
-- params  $port_silence_s: a silence in port that counts as a port gap
-- why     hysteresis: a ship is in port from the inner radius until it leaves the outer one, so
--         between the two the last clear answer holds; the head row brings it from earlier days

with tracked as (
    select
        reports.mmsi,
        stretches.segment,
        reports.t,
        reports.lon,
        reports.lat,
        reports.draught_m,
        reports.is_stopped,
        case when reports.zone <> -9 then reports.zone end as clear_port_id,
        case when reports.is_break then stretches.previous_ended_at else reports.prev_t end
            as prev_t,
        case when reports.is_break then stretches.previous_end_lon else reports.prev_lon end
            as prev_lon,
        case when reports.is_break then stretches.previous_end_lat else reports.prev_lat end
            as prev_lat,
        cast(null as bigint) as run_at
    from shipping.reports as reports
    inner join shipping.stretches as stretches
        on reports.mmsi = stretches.mmsi and reports.from_n = stretches.from_n
    union all
    select
        runs.mmsi,
        runs.segment,
        runs.ended_at as t,
        cast(null as double) as lon,
        cast(null as double) as lat,
        runs.draught_last_m as draught_m,
        runs.has_stop as is_stopped,
        runs.port_id as clear_port_id,
        cast(null as bigint) as prev_t,
        cast(null as double) as prev_lon,
        cast(null as double) as prev_lat,
        runs.started_at as run_at
    from shipping.carried_runs as runs
    inner join shipping.segments as segments
        on
            runs.mmsi = segments.mmsi
            and runs.segment = segments.segment
            and segments.is_active
    where runs.is_current
),

-- what the rows before tell: one sort serves all of it
followed as (
    select
        *,
        last_value(clear_port_id ignore nulls) over (
            partition by mmsi, segment order by t
            rows between unbounded preceding and 1 preceding
        ) as last_port_id,
        last_value(draught_m ignore nulls) over (
            partition by mmsi, segment order by t
            rows between unbounded preceding and 1 preceding
        ) as last_draught_m,
        last_value(case when is_stopped then t end ignore nulls) over (
            partition by mmsi, segment order by t
            rows between unbounded preceding and 1 preceding
        ) as last_stop_at,
        last_value(case when t - prev_t > $port_silence_s then t end ignore nulls) over (
            partition by mmsi, segment order by t
            rows between unbounded preceding and 1 preceding
        ) as last_silence_at,
        lag(t) over (partition by mmsi, segment order by t) as last_t,
        lead(t) over (partition by mmsi, segment order by t) is null as is_last
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
    run_at,
    is_last,
    coalesce(clear_port_id, last_port_id, -1) as port_id,
    coalesce(draught_m, last_draught_m) as draught_m,
    case when last_t is not null then coalesce(last_port_id, -1) end as prev_port_id,
    last_draught_m as prev_draught_m,
    last_stop_at,
    last_silence_at
from followed
