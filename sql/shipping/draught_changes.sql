-- shipping.draught_changes
-- grain   one port call whose draught is known before and after: event_id of the call
-- inputs  shipping.port_calls
-- units   metres; UTC timestamps
-- params  $loaded_m: smallest change that names an operation
-- why     a hull that leaves deeper took on weight

with changes as (
    select
        *,
        round(draught_out_m - draught_in_m, 3) as draught_change_m
    from shipping.port_calls
    where draught_in_m is not null and draught_out_m is not null
)

select
    event_id,
    mmsi,
    segment,
    port_id,
    entered_at,
    left_at,
    draught_in_m,
    draught_out_m,
    draught_change_m,
    case
        when draught_change_m >= $loaded_m then 'loaded'
        when draught_change_m <= -$loaded_m then 'unloaded'
        else 'unchanged'
    end as operation
from changes
order by mmsi, segment, entered_at
