-- published.readings
-- grain   stream, year, reading
-- inputs  estimates.readings
-- units   nominal USD
-- params  none
-- why     where classes of source disagree, readers see each side's number

select
    stream,
    year,
    reading,
    q05,
    q50,
    q95
from estimates.readings
order by stream, year, reading
