-- published.influence
-- grain   stream, year, what, name
-- inputs  estimates.influence
-- units   nominal USD
-- params  none
-- why     no single figure should carry a headline unseen: the headline without each figure, root
--         and class of source

select
    stream,
    year,
    what,
    name,
    headline_without_q05,
    headline_without_q50,
    headline_without_q95,
    shift_usd,
    shift_in_widths,
    method,
    pareto_k
from estimates.influence
order by stream asc, year asc, what asc, shift_in_widths desc, name asc
