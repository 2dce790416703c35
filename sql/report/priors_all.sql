-- report.priors_all
-- grain   prior of a stream's model
-- inputs  priors, streams

select
    priors.*,
    streams.title
from priors
inner join streams on priors.stream = streams.stream
order by streams.sort_order, priors.parameter
