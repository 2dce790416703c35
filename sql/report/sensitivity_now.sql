-- report.sensitivity_now
-- grain   stream, year, input: share of the variance, and income at the input's 10% and 90% points
-- inputs  sensitivity, streams
-- units   USD

select
    sensitivity.*,
    streams.title
from sensitivity
inner join streams on sensitivity.stream = streams.stream
where sensitivity.year >= (select max(latest.year) - 3 from sensitivity as latest)
order by
    sensitivity.year desc, streams.sort_order asc, sensitivity.variance_share desc,
    sensitivity.input asc
