-- Every published stream and year leads back to a figure used, or says it is prior-driven.
select distinct
    stream,
    year
from published.income_annual
where n_origins = 0 and not is_prior_driven
order by stream, year
