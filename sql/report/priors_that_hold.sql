-- report.priors_that_hold
-- grain   stream, year, prior: the median with the prior half and twice as strong
-- inputs  prior_sensitivity, streams
-- units   ratio to the median as it is

select
    'stream year prior' as row_key,
    checks.stream,
    checks.year,
    checks.prior,
    streams.title,
    max(checks.median_ratio) filter (where checks.alpha = 0.5) as half_ratio,
    max(checks.median_ratio) filter (where checks.alpha = 2) as twice_ratio,
    any_value(checks.sensitivity) as sensitivity,
    any_value(checks.sensitivity_noise) as sensitivity_noise,
    any_value(checks.is_sensitive) as is_sensitive
from prior_sensitivity as checks
inner join streams on checks.stream = streams.stream
where checks.year >= (select max(latest.year) - 2 from prior_sensitivity as latest)
group by
    checks.stream, checks.year, checks.prior, streams.title, streams.sort_order
order by checks.year desc, streams.sort_order asc, sensitivity desc nulls last, checks.prior asc
