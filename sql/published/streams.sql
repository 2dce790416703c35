-- published.streams
-- grain   stream
-- inputs  estimates.streams
-- units   none
-- params  none
-- why     what readers call a stream, and the total beside them, said in one place

select
    stream,
    title,
    colour,
    headline,
    first_month,
    sort_order
from estimates.streams
union all by name
select
    'total' as stream,
    'all streams, drawn jointly' as title,
    '#6b4c9a' as colour,
    'state_income_usd' as headline,
    min(first_month) as first_month,
    max(sort_order) + 1 as sort_order
from estimates.streams
order by sort_order, stream
