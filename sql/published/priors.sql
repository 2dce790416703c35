-- published.priors
-- grain   stream, parameter
-- inputs  staged.priors, staged.feed_priors
-- units   of the arguments, in column unit
-- params  none
-- why     what was assumed before any figure spoke: whoever doubts a number reads these first;
--         a feed's assumptions stand before its own statements in the ledger

with stated as (
    select * from staged.priors
    union all by name
    select * from staged.feed_priors
)

select
    stream,
    parameter,
    distribution,
    args,
    unit,
    source,
    starts_with(source, 'judgement') as is_judgement
from stated
order by stream, parameter
