-- report.marks
-- grain   event that moved income and that a reference table cites, in order of its day
-- inputs  halts
-- params  $stream: that stream's own; 'total': all streams', one day and kind once

select
    halts.*,
    halts.kind = 'border_shut' as is_stretch
from halts
where
    (
        $stream = 'total'
        and halts.kind in ('ban', 'suspension', 'permits_end', 'border_shut', 'border_open')
    )
    or (
        halts.stream = $stream
        and halts.kind not in ('clearance', 'busy')
    )
qualify
    row_number() over (partition by halts.kind, halts.start_on order by halts.stream) = 1
order by halts.start_on, halts.kind
