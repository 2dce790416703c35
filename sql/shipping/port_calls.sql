-- shipping.port_calls
-- grain   one port call: mmsi, segment, entered_at
-- inputs  shipping.all_calls
-- units   UTC timestamps; hours; metres
-- why     the call as readers see it, named by a hash of what it is

select
    left(sha256(concat_ws('|', 'port_call', mmsi, segment, entered_at_s)), 20) as event_id,
    mmsi,
    segment,
    port_id,
    epoch_ms(entered_at_s * 1000) as entered_at,
    epoch_ms(left_at_s * 1000) as left_at,
    dwell_hours,
    draught_in_m,
    draught_out_m,
    confidence,
    is_open
from shipping.all_calls
order by mmsi, segment, entered_at_s
