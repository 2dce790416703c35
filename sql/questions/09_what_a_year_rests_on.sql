-- Which figures speak of 2017, who said them first, and were they used?
select
    stream,
    quantity,
    low,
    central,
    high,
    unit,
    origin_id,
    root_id,
    is_used,
    reason_not_used,
    source_title,
    locator,
    source_url
from figures
where window_start_on <= date '2017-12-31' and window_end_on >= date '2017-01-01'
order by is_used desc, stream asc, quantity asc, observation_id asc
