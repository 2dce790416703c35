-- shipping.port_calls
-- grain   one port call: mmsi, segment, entered_at
-- inputs  shipping.all_calls, shipping.absences
-- units   UTC timestamps; hours; metres
-- why     the call as readers see it, named by a hash of what it is; where everybody fell silent
--         when it ended, or came back when it began, it may have lasted longer

select
    left(
        sha256(concat_ws('|', 'port_call', calls.mmsi, calls.segment, calls.entered_at_s)), 20
    ) as event_id,
    calls.mmsi,
    calls.segment,
    calls.port_id,
    epoch_ms(calls.entered_at_s * 1000) as entered_at,
    epoch_ms(calls.left_at_s * 1000) as left_at,
    calls.dwell_hours,
    calls.draught_in_m,
    calls.draught_out_m,
    calls.confidence,
    calls.is_open,
    before.mmsi is not null as is_start_cut,
    after.mmsi is not null as is_end_cut
from shipping.all_calls as calls
left join shipping.absences as before
    on
        calls.mmsi = before.mmsi
        and calls.segment = before.segment
        and epoch_ms(calls.entered_at_s * 1000) = before.on_at
        and not before.is_gap
left join shipping.absences as after
    on
        calls.mmsi = after.mmsi
        and calls.segment = after.segment
        and epoch_ms(calls.left_at_s * 1000) = after.off_at
        and not after.is_gap
order by calls.mmsi, calls.segment, calls.entered_at_s
