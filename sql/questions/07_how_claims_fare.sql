-- Which famous numbers does the evidence not bear out?
select
    words,
    verdict,
    low,
    high,
    unit,
    q05 as model_q05,
    q95 as model_q95,
    source_title,
    locator,
    source_url
from claims
where verdict not in ('compatible', 'not estimated')
order by stream, window_start_on
