-- shipping.runs
-- grain   one stay of a segment in one port or at sea: mmsi, segment, started_at
-- inputs  shipping.states, shipping.segments, shipping.carried_runs
-- units   epoch seconds; metres; port_id -1 is at sea
-- params  $port_silence_s: a silence in port that counts as a port gap
-- why     port calls, and the draught before and after them, are runs and their neighbours

with marked as (
    select
        mmsi,
        segment,
        t,
        prev_t,
        is_stopped,
        is_head,
        has_entry,
        has_gap,
        port_id,
        prev_port_id,
        draught_m,
        case
            when is_head then run_at
            when prev_port_id is null or prev_port_id <> port_id then t
        end as mark
    from shipping.states
),

assigned as (
    select
        mmsi,
        segment,
        t,
        prev_t,
        is_stopped,
        is_head,
        has_entry,
        has_gap,
        port_id,
        prev_port_id,
        draught_m,
        mark,
        last_value(mark ignore nulls) over (
            partition by mmsi, segment order by t
            rows between unbounded preceding and current row
        ) as run_at,
        lead(t) over (partition by mmsi, segment order by t) as next_t,
        lead(mark) over (partition by mmsi, segment order by t) as next_mark,
        lead(prev_t) over (partition by mmsi, segment order by t) as next_prev_t
    from marked
),

gathered as (
    select
        mmsi,
        segment,
        run_at as started_at,
        max(port_id) as port_id,
        max(
            case
                when is_head and has_entry then 1
                when not is_head and mark is not null and prev_port_id is not null then 1
                else 0
            end
        ) = 1 as has_entry,
        max(case when is_stopped then 1 else 0 end) = 1 as has_stop,
        max(
            case
                when is_head and has_gap then 1
                when
                    not is_head and mark is null and port_id >= 0
                    and t - prev_t > $port_silence_s then 1
                else 0
            end
        ) = 1 as has_gap,
        max(case when next_mark is not null then next_prev_t end) as ended_at,
        max(case when next_t is null or next_mark is not null then draught_m end)
            as draught_last_m
    from assigned
    group by mmsi, segment, run_at
),

joined as (
    select
        gathered.mmsi,
        gathered.segment,
        gathered.started_at,
        coalesce(gathered.ended_at, segments.ended_at) as ended_at,
        gathered.port_id,
        gathered.has_entry,
        gathered.has_stop,
        gathered.has_gap,
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
