-- release.streams: the streams that have draws
-- grain   stream
-- inputs  published.income_draws

select distinct stream
from published.income_draws
order by stream
