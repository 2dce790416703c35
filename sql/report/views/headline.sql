-- report.headline
-- grain   stream: the model its headline rests on
-- inputs  income_annual

select distinct
    income_annual.stream,
    income_annual.model
from income_annual
where income_annual.measure = 'state_income_usd' and income_annual.stream != 'total'
