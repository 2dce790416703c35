-- report.last_full
-- grain   stream: its last full year and what streams that adds, the total among them
-- inputs  income_annual

select
    income_annual.stream,
    max(income_annual.year) as year,
    max_by(income_annual.streams, income_annual.year) as streams
from income_annual
where income_annual.measure = 'state_income_usd' and not income_annual.is_partial_year
group by income_annual.stream
