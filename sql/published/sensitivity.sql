-- published.sensitivity
-- grain   stream, year, input
-- inputs  estimates.components
-- units   low_usd and high_usd in nominal USD
-- params  none
-- why     says which input to argue about first

select
    stream,
    year,
    component as input,
    variance_share,
    low_usd,
    high_usd
from estimates.components
order by stream asc, year asc, variance_share desc, input asc
