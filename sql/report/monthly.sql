-- report.monthly
-- grain   month of a stream's headline
-- inputs  income_monthly
-- units   USD a month
-- params  $stream

select income_monthly.*
from income_monthly
where income_monthly.measure = 'state_income_usd' and income_monthly.stream = $stream
order by income_monthly.month
