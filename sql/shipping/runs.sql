-- shipping.runs
-- grain   one stay of a segment in one port or at sea: mmsi, segment, started_at
-- inputs  shipping.states, shipping.segments, shipping.carried_runs
-- units   epoch seconds; metres; port_id -1 is at sea
-- params  $port_silence_s: a silence in port that counts as a port gap
-- why     port calls, and the draught before and after them, are runs and their neighbours

with marked as (
    select
        *,
        case
            when run_at is not null then run_at
            when prev_port_id is null or prev_port_id <> port_id then t
        end as mark
    from shipping.states
),

-- a run is told by the row it begins with and the next run's, or the segment's last
followed as (
    select
        *,
        lead(mark) over (partition by mmsi, segment order by t) as next_mark,
        lead(t) over (partition by mmsi, segment order by t) as next_t,
        lead(prev_t) over (partition by mmsi, segment order by t) as next_prev_t,
        lead(is_stopped) over (partition by mmsi, segment order by t) as next_is_stopped,
        lead(draught_m) over (partition by mmsi, segment order by t) as next_draught_m,
        lead(prev_draught_m) over (partition by mmsi, segment order by t)
            as next_prev_draught_m,
        lead(last_stop_at) over (partition by mmsi, segment order by t) as next_stop_at,
        lead(last_silence_at) over (partition by mmsi, segment order by t) as next_silence_at
    from marked
    where mark is not null or is_last
),

gathered as (
    select
        mmsi,
        segment,
        mark as started_at,
        port_id,
        run_at is null and prev_port_id is not null as has_entry,
        port_id >= 0
        and (
            is_stopped
            or coalesce(next_stop_at >= t, false)
            or (next_t is not null and next_mark is null and next_is_stopped)
        ) as has_stop,
        port_id >= 0
        and (
            coalesce(next_silence_at > t, false)
            or coalesce(next_mark is null and next_t - next_prev_t > $port_silence_s, false)
        ) as has_gap,
        case when next_mark is not null then next_prev_t end as ended_at,
        case
            when next_t is null then draught_m
            when next_mark is null then next_draught_m
            else next_prev_draught_m
        end as draught_last_m
    from followed
    where mark is not null
),

joined as (
    select
        gathered.mmsi,
        gathered.segment,
        gathered.started_at,
        coalesce(gathered.ended_at, segments.ended_at) as ended_at,
        gathered.port_id,
        gathered.has_entry or coalesce(carried.has_entry, false) as has_entry,
        gathered.has_stop,
        gathered.has_gap or coalesce(carried.has_gap, false) as has_gap,
        gathered.draught_last_m,
        carried.draught_in_m,
        carried.mmsi is not null as is_carried
    from gathered
    inner join shipping.segments as segments
        on gathered.mmsi = segments.mmsi and gathered.segment = segments.segment
    left join shipping.carried_runs as carried
        on
            gathered.mmsi = carried.mmsi
            and gathered.segment = carried.segment
            and gathered.started_at = carried.started_at
    union all
    select
        carried.mmsi,
        carried.segment,
        carried.started_at,
        carried.ended_at,
        carried.port_id,
        carried.has_entry,
        carried.has_stop,
        carried.has_gap,
        carried.draught_last_m,
        carried.draught_in_m,
        true as is_carried
    from shipping.carried_runs as carried
    left join shipping.segments as segments
        on
            carried.mmsi = segments.mmsi
            and carried.segment = segments.segment
            and segments.is_active
    where not carried.is_current or segments.mmsi is null
)

select
    mmsi,
    segment,
    started_at,
    ended_at,
    port_id,
    has_entry,
    has_stop,
    has_gap,
    draught_last_m,
    case
        when is_carried then draught_in_m
        else lag(draught_last_m) over (partition by mmsi, segment order by started_at)
    end as draught_in_m,
    lead(port_id, 1) over (partition by mmsi, segment order by started_at) as next_port_id,
    lead(draught_last_m, 1) over (partition by mmsi, segment order by started_at)
        as next_draught_m,
    lead(started_at, 2) over (partition by mmsi, segment order by started_at) is not null
        as is_settled
from joined
