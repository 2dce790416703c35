-- published.quantity_draws, the coal stream's part
-- grain   stream, quantity, counterpart_iso3, draw, month
-- inputs  estimates.coal_draws
-- units   metric tonnes
-- params  none
-- why     windows that nobody foresaw can be summed within a draw

select
    'coal' as stream,
    'tonnes' as quantity,
    'WLD' as counterpart_iso3,
    draw,
    month,
    tonnes as amount,
    true as is_flow
from estimates.coal_draws
