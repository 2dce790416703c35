-- shipping.calls
-- grain   one port call: mmsi, segment, entered_at_s
-- inputs  shipping.runs, shipping.segments
-- units   epoch seconds; hours; metres
-- params  $call_s: shortest stay that is a call; $min_positions: fewest positions of a track
-- why     confidence as Global Fishing Watch defines it: 4 entry and exit with a stop or gap in
--         port, 3 one of the two with one, 2 a stop or gap alone, 1 neither stop nor gap.
--         The draught out is the one shown on arrival at the next port: crews enter it late

select
    runs.mmsi,
    runs.segment,
    runs.started_at as entered_at_s,
    runs.ended_at as left_at_s,
    runs.port_id,
    (runs.ended_at - runs.started_at) / cast(3600 as double) as dwell_hours,
    runs.draught_in_m,
    case
        when runs.next_port_id = -1 then coalesce(runs.next_draught_m, runs.draught_last_m)
        else runs.draught_last_m
    end as draught_out_m,
    cast(
        case
            when not runs.has_stop and not runs.has_gap then 1
            when runs.has_entry and runs.next_port_id is not null then 4
            when runs.has_entry or runs.next_port_id is not null then 3
            else 2
        end as bigint
    ) as confidence,
    runs.next_port_id is null as is_open,
    runs.is_settled or not segments.is_live as is_final
from shipping.runs as runs
inner join shipping.segments as segments
    on runs.mmsi = segments.mmsi and runs.segment = segments.segment
where
    runs.port_id >= 0
    and runs.ended_at - runs.started_at >= $call_s
    and segments.n_positions >= $min_positions
