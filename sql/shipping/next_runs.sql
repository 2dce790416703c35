-- shipping.next_runs
-- grain   the last two runs of a live segment: mmsi, segment, started_at
-- inputs  shipping.runs, shipping.segments
-- units   as shipping.runs
-- why     a call's draught out is known when the run after it has ended: two runs stay open

select
    runs.mmsi,
    runs.segment,
    runs.started_at,
    runs.ended_at,
    runs.port_id,
    runs.has_entry,
    runs.has_stop,
    runs.has_gap,
    runs.draught_last_m,
    runs.draught_in_m,
    runs.next_port_id is null as is_current
from shipping.runs as runs
inner join shipping.segments as segments
    on runs.mmsi = segments.mmsi and runs.segment = segments.segment
where segments.is_live and not runs.is_settled
