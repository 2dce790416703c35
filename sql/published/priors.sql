-- published.priors
-- grain   stream, parameter
-- inputs  staged.priors
-- units   of the arguments, in column unit
-- params  none
-- why     what was assumed before any figure spoke: whoever doubts a number reads these first

select
    stream,
    parameter,
    distribution,
    args,
    unit,
    source,
    starts_with(source, 'judgement') as is_judgement
from staged.priors
order by stream, parameter
